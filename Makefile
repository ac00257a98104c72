# Everything runs in .venv, made from requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE # where modules are not kept compiled, each of a thousand starts compiles them anew

.PHONY: help setup train test test-faults test-cluster benchmark lint lock audit clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.ready ## make .venv

.venv/.ready: requirements.lock pyproject.toml hatch_build.py $(wildcard src/seqtrain/kernels/*.[ch])
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m compileall -qq -j 0 .venv/lib || true # torch brings a module that only newer Pythons read
	@touch $@

train: setup ## train; ARGS="model=gru data=mel" says what
	$(BIN)/python train.py $(or $(ARGS),model=lstm data=sincos)

test: setup ## run every test; ARGS reaches pytest
	$(BIN)/python -m pytest -n 2 $(ARGS)

test-faults: setup ## the battery of real faults at its full counts
	$(BIN)/python -m pytest -n 2 -m faults $(ARGS)

test-cluster: setup ## a Slurm of one node on this machine (as root, Debian), and sweeps on it; by hand
	bash scripts/cluster.sh

benchmark: setup ## against a bare PyTorch loop; CASES="lstm rnn" says which
	$(BIN)/python scripts/benchmark.py $(CASES)

lint: setup ## format, lint and check types
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

lock: ## write requirements.lock anew from pyproject.toml
	scripts/lock.sh

audit: ## known holes in the packages of requirements.lock; asks pypi.org, then osv.dev
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(PYTHON) scripts/audit.py build/audit/bin/pip-audit

clean: ## remove .venv and caches, keep outputs
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

#!/usr/bin/env bash
# Write requirements.lock: what a fresh environment gets from pyproject.toml today, with the development tools.
# Without hashes and without local versions such as +cpu, so that one lock serves CPU and CUDA builds of torch.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-python3}" -m venv "$fresh"
"$fresh/bin/python" -m pip install --quiet --disable-pip-version-check ".[dev]"
{
    echo "# Made by \`make lock\` from pyproject.toml; do not edit."
    "$fresh/bin/python" -m pip freeze --exclude seqtrain | sed 's/+cpu$//' | grep -viE '^(nvidia|cuda|triton)'
} > requirements.lock

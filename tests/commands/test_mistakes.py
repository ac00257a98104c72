"""A wrong setting is told before anything starts: status 2, at most five lines, what is allowed, the nearest name."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MISTAKES: list[tuple[str, list[str]]] = [
    ("modle=lstm", ["modle=lstm", "did you mean model?"]),
    ("model=LSTM", ["there is no such model: did you mean lstm?"]),
    ("model=lstm,", ["cannot be read as key=value: leave out the comma"]),
    ("--model=lstm", ["--model is no flag of seqtrain: settings have no dashes, write model=VALUE"]),
    ("--optimizer.lr=1", ["write optimizer.lr=VALUE"]),
    ("model.stride=3", ["model.stride is no setting", "model=conv1d have it"]),
    ("optimizer.betas=0.9", ["optimizer.betas is 0.9"]),
    ("model=lsmt", ["model=lsmt", "did you mean lstm?", "conv1d"]),
    ("data=sinco", ["data=sinco", "did you mean sincos?"]),
    ("debug=one", ["debug=one", "one_batch"]),
    ("experiment=nothing", ["experiment=nothing", "experiment is one of"]),
    ("model.hiden=3", ["model.hiden", "did you mean hidden?", "num_layers"]),
    ("model.hidden.size=3", ["model.hidden.size", "model.hidden is 64"]),
    ("data.lenght=3", ["data.lenght", "did you mean length?"]),
    ("trainer.max_epoch=3", ["trainer.max_epoch", "did you mean max_epochs?"]),
    ("+optimizer.lrr=5", ["optimizer.lrr", "did you mean lr?"]),
    ("++model.hiden=5", ["model.hiden", "did you mean hidden?"]),
    ("+nothing=5", ["nothing is nothing that seqtrain reads", "seed"]),
    ("+model.hidden=5", ["model.hidden"]),
    ("sede=5", ["sede=5", "did you mean seed?"]),
    ("optimizer.lr=abc", ["optimizer.lr is abc", "a number, more than 0"]),
    ("optimizer.lr=-1", ["optimizer.lr is -1", "more than 0"]),
    ("optimizer.lr=0", ["optimizer.lr is 0", "more than 0"]),
    ("optimizer.lr=nan", ["optimizer.lr is nan"]),
    ("optimizer.lr=inf", ["optimizer.lr is inf"]),
    ("optimizer.lr=null", ["optimizer.lr is null"]),
    ("optimizer.betas=[0.9]", ["optimizer.betas is [0.9]", "2 of them"]),
    ("scheduler.pct_start=1", ["scheduler.pct_start is 1", "less than 1"]),
    ("model.dropout=1.5", ["model.dropout is 1.5", "less than 1"]),
    ("model.hidden=big", ["model.hidden is big", "a whole number, at least 1"]),
    ("model.bidirectional=maybe", ["model.bidirectional is maybe", "true or false"]),
    ("model.cell=gur", ["model.cell is gur", "lstm"]),
    ("model.in_features=3", ["model.in_features"]),
    ("trainer.max_epochs=0", ["trainer.max_epochs is 0", "at least 1"]),
    ("trainer.max_epochs=1.5", ["trainer.max_epochs is 1.5", "a whole number"]),
    ("trainer.accelerator=tpu", ["trainer.accelerator is tpu", "one of auto, cpu, gpu"]),
    ("data.batch_size=0", ["data.batch_size is 0", "at least 1"]),
    ("data.val_fraction=1", ["data.val_fraction is 1", "less than 1"]),
    ("task.loss=mape", ["task.loss is mape", "mse"]),
    ("checkpoint.minutes=-1", ["checkpoint.minutes is -1"]),
    ("callbacks.early_stopping.patience=3", ["add callbacks=early_stopping"]),
    ("seed=-1", ["seed is -1", "at least 0"]),
    ("seed=abc", ["seed is abc"]),
    ("threads=0", ["threads is 0", "at least 1 or null"]),
    ("sweep='a/../b'", ["sweep is a/../b"]),
    ("model=[1", ["model=[1 cannot be read as key=value: a [ or ] has no partner"]),
    ("data.name=it's", ["a quotation mark has no partner"]),
    ("da ta=3", ["da ta can be no setting's name"]),
    ("data.label=a=b", ["data.label=a=b", "quote its value", "'data.label=\"a=b\"'"]),
    ("--epochs", ["--epochs: there is no epochs: did you mean trainer.max_epochs?"]),
    ("optimizer.betas=0.9,0.99", ["add -m", "a list is written optimizer.betas=[0.9,0.99]"]),
    ("--lr=1", ["--lr is no flag", "write optimizer.lr=VALUE"]),
    ("model", ["model is no setting: write name=value without spaces, as in model=lstm"]),
    ("model=rnn,lstm", ["model=rnn,lstm", "add -m"]),
    ("seed=1,2", ["seed=1,2", "add -m"]),
    ("model=null", ["model=null", "lstm"]),
    ("~model", ["model"]),
    ("model._target_=os.system", ["model._target_ is os.system", "not trusted", "--trust os"]),
    ("model._target_=seqtrain.models.recurrent.Recurent", ["did you mean Recurrent?"]),
    ("model._target_=seqtrain.datasets.sincos.SinCos", ["model._target_", "must be a torch.nn.Module"]),
    ("data=audio_folder", ["data.folder"]),
    ("data.length=${oc.env:NOT_THERE}", ["data.length", "NOT_THERE"]),
    ("data.length=${model.nothing}", ["data.length", "nothing"]),
    ("hydra/launcher=nothing", ["hydra/launcher", "nothing"]),
    ("hydra.searchpath=[pkg://os]", ["--config-dir"]),
    ("--cgf=job", ["--cgf", "did you mean --cfg?"]),
    ("--cfg=jobs", ["jobs", "hydra"]),
    ("--config-dir=nowhere", ["nowhere: there is no such folder"]),
    ("--trust=a b", ["--trust is a b"]),
    ("--experimental-rerun=x.pickle", ["--experimental-rerun is no flag"]),
]


@pytest.mark.parametrize(("override", "said"), MISTAKES, ids=[each for each, _ in MISTAKES])
def test_a_mistake_is_told(override: str, said: list[str], told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    status, text = told("train", override)
    assert status == 2
    assert 1 <= len(text.splitlines()) <= 5
    assert "Traceback" not in text
    for each in said:
        assert each in text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-m", "model=rnn,lsmt"], "did you mean lstm?"),
        (["-m", "model=lstm,linear", "model.hidden=3,4"], "seqtrain.models.linear.Linear"),
        (["-m", "model=rnn,lstm,gru", "optimizer.lr=0.1,0.2,-3"], "optimizer.lr is -3"),
        (["-m", "seed=range(0,2000)", "data.length=choice(10,20,abc)"], "data.length is abc"),
        (["-m", "seed=0,1,0"], "names seed=0 twice"),
        (["-m", "+hydra.sweeper.params={model.hidden:'3,0'}"], "hydra.sweeper.params"),
        (["-m", "--cfg", "job"], "exclude each other"),
    ],
)
def test_every_trial_of_a_sweep_is_checked_before_the_first(words: list[str], said: str, told) -> None:  # type: ignore[no-untyped-def]
    status, text = told("train", *words)
    assert status == 2
    assert said in text
    assert len(text.splitlines()) <= 5


def test_a_sweep_in_a_config_is_checked_too(told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    experiments = tmp_path / "experiment"
    experiments.mkdir()
    sweep = "hydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      model: lstm,gru\n      model.hidden: 3,0\n"
    (experiments / "grid.yaml").write_text(f"# @package _global_\n{sweep}")
    status, text = told("train", "--config-dir", ".", "experiment=grid")
    assert (status, text) == (2, "model.hidden is 0: must be a whole number, at least 1\n")


@pytest.mark.parametrize(("mode", "key"), [("RUN", "run"), ("MULTIRUN", "sweep")])
def test_a_folder_in_a_config_is_told_since_it_is_not_read(mode: str, key: str, told, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    experiments = tmp_path / "experiment"
    experiments.mkdir()
    hydra = f"hydra:\n  mode: {mode}\n  {key}:\n    dir: mine\n"
    (experiments / "placed.yaml").write_text(f"# @package _global_\n{hydra}")
    status, text = told("train", "--config-dir", ".", "experiment=placed")
    said = f"hydra.{key}.dir is mine in a config file, where it is not read: type hydra.{key}.dir=mine\n"
    assert (status, text) == (2, said)
    assert told("train", "--config-dir", ".", "experiment=placed", f"hydra.{key}.dir=mine", "seed=x")[1] == (
        "seed is x: must be a whole number, at least 0\n"
    )


def test_commands_are_named_and_near_ones_guessed(told) -> None:  # type: ignore[no-untyped-def]
    assert told("trian") == (2, told("trian")[1])
    assert "did you mean train?" in told("trian")[1]
    status, text = told("--help")
    assert status == 0
    assert all(name in text for name in ("train", "list", "inspect"))


HEAVY = """
import sys
from seqtrain.commands import main
status = main({words!r})
print(status, *sorted({{"torch", "pytorch_lightning", "matplotlib"}} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("words", "status", "heavy"),
    [
        (["train", "model=lsmt"], "2", ""),
        (["train", "optimizer.lr=-1"], "2", ""),
        (["train", "model.dropout=1.5"], "2", ""),
        (["train", "+data.nothing=1"], "2", ""),
        (["train", "--help"], "0", ""),
        (["train", "--cfg", "job"], "0", ""),
        (["list"], "0", ""),
        (["list", "model=conv1d"], "0", ""),
        (["train", "logger._target_=seqtrain.loggers.Nothing", "callbacks=early_stopping"], "2", "torch"),
    ],
)
def test_nothing_heavy_is_imported_for_a_mistake(words: list[str], status: str, heavy: str, tmp_path: Path) -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HEAVY.format(words=words)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    said, *imported = done.stdout.splitlines()[-1].split()
    assert said == status
    assert set(imported) <= {heavy}
    assert time.monotonic() - started < (10 if heavy else 5)  # about 0.5 s where nothing else runs

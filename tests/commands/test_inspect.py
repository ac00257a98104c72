"""`seqtrain inspect` prints the walk, and refuses in words what cannot work."""

import re
from pathlib import Path

import pytest

from seqtrain.commands import main


def inspect(capsys: pytest.CaptureFixture[str], *typed: str) -> str:
    assert main(["inspect", *typed]) == 0
    printed = capsys.readouterr()
    assert not printed.err
    return printed.out


def test_the_articles_convolution(capsys: pytest.CaptureFixture[str]):
    size = ["data.train_size=100", "data.test_size=10", "data.batch_size=10"]
    conv = ["model.channels=[128]", "model.kernel_size=4", "model.padding=2"]
    out = inspect(capsys, "model=conv1d", "data=mel", *size, *conv)
    assert "(10, 128, 129) -> (10, 128, 130)" in out
    assert "floor((129 + 2*2 - 1*(4-1) - 1)/1) + 1 = 130" in out
    assert "Data: Mel\n  sets         90 sequences to train on, 10 to validate on, 10 to test on\n" in out
    assert "one of 10 classes for each sequence" in out
    assert "  finite    all of it\n" in out
    assert "(guessing among 10 classes costs ln 10 = 2.3026)" in out
    assert max(map(len, out.splitlines())) <= 100


def test_an_lstm_with_its_gates(capsys: pytest.CaptureFixture[str]):
    out = inspect(capsys, "model=lstm", "data=sincos", "data.train_size=8", "data.length=20")
    assert "weight_ih_l0 (4*hidden, features) = (256, 1): i, f, g, o" in out
    assert "h_n (num_layers, B, hidden) = (1, 8, 64)" in out
    assert "1 value at every step" in out
    assert "  scored   80 of 160 valid steps\n" in out


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["model=conv1d", "model.padding=valid"], "model.padding is valid in layer 1, which changes the number of"),
        (["model=conv1d", "model.padding=0", "model.kernel_size=51"], "model.padding is 0 in layer 1"),
        (["model=lstm", "task=classification"], "task is classification but the data has values at every step"),
        (["-m", "model=lstm,gru"], "-m asks for several models but inspect walks through one"),
    ],
)
def test_what_cannot_work_is_told_in_words(capsys: pytest.CaptureFixture[str], typed: list[str], message: str):
    assert main(["inspect", "data=sincos", "data.train_size=8", *typed]) == 2
    told = capsys.readouterr()
    assert told.err.startswith(message)
    assert len(told.err.splitlines()) <= 5
    assert not told.out


def test_a_kernel_longer_than_the_sequence_is_refused(capsys: pytest.CaptureFixture[str]):
    typed = ["model=conv1d", "data=mel", "data.train_size=20", "model.padding=0", "model.kernel_size=200"]
    assert main(["inspect", *typed]) == 2
    assert capsys.readouterr().err.startswith("model.kernel_size is 200, which needs 598 steps, but the longest")


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]):
    assert "seqtrain inspect model=lstm data=sincos" in inspect(capsys, "--help")


def test_a_learning_rate_is_found_and_drawn_and_nothing_else_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    out = inspect(capsys, "model=linear", "data=sincos", "data.train_size=64", "data.length=12", "lr_finder=true")
    suggestion = re.search(r"suggestion +optimizer\.lr=(\S+)\n", out)
    assert suggestion is not None
    assert 1e-6 < float(suggestion[1]) < 10
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [Path("outputs/figures/lr_finder.png")]
    assert str(files[0]) in out
    assert main(["inspect", "data=sincos", "lr_finder=perhaps"]) == 2
    assert capsys.readouterr().err.startswith("lr_finder is perhaps: must be true or false")

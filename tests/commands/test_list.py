"""What there is to choose, and the settings of a choice."""

import subprocess
import sys


def test_every_config_has_its_line(told) -> None:  # type: ignore[no-untyped-def]
    status, text = told("list")
    assert status == 0
    for each in ("sincos", "Sine in, cosine out", "lstm", "Hochreiter", "adam", "one_cycle", "one_batch"):
        assert each in text
    assert "@package" not in text
    assert all(len(line.split()) > 2 for line in text.splitlines() if line[:3] == "   " and line[3:4].isalnum())


def test_one_group(told) -> None:  # type: ignore[no-untyped-def]
    status, text = told("list", "optimizer")
    assert status == 0
    assert "adamw" in text
    assert "sincos" not in text


def test_the_settings_of_a_choice(told) -> None:  # type: ignore[no-untyped-def]
    status, text = told("list", "model=lstm", "data=sincos", "callbacks=early_stopping")
    assert status == 0
    for each in (
        "model.hidden", "64", "a whole number, at least 1", "features of the hidden state",
        "data.batch_size", "sequences in a batch", "data.length", "callbacks.early_stopping.patience",
    ):  # fmt: skip
        assert each in text


def test_what_is_not_there(told) -> None:  # type: ignore[no-untyped-def]
    assert told("list", "modle") == (2, told("list", "modle")[1])
    assert "did you mean model?" in told("list", "modle")[1]
    assert "did you mean lstm?" in told("list", "model=lsmt")[1]


def test_whoever_has_read_enough_is_told_nothing() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "seqtrain", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, b"")

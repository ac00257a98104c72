"""Spaces are read strictly, and what is drawn of them is what is typed."""

from pathlib import Path

import pytest

from seqtrain.commands.arguments import read_arguments
from seqtrain.commands.configs import Configs
from seqtrain.commands.variants import variants
from seqtrain.errors import WrongInput
from seqtrain.tuning.space import Searched, read_space


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_a_space_is_read_in_its_order(tmp_path: Path) -> None:
    space = read_space(
        written(
            tmp_path,
            "optimizer.lr: {kind: float, range: [1e-4, 1e-1], log: true}\n"
            "model.hidden: {kind: int, range: [8, 64]}\n"
            "model: {kind: choice, values: [lstm, gru]}\n"
            "model.channels: {kind: choice, values: [[8], [8, 16]]}\n",
        )
    )
    assert list(space.values()) == [
        Searched("optimizer.lr", "float", (1e-4, 1e-1), log=True),
        Searched("model.hidden", "int", (8, 64)),
        Searched("model", "choice", ("lstm", "gru")),
        Searched("model.channels", "choice", ([8], [8, 16])),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no setting to search"),
        ("model.hidden: 5", "model.hidden is 5: it must be as {kind: float, range"),
        ("model.hidden: {range: [1, 2]}", "model.hidden is .*it must be as"),
        ("model.hidden: {kind: integer, range: [1, 2]}", "kind is integer: did you mean int"),
        ("model.hidden: {kind: int, ranges: [1, 2]}", r"model\.hidden\.ranges is no setting of kind int: did you mean"),
        ("model.hidden: {kind: int, values: [1, 2]}", r"model\.hidden\.values is no setting of kind int"),
        ("model.hidden: {kind: int}", "range is null: it must be two whole numbers"),
        ("model.hidden: {kind: int, range: [1.5, 2]}", "it must be two whole numbers"),
        ("model.hidden: {kind: int, range: [true, 2]}", "it must be two whole numbers"),
        ("model.hidden: {kind: int, range: [1, 2, 3]}", "it must be two whole numbers"),
        ("model.hidden: {kind: int, range: [9, 2]}", "the first must be below the second"),
        ("optimizer.lr: {kind: float, range: [0, .inf]}", "both finite"),
        ("optimizer.lr: {kind: float, range: [0, 1], log: true}", "begins at 0.0, which has no logarithm"),
        ("optimizer.lr: {kind: float, range: [1, 2], log: 1}", "log is 1: it must be true or false"),
        ("model.cell: {kind: choice, values: lstm}", "values is lstm: it must be a list"),
        ("model.cell: {kind: choice, values: [lstm]}", "a list of two or more"),
        ("model.cell: {kind: choice, values: [lstm, gru, lstm]}", "values has lstm twice"),
        ("model.cell: {kind: choice, values: [{a: 1}, 2]}", "a value is a number, a word"),
        ("trainer.accelerator: {kind: choice, values: [cpu, gpu]}", "does not change how good a model is"),
        ("checkpoint.monitor: {kind: choice, values: [val/loss, val/mse]}", "says what good means"),
        ("+model.x: {kind: int, range: [1, 2]}", "is no name of a setting"),
        ("model.hidden: &a {kind: int, range: [1, 2]}\nmodel.num_layers: *a", "aliases"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(WrongInput, match=said) as error:
        read_space(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("searched", "value", "text"),
    [
        (Searched("a", "float", (1e-5, 1.0)), 0.000123456789, "0.0001235"),
        (Searched("a", "float", (1e-5, 1.0)), 1e-5, "1e-05"),
        (Searched("a", "float", (0.12344, 1.0)), 0.12344, "0.12344"),  # 0.1234 is below the lowest
        (Searched("a", "int", (1, 100000)), 12345, "12345"),
        (Searched("a", "choice", (True, None)), True, "true"),
        (Searched("a", "choice", (True, None)), None, "null"),
        (Searched("a", "choice", ("lstm", "gru")), "lstm", "lstm"),
        (Searched("a", "choice", ("true", True)), "true", '"true"'),
        (Searched("a", "choice", ([8, 16], [8])), [8, 16], "[8,16]"),
    ],
)
def test_a_value_is_told_as_it_is_typed(searched: Searched, value: object, text: str) -> None:
    assert searched.text(value) == text


@pytest.mark.parametrize(("space", "model"), [("recurrent", "lstm"), ("conv1d", "conv1d"), ("optimizer", "linear")])
def test_a_shipped_space_fits_its_model(space: str, model: str) -> None:
    assert {"recurrent", "conv1d", "optimizer"} == set(Configs().spaces)
    with variants(read_arguments([f"model={model}", "data=mel"]), Configs().spaces[space]) as made:
        drawn = {name: each.text(each.values[-1]) for name, each in made.space.items()}
        config, _ = made.config(drawn)
    assert config.optimizer.lr == 0.03
    if space == "optimizer":
        assert config.optimizer._target_ == "seqtrain.optimizers.RMSprop"
        assert config.scheduler._target_ == "seqtrain.schedulers.Cosine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model.hiden: {kind: int, range: [1, 9]}", "model.hiden is no setting of .*did you mean hidden"),
        ("modle: {kind: choice, values: [lstm, gru]}", "there is no modle.*did you mean model"),
        ("model: {kind: choice, values: [lstm, gruu]}", "model=gruu: there is no such model: did you mean gru"),
        ("model.hidden: {kind: int, range: [0, 9]}", "model.hidden is 0"),
        ("model.hidden: {kind: float, range: [1, 9]}", r"model.hidden is 1\.0"),
        ("model.dropout: {kind: float, range: [0, 1.5]}", r"model.dropout is 1\.5"),
        ("seed: {kind: int, range: [0, 9]}", "seed=3, but seed is searched in .*mine.yaml: leave it out of one"),
    ],
)
def test_a_space_is_checked_against_the_config_at_its_ends(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(WrongInput, match=said) as error, variants(read_arguments(["seed=3"]), path):
        pass
    assert str(path) in str(error.value)

"""Only trusted classes are built, and only with settings that their constructors allow."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import torch
from annotated_types import Len
from torch import nn

from seqtrain.build import Recipe, prepare
from seqtrain.errors import WrongInput
from seqtrain.ranges import Count, Fraction, Positive

HERE = __name__


class Model(nn.Module):
    """A stand-in.

    Args:
        hidden: features of the hidden state.
        sizes: one for each layer,
            or one for all.
    """

    def __init__(
        self,
        in_features: int,
        *,
        hidden: Count = 64,
        dropout: Fraction = 0.0,
        sizes: Count | list[Count] = 3,
        cell: Literal["gru", "lstm"] = "gru",
        bits: Literal["16", "32"] = "32",
        betas: Annotated[list[Fraction], Len(2, 2)] = [0.9, 0.99],  # noqa: B006
        scale: Positive | None = None,
        bias: bool = True,
        activation: nn.Module | None = None,
        extra: Any = None,
        longest: int | None = None,
    ) -> None:
        super().__init__()
        if hidden == 13:
            raise WrongInput("hidden is 13: choose another number")
        if hidden == 14:
            raise WrongInput("the moon is full: wait")
        self.in_features = in_features
        self.hidden = hidden
        self.activation = activation
        self.extra = extra
        self.longest = longest


class Plain:
    def __init__(self, *, value: int = 1) -> None:
        self.value = value


class NeedsOne:
    def __init__(self, *, value: int) -> None:
        self.value = value


def make_model(in_features: int) -> nn.Module:
    return nn.Linear(in_features, 1)


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTRAIN_TRUST", HERE)


def node(name: str = "Model", **settings: object) -> dict[str, object]:
    return {"_target_": f"{HERE}.{name}", **settings}


def refusal(config: object, setting: str = "model", kind: Any = None) -> str:
    with pytest.raises(WrongInput) as caught:
        prepare(config, setting, kind)
    message = str(caught.value)
    assert len(message.splitlines()) <= 5
    return message


def test_a_recipe_builds_with_what_its_signature_names() -> None:
    recipe = prepare(node(hidden=5, scale=2))
    model = recipe(in_features=3, longest=9, shortest=4, per_step=True)
    assert isinstance(recipe, Recipe)
    assert (model.in_features, model.hidden, model.longest) == (3, 5, 9)


def test_preparing_constructs_nothing() -> None:
    prepare(node(hidden=13))


def test_partial_means_the_same() -> None:
    assert prepare(node(_partial_=True, hidden=5))(in_features=3).hidden == 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hiden": 3}, f"model.hiden is no setting of {HERE}.Model: did you mean hidden? (it has hidden, dropout"),
        ({"hidden": 0}, "model.hidden is 0: must be a whole number, at least 1"),
        ({"hidden": 1.5}, "model.hidden is 1.5: must be a whole number"),
        ({"hidden": "12"}, "model.hidden is 12: must be a whole number"),
        ({"hidden": True}, "model.hidden is true: must be a whole number"),
        ({"hidden": None}, "model.hidden is null: must be a whole number"),
        ({"hidden": {"a": 1}}, "model.hidden is {'a': 1}: must be a whole number"),
        ({"dropout": 1.5}, "model.dropout is 1.5: must be a number, at least 0 and less than 1"),
        ({"dropout": float("nan")}, "model.dropout is nan: must be a number"),
        ({"scale": float("inf")}, "model.scale is inf: must be a number, more than 0 or null"),
        ({"scale": -1}, "model.scale is -1: must be a number, more than 0 or null"),
        ({"sizes": [3, 0]}, "model.sizes is [3, 0]: must be a whole number, at least 1 or a list"),
        ({"sizes": []}, None),
        ({"cell": "lsmt"}, "model.cell is lsmt: must be one of gru, lstm"),
        ({"bits": 16}, None),
        ({"bits": 8}, "model.bits is 8: must be one of 16, 32"),
        (
            {"betas": [0.9]},
            "model.betas is [0.9]: must be a list, each a number, at least 0 and less than 1, 2 of them",
        ),
        ({"betas": [0.9, 1]}, "model.betas is [0.9, 1]"),
        ({"bias": "yes"}, "model.bias is yes: must be true or false"),
        ({"in_features": 3}, "model.in_features is 3: seqtrain knows it from the data, so remove it"),
        ({"longest": 3}, "model.longest is 3: seqtrain knows it from the data"),
        ({"_args_": [3]}, "model._args_ is [3]: seqtrain does not read it"),
        ({"_convert_": "all"}, "model._convert_ is all"),
        ({"_recursive_": False}, "model._recursive_ is false"),
    ],
)
def test_settings_are_checked_against_the_constructor(settings: dict[str, object], said: str | None) -> None:
    if said is None:
        prepare(node(**settings))
    else:
        assert refusal(node(**settings)).startswith(said)


def test_a_setting_without_a_default_must_be_given() -> None:
    said = refusal(node("NeedsOne"), kind=NeedsOne)
    assert said == "model.value is missing: must be a whole number"


def test_a_constructors_own_complaint_gets_the_settings_full_name() -> None:
    with pytest.raises(WrongInput, match=r"^model\.hidden is 13: choose another number$"):
        prepare(node(hidden=13))(in_features=1)
    with pytest.raises(WrongInput, match=r"^the moon is full: wait$"):
        prepare(node(hidden=14))(in_features=1)


def test_nested_classes_are_built_under_the_same_rules() -> None:
    relu = {"_target_": "torch.nn.ReLU"}
    assert isinstance(prepare(node(activation=relu))(in_features=1).activation, nn.ReLU)
    model = prepare(node(extra=[{"deep": node("Plain", value=3)}, 5]))(in_features=1)
    assert model.extra[0]["deep"].value == 3
    assert model.extra[1] == 5
    later = prepare(node(extra=node("Plain", _partial_=True)))(in_features=1).extra
    assert later(value=4).value == 4
    assert "must be a torch.nn.modules.module.Module" in refusal(node(activation=node("Plain")))
    assert refusal(node(extra=node("Plain", valu=3))).startswith("model.extra.valu is no setting")
    assert refusal(node(hidden=node("Plain"))).startswith("model.hidden is")


def test_torch_optimizers_take_their_parameters_later() -> None:
    make = prepare({"_target_": "torch.optim.NAdam", "lr": 0.5, "betas": [0.5, 0.75]}, "optimizer")()
    optimizer = make([nn.Parameter(torch.zeros(1))])
    assert isinstance(optimizer, torch.optim.NAdam)
    assert optimizer.defaults["lr"] == 0.5
    assert optimizer.defaults["betas"] == (0.5, 0.75)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "model names no class"),
        (None, "model is null"),
        ([1], "model is [1]"),
        ({"_target_": 3}, "model._target_ is 3: must be the full name of a class"),
        ({"_target_": "Model"}, "model._target_ is 'Model': must be the full name of a class"),
        ({"_target_": f"{HERE}.Modle"}, f"model._target_ is {HERE}.Modle: {HERE} has no Modle: did you mean Model?"),
        ({"_target_": "seqtrain.modles.conv.ConvStack"}, "model._target_ is seqtrain.modles.conv.ConvStack"),
        ({"_target_": f"{HERE}.Plain"}, f"model._target_ is {HERE}.Plain: must be a torch.nn.Module"),
        ({"_target_": f"{HERE}.make_model"}, f"model._target_ is {HERE}.make_model: it is a function"),
        ({"_target_": f"{HERE}.Model.forward"}, "model._target_ is"),
    ],
)
def test_only_classes_that_fit_the_slot(config: object, said: str) -> None:
    assert refusal(config).startswith(said)


def test_trusting_a_package_trusts_no_function_and_no_other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQTRAIN_TRUST", "os,builtins")
    assert "it is a function" in refusal({"_target_": "builtins.eval"})
    assert "must be a torch.nn.Module" in refusal({"_target_": "builtins.dict"})
    assert "not trusted" in refusal({"_target_": "osx.Thing"})
    assert "posix in truth" in refusal({"_target_": "os.system"})


def test_a_config_cannot_extend_trust() -> None:
    before = os.environ["SEQTRAIN_TRUST"]
    refusal({"_target_": "mypkg.Model", "trust": "mypkg", "SEQTRAIN_TRUST": "mypkg"})
    assert os.environ["SEQTRAIN_TRUST"] == before


def test_an_untrusted_module_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil_package.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert "--trust evil_package" in refusal({"_target_": "evil_package.Model"})

"""Only trusted classes are built, and only with settings that their constructors allow."""

import contextlib
import os
import pickle
import subprocess
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import torch
from annotated_types import Len
from hydra.errors import InstantiationException
from hydra.utils import instantiate
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


system = os.system
Popen = subprocess.Popen


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


PAYLOADS: dict[str, dict[str, Any]] = {
    "torch.load": {"_target_": "torch.load", "f": "EVIL/pickle", "weights_only": False},
    "torch.save": {"_target_": "torch.save", "obj": 1, "f": "MARK"},
    "torch.hub.load": {"_target_": "torch.hub.load", "repo_or_dir": "EVIL", "model": "x", "source": "local"},
    "numpy.load": {"_target_": "numpy.load", "file": "EVIL/pickle", "allow_pickle": True},
    "torch.hub": {"_target_": "torch.hub.download_url_to_file", "url": "file:///etc/hostname", "dst": "MARK"},
    "os.system": {"_target_": "os.system", "command": "touch MARK"},
    "os.mkdir": {"_target_": "os.mkdir", "path": "MARK"},
    "subprocess.Popen": {"_target_": "subprocess.Popen", "args": ["touch", "MARK"]},
    "builtins.eval": {"_target_": "builtins.eval", "_args_": ["open('MARK', 'w')"]},
    "builtins.exec": {"_target_": "builtins.exec", "_args_": ["open('MARK', 'w')"]},
    "builtins.open": {"_target_": "builtins.open", "file": "MARK", "mode": "w"},
    "pathlib": {
        "_target_": "pathlib.Path.write_text",
        "_args_": [{"_target_": "pathlib.Path", "_args_": ["MARK"]}, "x"],
    },
    "numpy.save": {"_target_": "numpy.save", "file": "MARK", "arr": [1]},
    "shutil.copy": {"_target_": "shutil.copy", "src": "/etc/hostname", "dst": "MARK"},
    "logging": {"_target_": "logging.FileHandler", "filename": "MARK"},
    "zipfile": {"_target_": "zipfile.ZipFile", "file": "MARK", "mode": "w"},
    "sqlite3": {"_target_": "sqlite3.connect", "database": "MARK"},
    "an alias of a function": {"_target_": f"{HERE}.system", "command": "touch MARK"},
    "an alias of a class": {"_target_": f"{HERE}.Popen", "args": ["touch", "MARK"]},
    "a module in a module": {"_target_": f"{HERE}.os.mkdir", "path": "MARK"},
    "through seqtrain": {"_target_": "seqtrain.trust.os.mkdir", "path": "MARK"},
    "through seqtrain's importlib": {"_target_": "seqtrain.trust.importlib.import_module", "name": "MARK"},
    "a listed class's module": {"_target_": "torch.nn.modules.activation.torch.save", "obj": 1, "f": "MARK"},
    "partial": {"_target_": "os.mkdir", "_partial_": True, "path": "MARK"},
    "nested": {"_target_": f"{HERE}.Model", "in_features": 1, "extra": {"_target_": "os.mkdir", "path": "MARK"}},
    "nested in a list": {
        "_target_": f"{HERE}.Model",
        "in_features": 1,
        "extra": [{"a": {"_target_": "os.mkdir", "path": "MARK"}}],
    },
    "nested and partial": {
        "_target_": f"{HERE}.Model",
        "in_features": 1,
        "extra": {"_target_": "os.mkdir", "_partial_": True, "path": "MARK"},
    },
    "in a place for a number": {
        "_target_": f"{HERE}.Model",
        "in_features": 1,
        "hidden": {"_target_": "os.mkdir", "path": "MARK"},
    },
}
# Hydra 1.3.8's own list stops these, or leaves them to whoever calls the partial object.
NOT_IN_CONTROL = {
    "os.system",
    "subprocess.Popen",
    "builtins.eval",
    "builtins.exec",
    "an alias of a function",
    "an alias of a class",
    "through seqtrain's importlib",
    "partial",
    "nested and partial",
}


class Touches:
    """Unpickling it touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def payload(name: str, folder: Path) -> Any:
    """A config that leaves something in the folder `done` if it runs."""
    evil, done = folder / "evil", folder / "done"
    evil.mkdir()
    done.mkdir()
    (evil / "pickle").write_bytes(pickle.dumps(Touches(done / "mark")))
    (evil / "hubconf.py").write_text(f"open({str(done / 'mark')!r}, 'w').close()\ndef x(): return 1\n")

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [filled(each) for each in value]
        if isinstance(value, str):
            return value.replace("MARK", str(done / "mark")).replace("EVIL", str(evil))
        return value

    return filled(PAYLOADS[name])


@pytest.mark.parametrize("name", PAYLOADS)
@pytest.mark.parametrize("setting", ["model", "data", "optimizer", "logger", "callbacks.mine"])
def test_payloads_are_refused(name: str, setting: str, tmp_path: Path) -> None:
    config = payload(name, tmp_path)
    if config["_target_"] == f"{HERE}.Model":
        config.pop("in_features")
    message = refusal(config, setting)
    assert message.startswith(f"{setting}.")
    assert not list((tmp_path / "done").iterdir())
    if setting == "model" and "hidden" not in config:
        assert "--trust" in message


@pytest.mark.parametrize("name", [name for name in PAYLOADS if name not in NOT_IN_CONTROL])
def test_control_plain_instantiate_runs_the_payload(name: str, tmp_path: Path) -> None:
    config = payload(name, tmp_path)
    with contextlib.suppress(InstantiationException):  # some end badly, having run
        made = instantiate(config)
        getattr(made, "close", lambda: None)()
    assert list((tmp_path / "done").iterdir())


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

"""Configs that run code where a `_target_` may be anything: each leaves a file, MARK, when it has run.

EVIL is a folder with a pickle, a script, a module and the like, each of which makes MARK.
"""

import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

from torch import nn

from seqtrain.ranges import Count

HERE = __name__
system = os.system
Popen = subprocess.Popen


class Model(nn.Module):
    """A model of a trusted package, that takes anything."""

    def __init__(self, *, in_features: int = 1, hidden: Count = 4, extra: Any = None) -> None:
        super().__init__()
        self.extra = extra


def make_model(path: str) -> None:
    """A function of a trusted package."""
    Path(path).touch()


def _called(name: str, /, *given: Any, **named: Any) -> dict[str, Any]:
    return {"_target_": name} | ({"_args_": [*given]} if given else {}) | named


def _within(value: Any, **more: Any) -> dict[str, Any]:
    return _called(f"{HERE}.Model", extra=value, **more)


_MKDIR = _called("os.mkdir", path="MARK")
_PATH = _called("pathlib.Path", "MARK")
_BYTES = _called("pathlib.Path.read_bytes", _called("pathlib.Path", "EVIL/pickle"))
_OPENS = "open('MARK', 'w').close()"
_HANDLERS = {"x": {"class": "logging.FileHandler", "filename": "MARK"}}

PAYLOADS: dict[str, Any] = {
    # code in a file or a text
    "torch.load": _called("torch.load", f="EVIL/pickle", weights_only=False),
    "torch.hub.load": _called("torch.hub.load", repo_or_dir="EVIL", model="x", source="local"),
    "torch.jit.load": _called("torch.jit.load", f="EVIL/pickle"),
    "torch.package": _called("torch.package.PackageImporter", "EVIL/pickle"),
    "torch.utils.cpp_extension.load": _called("torch.utils.cpp_extension.load", name="x", sources=["EVIL/x.cpp"]),
    "numpy.load": _called("numpy.load", file="EVIL/pickle", allow_pickle=True),
    "joblib.load": _called("joblib.load", filename="EVIL/pickle"),
    "pickle.loads": _called("pickle.loads", _BYTES),
    "pickle._loads": _called("pickle._loads", _BYTES),
    "builtins.eval": _called("builtins.eval", _OPENS),
    "builtins.exec": _called("builtins.exec", _OPENS),
    "builtins.__import__": _called("builtins.__import__", "evil_module"),
    "importlib.import_module": _called("importlib.import_module", name="evil_module"),
    "importlib.reload": _called("importlib.reload", _called("importlib.import_module", name="evil_module")),
    "runpy.run_path": _called("runpy.run_path", path_name="EVIL/script.py"),
    "runpy.run_module": _called("runpy.run_module", mod_name="evil_module"),
    "timeit.timeit": _called("timeit.timeit", stmt=_OPENS, number=1),
    "cProfile.run": _called("cProfile.run", statement=_OPENS, filename="EVIL/profile"),
    "site.addsitedir": _called("site.addsitedir", sitedir="EVIL"),
    "yaml.unsafe_load": _called("yaml.unsafe_load", "!!python/object/apply:os.mkdir [MARK]"),
    "logging.config.dictConfig": _called("logging.config.dictConfig", {"version": 1, "handlers": _HANDLERS}),
    "ctypes.CDLL": _called("ctypes.CDLL", name="EVIL/x.so"),
    "load_from_checkpoint": _called(
        "pytorch_lightning.LightningModule.load_from_checkpoint", "EVIL/pickle", weights_only=False
    ),
    "hydra.utils.instantiate": _called("hydra.utils.instantiate", {"_target_": "os.mkdir", "path": "MARK"}),
    # processes
    "os.system": _called("os.system", command="touch MARK"),
    "os.popen": _called("os.popen", "touch MARK"),
    "os.posix_spawn": _called("os.posix_spawn", "/bin/sh", ["sh", "-c", "touch MARK"], {}),
    "subprocess.Popen": _called("subprocess.Popen", args=["touch", "MARK"]),
    "subprocess.run": _called("subprocess.run", args=["touch", "MARK"]),
    "subprocess.getoutput": _called("subprocess.getoutput", cmd="touch MARK"),
    "asyncio": _called("asyncio.run", _called("asyncio.create_subprocess_exec", "touch", "MARK")),
    "multiprocessing.Process": _called("multiprocessing.Process", args=["MARK"]),
    "threading.Timer": _called("threading.Timer", interval=0, function=_called("os.mkdir", "MARK", _partial_=True)),
    # files
    "torch.save": _called("torch.save", obj=1, f="MARK"),
    "torch.hub.download_url_to_file": _called(
        "torch.hub.download_url_to_file", url="file:///etc/hostname", dst="MARK", progress=False
    ),
    "os.mkdir": _MKDIR,
    "os.symlink": _called("os.symlink", src="/etc/hostname", dst="MARK"),
    "builtins.open": _called("builtins.open", file="MARK", mode="w"),
    "io.open": _called("io.open", file="MARK", mode="w"),
    "pathlib.Path.write_text": _called("pathlib.Path.write_text", _PATH, "x"),
    "pathlib.Path.touch": _called("pathlib.Path.touch", _PATH),
    "numpy.save": _called("numpy.save", file="MARK", arr=[1]),
    "numpy.memmap": _called("numpy.memmap", filename="MARK", mode="w+", shape=[4]),
    "shutil.copy": _called("shutil.copy", src="/etc/hostname", dst="MARK"),
    "tempfile.mkdtemp": _called("tempfile.mkdtemp", dir="DONE"),
    "logging.FileHandler": _called("logging.FileHandler", filename="MARK"),
    "zipfile.ZipFile": _called("zipfile.ZipFile", file="MARK", mode="w"),
    "tarfile.open": _called("tarfile.open", name="MARK", mode="w"),
    "gzip.open": _called("gzip.open", filename="MARK", mode="wb"),
    "sqlite3.connect": _called("sqlite3.connect", database="MARK"),
    "shelve.open": _called("shelve.open", filename="MARK"),
    "omegaconf.OmegaConf.save": _called("omegaconf.OmegaConf.save", config={"a": 1}, f="MARK"),
    # other names for these
    "an alias of a function": _called(f"{HERE}.system", command="touch MARK"),
    "an alias of a class": _called(f"{HERE}.Popen", args=["touch", "MARK"]),
    "a module in a module": _called(f"{HERE}.os.mkdir", path="MARK"),
    "through seqtrain": _called("seqtrain.trust.os.mkdir", path="MARK"),
    "through seqtrain's torch": _called("seqtrain.batch.torch.load", f="EVIL/pickle", weights_only=False),
    "through seqtrain's importlib": _called("seqtrain.trust.importlib.import_module", name="evil_module"),
    "through seqtrain's yaml": _called(
        "seqtrain.stored_config.yaml.unsafe_load", "!!python/object/apply:os.mkdir [MARK]"
    ),
    "a listed class's module": _called("torch.nn.modules.activation.torch.save", obj=1, f="MARK"),
    "a function of seqtrain's": _called("seqtrain.run_folder.write_text", _PATH, "x"),
    "a function of a trusted package": _called(f"{HERE}.make_model", path="MARK"),
    # other places for them
    "partial": _called("os.mkdir", _partial_=True, path="MARK"),
    "nested": _within(_MKDIR),
    "nested in a list": _within([{"a": _MKDIR}]),
    "nested deep": _within({"a": [[{"b": {"c": [1, [_MKDIR]]}}]]}),
    "nested and partial": _within(_called("os.mkdir", _partial_=True, path="MARK")),
    "nested in a nested one": _within(_within(_within(_MKDIR))),
    "in a place for a number": _within(None, hidden=_MKDIR),
    "in _args_": _called(f"{HERE}.Model", _MKDIR),
    "not recursive": _within(_MKDIR, _recursive_=True),
    "converted": _within(_MKDIR, _convert_="all"),
}
# Names that are none: what there is to trust could not be said.
NO_NAMES: dict[str, Any] = {
    "Cyrillic letters": "оѕ.mkdir",
    "full-width letters": "ｏｓ.mkdir",
    "a look-alike of a package": "mурkg.Model",
    "a space before": " os.mkdir",
    "a space after": "os.mkdir ",
    "a line end": "os.mkdir\n",
    "a tab": "os\t.mkdir",
    "a zero byte": "os.mkdir\x00",
    "a zero-width space": "os.\u200bmkdir",
    "two dots": "os..mkdir",
    "a dot before": ".os.mkdir",
    "one word": "mkdir",
    "an entry point": "os:mkdir",
    "a call": "os.mkdir('MARK')",
    "a path": "../os.mkdir",
    "nothing": "",
    "a number": 3,
    "true": True,
    "null": None,
    "a list": ["os.mkdir"],
    "a mapping": {"name": "os.mkdir"},
    "a config": {"_target_": "os.mkdir", "path": "MARK"},
}
# What Hydra 1.3.8's own list of names stops.
STOPPED_BY_HYDRA = {
    *("builtins.eval", "builtins.exec", "builtins.__import__", "importlib.import_module", "importlib.reload"),
    *("runpy.run_path", "runpy.run_module", "timeit.timeit", "cProfile.run", "yaml.unsafe_load", "ctypes.CDLL"),
    *("pickle.loads", "pickle._loads", "shelve.open", "logging.config.dictConfig"),
    *("os.system", "os.popen", "os.posix_spawn", "subprocess.Popen", "subprocess.run", "subprocess.getoutput"),
    *("an alias of a function", "an alias of a class", "through seqtrain's importlib", "through seqtrain's yaml"),
}
# What would take a compiler, a package that is not installed, or a file made by torch itself, to show it.
NOT_SHOWN = {
    "torch.utils.cpp_extension.load": "no x.cpp is there",
    "torch.jit.load": "no zip archive is there",
    "torch.package": "no zip archive is there",
    "joblib.load": "joblib is not installed",
    "multiprocessing.Process": "it is not started",
    "threading.Timer": "it is not started",
}


class _Touches:
    """Unpickling it touches a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


class Trap:
    """A folder with the files that payloads use, and another that is empty until one has run."""

    def __init__(self, folder: Path) -> None:
        self.evil, self.done = folder / "evil", folder / "done"
        self.evil.mkdir(parents=True)
        self.done.mkdir()
        mark = str(self.done / "mark")
        code = f"open({mark!r}, 'w').close()\n"
        (self.evil / "pickle").write_bytes(pickle.dumps(_Touches(Path(mark))))
        (self.evil / "hubconf.py").write_text(f"{code}def x(): return 1\n")
        (self.evil / "script.py").write_text(code)
        (self.evil / "evil_module.py").write_text(code)
        (self.evil / "run.pth").write_text(f"import os; {code}")

    def payload(self, name: str) -> Any:
        return self._filled(PAYLOADS[name])

    @property
    def sprung(self) -> bool:
        return any(self.done.iterdir())

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, str):
            mark = value.replace("MARK", str(self.done / "mark")).replace("DONE", str(self.done))
            return mark.replace("EVIL", str(self.evil))
        return value

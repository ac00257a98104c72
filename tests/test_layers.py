"""Imports point down the layers that docs/architecture.md lists, and nothing in src can run what a file says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "seqtrain"
UNPICKLER = "datasets.unpickle"


def module_name(path: Path) -> str:
    """A file as a module below seqtrain: `loading.data`; a package by its own name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts if parts[-1] != "__init__" or len(parts) == 1 else parts[:-1])


TREES = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


def layers() -> list[set[str]]:
    """The first words of the indented lines, from the top layer down: modules, and packages without their slash."""
    listed = re.search(r"```layers\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), re.S)
    assert listed is not None
    found: list[set[str]] = []
    for line in listed[1].splitlines():
        if not line.startswith(" "):
            found.append(set())
        else:
            names = re.split(r"\s{2,}", line.strip())[0]
            found[-1] |= {name.rstrip("/") for name in names.split(", ")}
    return found


LAYERS = layers()


def depth(module: str) -> int:
    return next(index for index, names in enumerate(LAYERS) if module.split(".")[0] in names)


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of what is imported anywhere in a file, in functions and for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{each.name}" for each in node.names)


def ours(tree: ast.AST) -> set[str]:
    """Modules of seqtrain that a file imports, by their names below seqtrain."""
    found = set()
    for name in imports(tree):
        if name.startswith("seqtrain.") and name != "seqtrain.__version__":
            below = name.removeprefix("seqtrain.")
            found.add(below if below in TREES else below.rpartition(".")[0])
    return found


def test_the_document_lists_every_module_once() -> None:
    listed = [name for names in LAYERS for name in names]
    assert sorted(listed) == sorted({module.split(".")[0] for module in TREES}), "docs/architecture.md, ## Layers"


@pytest.mark.parametrize("module", sorted(TREES))
def test_imports_point_down(module: str) -> None:
    assert ours(TREES[module]) <= set(TREES)
    assert {each for each in ours(TREES[module]) if depth(each) < depth(module)} == set()


@pytest.mark.parametrize("package", ["datasets", "models"])
def test_data_sets_and_models_know_only_the_ground(package: str) -> None:
    for module in (each for each in TREES if each.split(".")[0] == package):
        assert {each.split(".")[0] for each in ours(TREES[module])} <= LAYERS[-1] | {package}, module


def test_only_commands_know_hydra() -> None:
    knowing = {module for module, tree in TREES.items() for name in imports(tree) if name.split(".")[0] == "hydra"}
    assert {module.split(".")[0] for module in knowing} == {"commands"}


def test_no_module_is_a_heap() -> None:
    parts = {part for module in TREES for part in module.split(".")}
    assert not parts & {"utils", "util", "common", "helpers", "helper", "misc"}


_UNPICKLING = ("pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle")
_LOADERS = ("instantiate", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all", "load_from_checkpoint")
_RUNNING = ("eval", "exec", "compile", "builtins.eval", "builtins.exec", "os.system", "os.popen", "yaml.load")
_OF_TORCH = ("torch.hub", "torch.jit.load", "torch.package", "torch.utils.cpp_extension")


def dangers(tree: ast.AST) -> set[str]:
    """What could run code that a file or a config brings."""
    found = {f"import of {name}" for name in imports(tree) if name.split(".")[0] in _UNPICKLING}
    found |= {name for name in imports(tree) if name in ("hydra.utils.instantiate", "hydra.utils.call")}
    found |= {f"import of {name}" for name in imports(tree) if name in ("torch.load", "yaml.load", "numpy.load")}
    found |= {f"import of {name}" for name in imports(tree) if name.startswith(_OF_TORCH)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found |= _danger(ast.unparse(node.func), {each.arg: each.value for each in node.keywords})
    return found


def _danger(called: str, keywords: dict[str | None, ast.expr]) -> set[str]:
    last = called.rpartition(".")[2]
    found = set()
    if called in _RUNNING or last in _LOADERS or called.startswith(_OF_TORCH):
        found.add(called)
    if ast.unparse(keywords.get("shell", ast.Constant(False))) != "False":
        found.add("shell=True")
    if called == "torch.load" and ast.unparse(keywords.get("weights_only", ast.Constant(False))) != "True":
        found.add("torch.load without weights_only=True")
    if ast.unparse(keywords.get("allow_pickle", ast.Constant(False))) != "False":
        found.add("allow_pickle=True")
    return found


@pytest.mark.parametrize("module", sorted(TREES))
def test_nothing_runs_what_a_file_says(module: str) -> None:
    allowed = {"import of pickle"} if module == UNPICKLER else set()
    assert dangers(TREES[module]) <= allowed


def test_the_unpickler_looks_names_up_by_itself() -> None:
    tree = TREES[UNPICKLER]
    assert {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & {
        "pickle.load",
        "pickle.loads",
    } == set()
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    unpicklers = [each for each in classes if "pickle.Unpickler" in map(ast.unparse, each.bases)]
    assert len(unpicklers) == 1
    assert "find_class" in {each.name for each in unpicklers[0].body if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize(
    "code",
    [
        "from hydra.utils import instantiate",
        "hydra.utils.instantiate(config)",
        "import pickle",
        "from pickle import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "from torch import load",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
        "eval(text)",
        "exec(text)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.unsafe_load(text)",
        "Learner.load_from_checkpoint(path)",
        "import dill",
        "import joblib",
        "builtins.exec(text)",
        "compile(text, path, 'exec')",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
        "torch.hub.load(name)",
        "torch.jit.load(path)",
        "from torch.hub import load",
        "from numpy import load",
        "yaml.unsafe_load_all(text)",
    ],
)
def test_a_danger_is_found(code: str) -> None:
    assert dangers(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "network.eval()",
        "ast.literal_eval(text)",
        "torch.load(path, weights_only=True)",
        "np.load(path)",
        "re.compile(text)",
    ],
)
def test_what_is_safe_is_left_alone(code: str) -> None:
    assert not dangers(ast.parse(code))

"""A trained network as an ONNX file, held against the network in onnxruntime before it is called done."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from omegaconf import OmegaConf
from torch import Tensor
from torch.jit._trace import TracerWarning

from seqtrain import __version__
from seqtrain.batch import spec_to_plain, zero_padding
from seqtrain.errors import WrongInput
from seqtrain.network import Network
from seqtrain.randomness import generator
from seqtrain.sequences import Sequences
from seqtrain.stored_config import part_of
from seqtrain.trained import Trained

OPSET = 17
_EXAMPLES, _BATCH = 128, 32  # sequences of the data to hold an export against, and how many at once
TOLERANCE = 1e-5  # relative, and absolute where values are smaller than their scale

# What torch says of any export of this kind; other warnings are shown.
_EXPECTED = (
    ("You are using the legacy TorchScript-based ONNX export", DeprecationWarning),
    ("The feature will be removed. Please remove usage of this function", DeprecationWarning),
    ("Exporting a model to ONNX with a batch_size other than 1", UserWarning),
    ("Constant folding - Only steps=1 can be constant folded", UserWarning),  # what a layer pads itself, and its sizes
    ("Converting a tensor to a Python", TracerWarning),  # lengths that only refusals look at
    ("Using len to get tensor shape", TracerWarning),
)


def export_onnx(trained: Trained, output: Path, examples: Sequences | None = None) -> float:
    """Write the network as ONNX; returns the largest difference from it that was found in onnxruntime.

    It is held against the network on batches of examples, where there are some, and on random sequences of several
    lengths, each alone and together.

    Inputs are `inputs` (batch, time, features) float32 and `lengths` (batch,) int64, of any batch and time; the
    output is `values` or `log_probabilities`. Normalising is inside. The metadata holds JSON under `spec`,
    `classes` and `data` (the settings of the run's data set), and the version under `seqtrain`.

    Raises WrongInput where onnx or onnxruntime is missing, the network cannot be exported, or the file says
    something else than the network; there is no file then.
    """
    _check_installed()
    temporary = output.with_name(output.name + ".tmp")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _write(trained, temporary)
        difference = _check(trained, temporary, examples)
        temporary.replace(output)
    except OSError as error:
        raise WrongInput(f"cannot write {output}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return difference


def _check_installed() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise WrongInput(f"{error.name} is not installed: pip install 'seqtrain[export]'") from error


def _write(trained: Trained, path: Path) -> None:
    import onnx

    network, spec = trained.network, trained.spec
    output = "log_probabilities" if spec.classes else "values"
    inputs, lengths = _random_batch(trained, [spec.longest, max(1, spec.longest - 1)])
    axes = {"inputs": {0: "batch", 1: "time"}, "lengths": {0: "batch"}, output: {0: "batch"}}
    if spec.per_step:
        axes[output][1] = "time"
    with _expected_warnings(), torch.no_grad():
        try:
            torch.onnx.export(
                network,
                (inputs, lengths),
                path,
                dynamo=False,
                opset_version=OPSET,
                input_names=["inputs", "lengths"],
                output_names=[output],
                dynamic_axes=axes,
            )
        except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            reason = str(error).strip().splitlines()[0]
            name = type(network.backbone).__name__
            raise WrongInput(f"model {name} cannot be exported to ONNX: {reason}") from error
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata(trained))
    onnx.save(model, path)


def metadata(trained: Trained) -> dict[str, str]:
    """What goes with the graph, as text: versions, spec, class names, and how the data set prepared its inputs."""
    data = part_of(trained.config, "data")
    plain = OmegaConf.to_container(data, resolve=False) if data is not None else {}  # resolving would copy secrets
    return {
        "seqtrain": __version__,
        "torch": str(torch.__version__),
        "spec": json.dumps(spec_to_plain(trained.spec)),
        "classes": json.dumps(list(trained.classes), ensure_ascii=False),
        "data": json.dumps(plain, ensure_ascii=False),
    }


def _check(trained: Trained, path: Path, examples: Sequences | None) -> float:
    """Hold batches against the network; returns the largest difference."""
    import onnxruntime

    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4  # what goes wrong is raised, and told here
    session = onnxruntime.InferenceSession(path.read_bytes(), quiet, providers=["CPUExecutionProvider"])
    worst = 0.0
    for inputs, counts in _batches(trained, examples):
        of = f"for sequences of {_some(counts)} steps"
        with torch.no_grad():
            expected = trained.network(inputs, counts)
        try:
            (told,) = session.run(None, {"inputs": inputs.numpy(), "lengths": counts.numpy()})
        except Exception as error:  # onnxruntime's errors have no class in common
            reason = str(error).splitlines()[0]
            raise WrongInput(f"the ONNX file fails {of}, so it was removed: {reason}") from error
        got = torch.from_numpy(told)
        if trained.spec.per_step and got.shape == expected.shape:
            expected, got = zero_padding(expected, counts), zero_padding(got, counts)
        if got.shape != expected.shape:
            raise WrongInput(
                f"the ONNX file gives {tuple(got.shape)} where the model gives {tuple(expected.shape)} {of}, "
                "so it was removed"
            )
        off = (got - expected).abs()
        if not (off <= TOLERANCE * (_scale(trained.network) + expected.abs())).all():  # false for NaN too
            raise WrongInput(
                f"the ONNX file differs from the model by {float(off.max()):.3g} {of}, where {TOLERANCE:g} is "
                "allowed, so it was removed"
            )
        worst = max(worst, float(off.max()))
    return worst


def _some(counts: Tensor) -> str:
    return ", ".join(str(count) for count in counts[:5].tolist()) + (", …" if len(counts) > 5 else "")


def _batches(trained: Trained, examples: Sequences | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs (B, T, F) and lengths (B,) to hold against the network."""
    for lengths in _lengths(trained):
        yield _random_batch(trained, lengths)
    if examples is None:
        return
    by_length = examples.lengths.argsort(stable=True)
    spread = by_length[torch.linspace(0, len(examples) - 1, min(len(examples), _EXAMPLES)).long()]
    alike = torch.split(spread, _BATCH)  # short ones, …, long ones
    mixed = [spread[start :: len(alike)] for start in range(len(alike))]
    for indices in (*alike, *mixed):
        batch = examples.batch(indices)
        yield batch.inputs, batch.lengths


def _lengths(trained: Trained) -> Iterator[list[int]]:
    spec = trained.spec
    if _equal_lengths_only(trained.network):
        yield from ([spec.longest], [spec.longest] * 3)
        return
    middle = (1 + spec.longest) // 2
    yield [spec.longest]
    yield [1]
    yield [middle]
    yield [middle, 1, spec.longest, min(2, spec.longest), spec.shortest]
    yield [spec.longest] * 3
    yield [1, 1]


def _equal_lengths_only(network: Network) -> bool:
    return any(getattr(each, "padding_mode", "zeros") != "zeros" for each in network.modules())


def _random_batch(trained: Trained, lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Random sequences as large as those of the training set, padded with zeros."""
    counts = torch.tensor(lengths)
    inputs = torch.randn(len(lengths), max(lengths), trained.spec.features, generator=generator(0, *lengths))
    normalize = trained.network.normalize
    if normalize is not None:
        inputs = inputs * normalize.std + normalize.mean
    return zero_padding(inputs, counts), counts


def _scale(network: Network) -> Tensor:
    """(D,) how large what is predicted is."""
    return torch.ones(()) if network.rescale is None else network.rescale.std


@contextmanager
def _expected_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        for message, category in _EXPECTED:
            warnings.filterwarnings("ignore", message, category)
        yield

"""`seqtrain inspect`: what a model does to the dimensions of the data, layer by layer, and one batch through it."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from seqtrain.errors import WrongInput

if TYPE_CHECKING:
    from seqtrain.batch import Spec
    from seqtrain.dimensions import Pass
    from seqtrain.loading import Data
    from seqtrain.network import Network
    from seqtrain.parts import Parts

_HELP = """seqtrain inspect walks through the dimensions of a model on data, and takes one batch forward and backward.

usage: seqtrain inspect [key=value …], with the keys of seqtrain train

  seqtrain inspect model=lstm data=sincos
  seqtrain inspect model=conv1d data=mel model.kernel_size=4 model.padding=2
  seqtrain inspect model=lstm data=sincos lr_finder=true   # and a learning rate, with a picture"""

_PICTURE = Path("outputs", "figures", "lr_finder.png")


class Settings:
    """What `key=value` may say beside the settings of a training; see the help."""

    def __init__(self, *, lr_finder: bool = False) -> None:
        self.lr_finder = lr_finder


def main(typed: list[str]) -> int:
    """Inspect what was typed; the exit status. WrongInput: a mistake in it, or parts that do not fit."""
    from seqtrain.commands.arguments import read_arguments
    from seqtrain.commands.run_words import read_words

    own = [word for word in typed if word.startswith("lr_finder=")]
    _, settings = read_words(own, Settings, "inspect")
    arguments = read_arguments([word for word in typed if word not in own])
    if "--help" in arguments.flags:
        print(_HELP)
        return 0
    if arguments.shows:
        from seqtrain.commands import train

        return train.main(typed)
    if arguments.multirun:
        raise WrongInput("-m asks for several models but inspect walks through one: leave it out")
    from seqtrain.commands.compose import without_hydra
    from seqtrain.commands.trials import check_trials

    config = without_hydra(check_trials(arguments).first)
    from seqtrain.parts import prepare_parts

    run(prepare_parts(config), lr_finder=settings.lr_finder)
    return 0


def run(parts: "Parts", *, lr_finder: bool = False) -> None:
    """Print the data, the walk through the layers, and one batch. WrongInput: parts that do not fit.

    Args:
        lr_finder: whether to look for a learning rate too.
    """
    import torch
    from rich.console import Console
    from rich.text import Text

    from seqtrain.assemble import assemble
    from seqtrain.dimensions import one_batch, walk
    from seqtrain.dimensions.data_words import describe, describe_batch
    from seqtrain.dimensions.page import page, section
    from seqtrain.loading import load_data
    from seqtrain.pretrained import starting_point

    seed, task = parts.run.seed, parts.task()
    torch.set_num_threads(parts.run.threads or torch.get_num_threads())
    data = load_data(parts.data(), parts.loading(), seed=seed)
    network = assemble(parts.model, task, data, seed=seed, pretrained=starting_point(parts.run.init_from, None))
    batch = data.train.batch(torch.arange(min(data.loading.batch_size, len(data.train))))
    walked = walk(network, batch)
    passed = one_batch(network, task.criterion(data.spec, data.target_scale), batch, seed=seed)

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 100
    console.print(section(f"Data: {parts.data.cls.__name__}", describe(data)), Text())
    console.print(section("A batch of the training set", describe_batch(batch)), Text())
    console.print(Text(f"Model: {parts.model.cls.__name__}", style="bold"), page(walked), Text())
    console.print(section("The batch forward and backward, with initial weights", _told(passed, data.spec)))
    if lr_finder:
        console.print(Text(), section("Learning rate", _find_rate(parts, network, data)))


def _find_rate(parts: "Parts", network: "Network", data: "Data") -> dict[str, str]:
    """Train the network at rates that grow, draw its losses, and say which rate they speak for."""
    from PIL import Image

    from seqtrain.figures.lr_finder import lr_finder
    from seqtrain.figures.style import pixels
    from seqtrain.lr_finder import range_test

    task, training = parts.task(), parts.trainer()
    found = range_test(
        network,
        task.criterion(data.spec, data.target_scale),
        task.scores(data.spec),
        data,
        optimizer=parts.optimizer(),
        seed=parts.run.seed,
        accumulate=training.accumulate_grad_batches,
        clip=training.gradient_clip_val,
    )
    _PICTURE.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(lr_finder(found))).save(_PICTURE)
    rate = found.suggestion
    return {
        "updates": f"{len(found.rates)}, at rates from {found.rates[0]:.2g} to {found.rates[-1]:.2g}",
        "suggestion": "none: the loss falls nowhere" if rate is None else f"optimizer.lr={rate:.2g}",
        "figure": str(_PICTURE),
    }


def _told(passed: "Pass", spec: "Spec") -> dict[str, str]:
    low, high = passed.outputs
    guessing = f" (guessing among {spec.width} classes costs ln {spec.width} = {math.log(spec.width):.4f})"
    if spec.predicts == "labels":
        guessing = f" (even odds for every label cost ln 2 = {math.log(2):.4f})"
    lines = {
        "outputs": f"{'log-probabilities' if spec.classes else 'values'} from {low:.4g} to {high:.4g}",
        "loss": f"{passed.loss:.4g}{guessing if spec.classes else ''}",
        "gradient": f"norm {passed.gradient_norm:.4g}",
        "seconds": f"{passed.forward_seconds:.4f} forward, {passed.backward_seconds:.4f} backward",
        "finite": "all of it" if not passed.not_finite else "NOT " + "; NOT ".join(passed.not_finite),
    }
    if passed.without_gradient:
        lines["no gradient"] = f"reaches {', '.join(passed.without_gradient)}"
    return lines

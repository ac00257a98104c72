"""`seqtrain inspect`: what a model does to the dimensions of the data, layer by layer, and one batch through it."""

import math
from typing import TYPE_CHECKING

from seqtrain.errors import WrongInput

if TYPE_CHECKING:
    from seqtrain.batch import Spec
    from seqtrain.dimensions import Pass
    from seqtrain.parts import Parts

_HELP = """seqtrain inspect walks through the dimensions of a model on data, and takes one batch forward and backward.

usage: seqtrain inspect [key=value …], with the keys of seqtrain train

  seqtrain inspect model=lstm data=sincos
  seqtrain inspect model=conv1d data=mel model.kernel_size=4 model.padding=2"""


def main(typed: list[str]) -> int:
    """Inspect what was typed; the exit status. WrongInput: a mistake in it, or parts that do not fit."""
    from seqtrain.commands.arguments import read_arguments

    arguments = read_arguments(typed)
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

    run(prepare_parts(config))
    return 0


def run(parts: "Parts") -> None:
    """Print the data, the walk through the layers, and one batch. WrongInput: parts that do not fit."""
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

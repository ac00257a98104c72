"""Whether a data set can be put to a network that was trained on another one."""

from dataclasses import replace

import torch

from seqtrain.batch import Spec
from seqtrain.errors import WrongInput
from seqtrain.heads import FlattenHead, output_lengths, reader
from seqtrain.network import Network
from seqtrain.sequences import Sequences
from seqtrain.tasks import described

_SOME = 5  # class names in a message


def check_fits(spec: Spec, trained: Spec, network: Network) -> None:
    """Raise WrongInput, saying how they differ, where data of `spec` does not fit a network trained on `trained`."""
    differences = []
    if spec.features != trained.features:
        differences.append(f"it has {spec.features} features at each step and not {trained.features}")
    elif spec.columns and trained.columns and spec.columns != trained.columns:
        differences.append(
            f"it learns from the columns {_listed(spec.columns)} and not {_listed(trained.columns)}, in this order: "
            "name those with data.features"
        )
    if spec.predicts != trained.predicts:
        differences.append(f"it has {described(spec.predicts)} and not {described(trained.predicts)}")
    elif not spec.classes and spec.width != trained.width:
        differences.append(f"it has {spec.width} values to predict and not {trained.width}")
    elif unknown := [name for name in spec.classes if name not in trained.classes]:
        known = f"the run knows {_listed(trained.classes)}"
        differences.append(f"it has classes that the run was not trained on: {_listed(unknown)} ({known})")
    head = reader(network.head)
    if not differences and isinstance(head, FlattenHead):
        left = output_lengths(network.backbone, spec.features, [spec.longest])[0]
        if left > head.steps:
            differences.append(
                f"its longest sequence has {spec.longest} steps and the flatten head was trained on {trained.longest}"
            )
    if differences:
        raise WrongInput("the data does not fit the run: " + "; ".join(differences))


def in_order_of(sequences: Sequences, classes: tuple[str, ...], trained: tuple[str, ...]) -> Sequences:
    """The same sequences with class indices as the network has them; classes are matched by name."""
    if classes == trained:
        return sequences
    index = {name: place for place, name in enumerate(trained)}
    if sequences.targets.is_floating_point():  # (N, C) labels; those that this data does not know are nowhere
        targets = sequences.targets.new_zeros(len(sequences.targets), len(trained))
        targets[:, [index[name] for name in classes]] = sequences.targets
        return replace(sequences, targets=targets)
    return replace(sequences, targets=torch.tensor([index[name] for name in classes])[sequences.targets])


def _listed(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(names[:_SOME]) + more

"""Runs that are evaluated together: which they are, whether they can be, and what they say as one."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from seqtrain.batch import Spec
from seqtrain.build import plain, prepare
from seqtrain.carried import check_carries
from seqtrain.commands.run_data import load_run_data
from seqtrain.comparison.runs import find_runs, read_run
from seqtrain.errors import WrongInput
from seqtrain.evaluation import ChosenSet, Outcomes, check_fits, outcomes_of
from seqtrain.evaluation.chosen_set import Which
from seqtrain.evaluation.same_set import content
from seqtrain.evaluation.together import mean_output, outcomes_together, outputs_together
from seqtrain.identity import identity
from seqtrain.loading import Data
from seqtrain.stored_config import part_of

if TYPE_CHECKING:
    from seqtrain.criteria import Criterion
    from seqtrain.trained import Trained

_log = logging.getLogger("seqtrain")


def members_of(paths: Sequence[Path]) -> list[Path]:
    """The runs among these folders, and the completed ones below them; others there are left out, and told.

    Raises WrongInput where a folder holds no run, or none that completed.
    """
    found = []
    for folder in find_runs(paths):
        status = read_run(folder).status
        if folder in paths or status == "completed":
            found.append(folder)
        else:
            _log.warning("%s is left out: its training is %s", folder, status)
    if not found:
        raise WrongInput(f"none of the runs below {paths[0]} completed: finish one, or name runs")
    return found


@dataclass(frozen=True)
class Ensemble:
    """One run, or several that answer together.

    Raises WrongInput where they do not predict the same from the same features.

    Args:
        members: the trained networks.
        nodes: the data that each is to be evaluated on, as a config's data node.
    """

    members: tuple["Trained", ...]
    nodes: tuple[DictConfig, ...]

    def __post_init__(self) -> None:
        for other in self.members[1:]:
            for fact in ("features", "predicts", "classes", "width"):
                one, two = getattr(self.spec, fact), getattr(other.spec, fact)
                if one != two:
                    raise WrongInput(
                        f"{other.folder} has other {fact} than {self.folders[0]} ({_told(two)}, not {_told(one)}): "
                        "an ensemble needs runs on the same data"
                    )

    @property
    def spec(self) -> Spec:
        return self.members[0].spec

    @property
    def folders(self) -> list[Path]:
        return [member.folder for member in self.members if member.folder is not None]

    def chosen_set(self, which: Which) -> tuple[Data, ChosenSet]:
        """The data of the first run, and the set of it that all are evaluated on.

        Raises WrongInput where the data does not fit, or the same set of another run holds something else: it was
        carved by another seed, say, and one was trained on what another is tested on.
        """
        data, chosen = self._loaded(0, which)
        told = {self._source(0)}
        first: Tensor | None = None
        for index in range(1, len(self.members)):
            if self._source(index) in told:
                continue
            told.add(self._source(index))
            first = content(chosen.parts) if first is None else first
            if not torch.equal(content(self._loaded(index, which)[1].parts), first):
                raise WrongInput(
                    f"{self.folders[index]} has another {which} set than {self.folders[0]}, so that one may have been "
                    "trained on what the other is tested on: an ensemble needs one split, such as a published one or "
                    "data.fold and data.folds, which are the same for every seed; or data=… that none was trained on"
                )
        return data, chosen

    def outcomes(self, chosen: ChosenSet) -> tuple[Outcomes, dict[str, Outcomes]]:
        """What comes of a set, and of several runs what comes of each alone, by its name."""
        networks = [member.network for member in self.members]
        if len(networks) == 1:
            return outcomes_of(networks[0], self._criterion, self.spec, chosen.batches(), len(chosen)), {}
        together, alone = outcomes_together(networks, self._criterion, self.spec, chosen.batches(), len(chosen))
        return together, dict(zip(_names(self.folders), alone, strict=True))

    def outputs(self, data: Data, chosen: ChosenSet, wanted: list[int]) -> list[Tensor]:
        """What they put out for some sequences of the set: (T, D) or (T, C), (D,) or (C,)."""
        if data.carries:
            networks = [member.network for member in self.members]
            return outputs_together(networks, self.spec, chosen.batches(), wanted)
        batch = chosen.pick(wanted)
        alone = [batch.inputs[row, :steps] for row, steps in enumerate(batch.lengths.tolist())]
        every = [member.outputs(alone) for member in self.members]
        return [mean_output(outputs, self.spec) for outputs in zip(*every, strict=True)]

    @cached_property
    def _criterion(self) -> "Criterion":
        """The first run's loss: one for all, so that members can be compared."""
        first = self.members[0]
        scale = first.network.rescale.std if first.network.rescale is not None else None
        criterion: Criterion = prepare(part_of(first.config, "task"), "task")().criterion(first.spec, scale)
        return criterion

    def _loaded(self, index: int, which: Which) -> tuple[Data, ChosenSet]:
        member = self.members[index]
        data = load_run_data(member, self.nodes[index])
        check_fits(data.spec, member.spec, member.network)
        if data.carries:
            check_carries(member.network, features=member.spec.features)
        return data, ChosenSet(data, which, member.spec.classes)

    def _source(self, index: int) -> tuple[str, object]:
        """The same for two runs that read and split the same data in the same way."""
        return identity(OmegaConf.create({"data": plain(self.nodes[index], "data")})), part_of(
            self.members[index].config, "seed"
        )


def _names(folders: Sequence[Path]) -> list[str]:
    """By their folder's own name, or where two have the same by the whole path."""
    names = [folder.name for folder in folders]
    return names if len({*names}) == len(names) else [str(folder) for folder in folders]


def _told(value: object) -> str:
    return f"{len(value)}: {', '.join(map(str, value[:5]))}" if isinstance(value, tuple) else str(value)

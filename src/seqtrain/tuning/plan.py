"""What a search is: the config that it starts from, the space, the pruner. Another one needs another folder."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seqtrain.errors import WrongInput
from seqtrain.identity import differences
from seqtrain.nearest import shown
from seqtrain.report import from_here
from seqtrain.stored_config import checked_config
from seqtrain.tuning.space import Space


@dataclass(frozen=True)
class Plan:
    """A search.

    Args:
        config: composed without the settings that are searched, unresolved, as YAML.
        space: what is searched.
        pruner: by name; see `seqtrain.tuning.pruning`.
        monitor: the metric of the best checkpoint that is a trial's value.
        less_is_better: of that metric.
        max_epochs: of a trial.
        seed: of the trainings, and of what is drawn.
    """

    config: str
    space: Space
    pruner: str
    monitor: str
    less_is_better: bool
    max_epochs: int
    seed: int

    def plain(self) -> dict[str, Any]:
        """What tells it from another plan, as JSON takes it."""
        space = {name: asdict(each) | {"values": list(each.values)} for name, each in self.space.items()}
        return {"config": self.config, "space": space, "pruner": self.pruner}


def check_same(kept: Mapping[str, Any], plan: Plan, folder: Path) -> None:
    """Whether a folder's search is of this plan. WrongInput, with the differences, where it is not."""
    mine = plan.plain()
    found = [
        f"{name} {_told(kept['space'].get(name))}, not {_told(mine['space'].get(name))}"
        for name in {**kept["space"], **mine["space"]}
        if kept["space"].get(name) != mine["space"].get(name)
    ]
    if kept["pruner"] != plan.pruner:
        found.append(f"pruner: {kept['pruner']}, not {plan.pruner}")
    found += differences(*(checked_config(each, folder) for each in (kept["config"], plan.config)))
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise WrongInput(
            f"{from_here(folder)} holds another search ({'; '.join(found[:3])}{more}): "
            "choose another name with sweep=NAME, or remove that folder"
        )


def _told(searched: Mapping[str, Any] | None) -> str:
    if searched is None:
        return "unset"
    log = ", log" if searched["log"] else ""
    return f"{searched['kind']} {shown(searched['values'])}{log}"

"""Which settings cannot be meant together where a table is cut into windows."""

from collections.abc import Sequence

from seqtrain.datasets.series_augment import Changes
from seqtrain.datasets.table_roles import Roles
from seqtrain.datasets.table_windows import Cut
from seqtrain.errors import WrongInput
from seqtrain.nearest import listed


def check_windows(roles: Roles, cut: Cut, changes: Changes, rows: Sequence[float] | None) -> None:
    """Raise WrongInput where some cannot, saying what to set."""
    if roles.predicts != "values":
        raise WrongInput(f"predicts is {roles.predicts} but layout is windows, which predicts values")
    if roles.id is not None or roles.group is not None:
        raise WrongInput("id or group is given but layout is windows, where the file is one series: leave it out")
    if cut.forecast == "change" and not {*roles.target} <= {*(roles.features or roles.target)}:
        raise WrongInput(
            f"forecast is change but features leave out {listed(roles.target)}, from whose last value it is: add it"
        )
    if roles.normalize == "series":
        raise WrongInput("normalize is series but layout is windows, whose values have one scale: set it to features")
    if cut.forecast == "change" and roles.missing == "indicator":
        raise WrongInput("forecast is change but missing is indicator, which marks zeros: set data.missing=interpolate")
    if cut.carry_state and cut.stride != cut.context:
        raise WrongInput(
            f"carry_state is true but stride is {cut.stride} and context {cut.context}, so that windows "
            f"do not begin where the one before ends: set data.stride={cut.context}"
        )
    if cut.carry_state and cut.forecast == "change":
        raise WrongInput(
            "carry_state is true but forecast is change, which sees each window relative to its own last value: "
            "set data.forecast=value"
        )
    if changes.crop or changes.scaling:
        name = "crop" if changes.crop else "scaling"
        raise WrongInput(
            f"{name} is {getattr(changes, name)} but layout is windows, whose targets go on from a window as "
            f"it is: set data.{name}=0"
        )
    if rows is not None and len(rows) != 3:
        raise WrongInput(f"rows has {len(rows)} numbers: it must have three, for train, val and test")
    if rows is not None and roles.split is not None:
        raise WrongInput(f"split is {roles.split} and rows are given: set one of them to null")

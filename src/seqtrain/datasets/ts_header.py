"""The header of a .ts file: what it declares of the series below it.

The format: https://www.aeon-toolkit.org/en/stable/api_reference/file_specifications/ts.html
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from seqtrain.datasets.series import Line, plain_label
from seqtrain.errors import WrongInput

Kind = Literal["class", "value", "none"]
_IGNORED = {"problemname", "missing"}
_FLAGS = {"timestamps", "univariate", "equallength", "classlabel", "targetlabel"}
_COUNTS = {"dimensions", "dimension", "serieslength"}
_REMEDY = "mend the header"
_log = logging.getLogger("seqtrain")


@dataclass(frozen=True)
class Header:
    """What a header declares; None where it says nothing."""

    kind: Kind | None = None  # what is last on a line
    labels: tuple[str, ...] | None = None  # those that there may be
    labels_line: int = 0
    dimensions: int | None = None
    length: int | None = None  # steps of every series
    equal: bool | None = None  # whether all have as many steps


def read_header(lines: Iterator[Line], name: str) -> Header:
    """Reads up to the line @data. Tags may be in any case; unknown ones are passed over and logged.

    Raises WrongInput, naming file and line, where a tag says what it cannot say, or two tags contradict.
    """
    line = Line(0, "", True)
    flags: dict[str, bool] = {}
    counts: dict[str, int] = {}
    labels: tuple[str, ...] | None = None
    labels_line = 0
    for line in lines:
        place = f"{name}, line {line.number}"
        if not line.text.startswith("@"):
            raise WrongInput(f"{place} is {line.text[:40]!r}, which is neither a tag nor @data: {_REMEDY}")
        tag, *said = line.text[1:].split() or [""]
        tag = tag.lower()
        if tag == "data" and not said:
            break
        if tag in _FLAGS:
            flags[tag] = _flag(tag, said, place)
            if tag == "classlabel" and flags[tag] and said[1:]:
                labels, labels_line = tuple(plain_label(label) for label in said[1:]), line.number
        elif tag in _COUNTS:
            counts[tag.removesuffix("s")] = _count(tag, said, place)
        elif tag not in _IGNORED:
            _log.info(f"{place}: the tag @{tag} is unknown and passed over")
    else:
        raise WrongInput(
            f"{name} has no line @data (it ends at line {line.number}): it may have been cut; fetch it again"
        )
    place = f"{name}, header up to line {line.number}"
    if flags.get("timestamps"):
        raise WrongInput(f"{place}: @timeStamps true is not read: leave the times out, with the values evenly spaced")
    if flags.get("univariate") and counts.get("dimension", 1) != 1:
        raise WrongInput(f"{place}: @univariate true, but @dimensions {counts['dimension']}: {_REMEDY}")
    if flags.get("classlabel") and flags.get("targetlabel"):
        raise WrongInput(f"{place}: both @classLabel and @targetLabel are true: {_REMEDY}")
    told = "classlabel" in flags or "targetlabel" in flags
    return Header(
        kind="class" if flags.get("classlabel") else "value" if flags.get("targetlabel") else "none" if told else None,
        labels=labels,
        labels_line=labels_line,
        dimensions=1 if flags.get("univariate") else counts.get("dimension"),
        length=counts.get("serieslength"),
        equal=flags.get("equallength"),
    )


def _flag(tag: str, said: list[str], place: str) -> bool:
    word = said[0].lower() if said else ""
    if word not in ("true", "false") or (len(said) > 1 and tag != "classlabel"):
        raise WrongInput(f"{place}: @{tag} is {' '.join(said)[:40]!r}, but it is true or false: {_REMEDY}")
    if word == "false" and len(said) > 1:
        raise WrongInput(f"{place}: @{tag} false, followed by labels: {_REMEDY}")
    return word == "true"


def _count(tag: str, said: list[str], place: str) -> int:
    if len(said) != 1 or not (said[0].isascii() and said[0].isdigit()) or len(said[0]) > 9 or int(said[0]) == 0:
        raise WrongInput(f"{place}: @{tag} is {' '.join(said)[:40]!r}, but it is 1 or more: {_REMEDY}")
    return int(said[0])

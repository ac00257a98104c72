"""What seqtrain notes while it works, such as how much it read: a line each on standard error."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from seqtrain.errors import printable

_log = logging.getLogger("seqtrain")


@contextmanager
def notes_shown(least: int = logging.INFO) -> Iterator[None]:
    """Within, notes and warnings of the logger `seqtrain` are shown; nothing changes where they are already.

    Args:
        least: level from which on; logging.WARNING for a command whose own answer says the rest.
    """
    if any(isinstance(each, _Lines) for each in _log.handlers):
        yield
        return
    lines, level = _Lines(), _log.level
    _log.addHandler(lines)
    _log.setLevel(least)
    try:
        yield
    finally:
        _log.removeHandler(lines)
        _log.setLevel(level)


class _Lines(logging.Handler):
    """Writes each note once, as it is; warnings and errors begin with that word. The trials of a sweep share it."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        word = f"{record.levelname.lower()}: " if record.levelno > logging.INFO else ""
        line = printable(word + self.format(record))
        if line not in self._said:
            self._said.add(line)
            with suppress(OSError):  # nobody reads it any longer, as behind `| head`; a run's train.log has it
                print(line, file=sys.stderr, flush=True)

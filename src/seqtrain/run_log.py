"""The log of a run: what seqtrain said while it trained, and why it ended where it did not complete."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seqtrain.interruption import Interrupted, Pruned
from seqtrain.redaction import Redaction

_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class _Formatter(logging.Formatter):
    def __init__(self, hide: Redaction) -> None:
        super().__init__(_FORMAT)
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        return self._hide(super().format(record))


@contextmanager
def logged_to(path: Path, hide: Redaction) -> Iterator[None]:
    """Within, seqtrain's log goes to the end of this file too, and so does the traceback of what ends it.

    What `hide` knows of is not written.
    """
    logger = logging.getLogger("seqtrain")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_Formatter(hide))
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk: the terminal is told
    level = logger.level
    logger.addHandler(handler)
    if logger.getEffectiveLevel() > logging.INFO:
        logger.setLevel(logging.INFO)
    try:
        yield
    except (Interrupted, Pruned) as error:
        _write(handler, logging.WARNING, str(error))
        raise
    except BaseException as error:
        _write(handler, logging.ERROR, str(error) or type(error).__name__, error)
        raise
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        with suppress(OSError):  # a full disk again
            handler.close()


def _write(handler: logging.Handler, level: int, text: str, error: BaseException | None = None) -> None:
    """To the file alone: the terminal is told by whoever catches the error."""
    trace = None if error is None else (type(error), error, error.__traceback__)
    handler.handle(logging.LogRecord("seqtrain", level, __file__, 0, text, None, trace))

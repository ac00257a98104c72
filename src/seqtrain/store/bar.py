"""A progress bar for what is done once: shown on a terminal only, and only if it lasts."""

from collections.abc import Iterable, Iterator

from tqdm import tqdm  # type: ignore[import-untyped]

from seqtrain.store.chunks import Chunk

_LASTS = 0.5  # seconds before the bar is shown


class Bar(tqdm):  # type: ignore[misc]
    """tqdm without its thread, since worker processes are forked from this one."""

    monitor_interval = 0

    def __init__(self, what: str, total: int | None, unit: str) -> None:
        super().__init__(desc=what, total=total, unit=unit, unit_scale=True, disable=None, delay=_LASTS, leave=False)

    def __bool__(self) -> bool:
        return True  # pooch asks whether there is a bar


def counted(chunks: Iterable[Chunk], what: str, total: int, unit: str) -> Iterator[Chunk]:
    """The chunks, with a bar that grows by what each of them has done."""
    with Bar(what, total, unit) as bar:
        for chunk in chunks:
            yield chunk
            bar.update(chunk.done)

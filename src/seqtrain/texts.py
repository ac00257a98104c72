"""Many short texts without an object each, so that ten million names need no memory of their own."""

from collections.abc import Iterator, Sequence
from typing import overload

import torch
from torch import Tensor


class Texts(Sequence[str]):
    """N texts as the bytes of all of them; each is decoded when it is asked for.

    Args:
        content: (bytes,) uint8: UTF-8, one text after another
        ends: (M,) int64: where each of M texts ends in `content`
        which: (N,) int64: which of the M texts these are, in their order; None: all
    """

    def __init__(self, content: Tensor, ends: Tensor, which: Tensor | None = None) -> None:
        self._content, self._ends, self._which = content, ends, which

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        encoded = [text.encode() for text in texts]
        ends = torch.tensor([len(text) for text in encoded], dtype=torch.int64).cumsum(0)
        content = bytearray(b"".join(encoded))
        return cls(torch.frombuffer(content, dtype=torch.uint8) if content else torch.empty(0).byte(), ends)

    def __len__(self) -> int:
        return len(self._ends) if self._which is None else len(self._which)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return self.select(torch.tensor(range(*index.indices(len(self))), dtype=torch.int64))
        if not -len(self) <= index < len(self):
            raise IndexError(f"text {index} of {len(self)}")
        place = index % len(self) if self._which is None else int(self._which[index])
        start = int(self._ends[place - 1]) if place else 0
        return self._content[start : int(self._ends[place])].numpy().tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # compared by content

    def select(self, indices: Tensor) -> "Texts":
        """Some of the texts, sharing the bytes."""
        return Texts(self._content, self._ends, indices if self._which is None else self._which[indices])

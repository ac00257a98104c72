"""Where batches are to be, and how they come there: a GPU that holds the whole sets, or is sent what was read."""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.sequences import Sequences

_log = logging.getLogger("seqtrain")
_SHARE = 0.5  # of a GPU's free memory that sets may take; the rest is for the model and its gradients
_AHEAD = 2  # batches that are on their way while one is computed


@dataclass(frozen=True)
class OnGpu:
    """A set that lies on a GPU, and what has to be known of it without asking the GPU, which would wait for it.

    Args:
        here: the set.
        there: the same on the GPU.
    """

    here: Sequences
    there: Sequences

    def batch(self, indices: Tensor) -> Batch:
        """The sequences at `indices` (B,) int64, which are on the CPU: as `Sequences.batch`, on the GPU."""
        alike = self.here.shortest == self.here.longest
        longest = self.here.longest if alike else int(self.here.lengths[indices].max())
        return self.there.batch(indices.to(self.there.lengths.device, non_blocking=True), longest)


class Place:
    """A device, and the sets that lie there whole.

    Args:
        device: where batches are to be.
        sets: that may lie there whole: those that nothing augments, since that is done on the CPU.
        resident: whether they do where they fit in half of its free memory; else batches are read on the CPU.
        dtype: of the numbers on a GPU.
    """

    def __init__(
        self, device: torch.device, sets: list[Sequences], *, resident: bool, dtype: torch.dtype = torch.float32
    ) -> None:
        self.device, self._dtype = device, dtype
        self._moved: dict[int, Tensor] = {}  # by the id of what it is a copy of: sets share their steps
        self._sets: dict[Sequences, OnGpu] = {}
        if device.type == "cpu" or not resident:
            return
        needed, free = _size(sets), torch.cuda.mem_get_info(device)[0]
        if needed > _SHARE * free:
            _log.info("the data (%s) is read on the CPU: the GPU has %s free", _told(needed), _told(free))
            return
        for each in sets:
            self._sets[each] = OnGpu(each, each.moved(self._copy))

    @property
    def waits(self) -> bool:
        """Whether batches are best read all at once, as where nothing else is computed meanwhile."""
        return self.device.type == "cpu"

    def held(self, sequences: Sequences) -> OnGpu | None:
        """The set as it lies on the device, where it does."""
        return self._sets.get(sequences)

    def sent(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Batches that were read on the CPU, on the device: through pinned memory, while those before are computed."""
        return batches if self.device.type == "cpu" else self._sent(batches)

    def _sent(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        copies = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        under_way: deque[tuple[Batch, torch.cuda.Event]] = deque()
        for batch in batches:
            with torch.cuda.stream(copies):
                moved = Batch(*(part if part is None else self._send(part.pin_memory()) for part in batch))  # type: ignore[arg-type]
                under_way.append((moved, copies.record_event()))
            if len(under_way) > _AHEAD:
                yield _arrived(*under_way.popleft())
        while under_way:
            yield _arrived(*under_way.popleft())

    def _copy(self, tensor: Tensor) -> Tensor:
        if id(tensor) not in self._moved:
            self._moved[id(tensor)] = self._send(tensor)
        return self._moved[id(tensor)]

    def _send(self, tensor: Tensor) -> Tensor:
        dtype = self._dtype if tensor.is_floating_point() else tensor.dtype
        return tensor.to(self.device, non_blocking=True).to(dtype)


def _arrived(batch: Batch, copied: torch.cuda.Event) -> Batch:
    current = torch.cuda.current_stream()
    current.wait_event(copied)  # the GPU waits, not this process
    for part in batch:
        if part is not None:
            part.record_stream(current)
    return batch


def _size(sets: list[Sequences]) -> int:
    """Bytes of what the sets hold, of what they share once."""
    parts = {
        id(part): part.numel() * part.element_size()
        for each in sets
        for part in (each.steps, each.starts, each.lengths, each.targets, each.scored)
        if part is not None
    }
    return sum(parts.values())


def _told(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


HERE = Place(torch.device("cpu"), [], resident=False)

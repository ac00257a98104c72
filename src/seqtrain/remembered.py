"""What a backbone in which nothing learns puts out for a sequence is computed once, not once an epoch."""

import torch
from torch import Tensor

from seqtrain.batch import Batch
from seqtrain.network import Network
from seqtrain.sequences import Sequences

_MOST = 1 << 28  # numbers that are remembered: a gigabyte of float32


class Remembered:
    """Reads batches of a set as the network does, to the same bits.

    A backbone says with `fixed = True` that nothing in it learns or is drawn, and that what it puts out for a
    sequence, one step, has the same bits in any batch.

    Args:
        network: on a CPU.
        count: of the set's sequences.
    """

    def __init__(self, network: Network, count: int) -> None:
        self._network = network
        self._known = torch.zeros(count, dtype=torch.bool)
        self._outputs: Tensor | None = None  # (count, 1, H)

    def __call__(self, batch: Batch) -> Tensor:
        """What the network predicts."""
        new = ~self._known[batch.indices]
        if new.any():
            self._remember(batch.indices[new], batch.inputs[new], batch.lengths[new])
        assert self._outputs is not None
        outputs = self._outputs[batch.indices]
        return self._network.answer(outputs, torch.ones_like(batch.lengths), batch.inputs, batch.lengths)

    def _remember(self, indices: Tensor, inputs: Tensor, lengths: Tensor) -> None:
        with torch.no_grad():
            outputs, _ = self._network.seen(inputs, lengths)
        if self._outputs is None:
            self._outputs = outputs.new_empty(len(self._known), *outputs.shape[1:])
        self._outputs[indices] = outputs
        self._known[indices] = True


def remembered(network: Network, sequences: Sequences) -> Remembered | None:
    """What reads a set that is never augmented; None where the backbone is not fixed, or its outputs find no room."""
    width = getattr(network.backbone, "out_features", None)
    fixed = getattr(network.backbone, "fixed", False) and not sequences.per_step
    if not fixed or not isinstance(width, int) or len(sequences) * width > _MOST:
        return None
    return Remembered(network, len(sequences))

"""Ways in which (B, C, T) may lie in memory: the same numbers each, but for the last, whose steps are all the first."""

from typing import Any

import torch

LAYOUTS: dict[str, Any] = {
    "steps side by side": lambda steps: steps.contiguous(),
    "channels side by side": lambda steps: steps.transpose(1, 2).contiguous().transpose(1, 2),
    "sequences side by side": lambda steps: steps.permute(1, 2, 0).contiguous().permute(2, 0, 1),
    "sequences within steps": lambda steps: steps.permute(2, 0, 1).contiguous().permute(1, 2, 0),
    "cut out": lambda steps: torch.cat([steps, steps], 2)[:, :, : steps.shape[2]],
    "one for all": lambda steps: steps[:, :, :1].expand_as(steps),
}

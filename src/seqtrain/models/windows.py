"""How many steps a stack of convolutions leaves, and which of its settings cannot work."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeVar

from torch import Tensor

from seqtrain.errors import WrongInput
from seqtrain.ranges import Count, Size

Padding = Size | Literal["same", "valid"]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]

Length = TypeVar("Length", int, Tensor)
Value = TypeVar("Value", int, Padding)


class Window(NamedTuple):
    """What one convolution sees at a time and how it moves; `conv_length(length, *window)`."""

    kernel_size: int
    stride: int
    padding: Padding
    dilation: int

    @property
    def span(self) -> int:
        """Steps from the first to the last that the kernel touches."""
        return self.dilation * (self.kernel_size - 1) + 1

    @property
    def sides(self) -> tuple[int, int]:
        """Steps padded before and after; where "same" needs an odd number, one more after, as in torch."""
        if self.padding == "same":
            return (self.span - 1) // 2, self.span // 2
        size = 0 if self.padding == "valid" else self.padding
        return size, size

    @property
    def keeps_length(self) -> bool:
        return self.stride == 1 and sum(self.sides) == self.span - 1


def conv_length(length: Length, kernel_size: int, stride: int = 1, padding: Padding = 0, dilation: int = 1) -> Length:
    """Steps after a convolution: floor((L + 2p - d(k - 1) - 1) / s) + 1 (the formula of `nn.Conv1d`).

    Below 1 where the sequence is shorter than the kernel; the stack then keeps one step.
    """
    if padding == "same":
        return length
    size = 0 if padding == "valid" else padding
    return (length + 2 * size - dilation * (kernel_size - 1) - 1) // stride + 1


def lengths_after(length: int, windows: Sequence[Window]) -> list[int]:
    """Steps after each layer, at least one."""
    lengths = []
    for window in windows:
        length = max(1, conv_length(length, *window))
        lengths.append(length)
    return lengths


def receptive_field(windows: Sequence[Window]) -> int:
    """Fewest steps with which every layer has something to see, its padding counted."""
    steps = 1
    for window in reversed(windows):
        steps = max(1, (steps - 1) * window.stride + window.span - sum(window.sides))
    return steps


def per_layer(name: str, value: Value | list[Value], layers: int) -> list[Value]:
    """A setting's value for each layer: given as a list, or one for all."""
    if not isinstance(value, list):
        return [value] * layers
    if len(value) != layers:
        raise WrongInput(
            f"{name} has {len(value)} value{'s' * (len(value) != 1)} but channels has {layers}: "
            f"give model.{name} one value for all layers, or a list of {layers}"
        )
    return value


def check_windows(windows: Sequence[Window]) -> None:
    for layer, window in enumerate(windows, 1):
        if window.padding == "same" and window.stride > 1:
            raise WrongInput(
                f"padding is same but layer {layer} has stride {window.stride}, and a stride shortens: "
                f"set model.stride=1 or give model.padding in steps, such as {(window.span - 1) // 2}"
            )


def check_groups(groups: Sequence[int], channels: Sequence[int]) -> None:
    """`channels` starts with the features of the data."""
    for layer, (count, before, after) in enumerate(zip(groups, channels[:-1], channels[1:], strict=True), 1):
        common = math.gcd(before, after)
        if common % count:
            allowed = ", ".join(str(n) for n in range(1, common + 1) if common % n == 0)
            raise WrongInput(
                f"groups is {count} but layer {layer} takes {before} channels and gives {after}, "
                f"and must divide both: set model.groups to one of {allowed}, or change model.channels"
            )


def check_field(
    kernel_size: Count | list[Count], windows: Sequence[Window], longest: int, *, or_else: str = ""
) -> None:
    """Some sequence fills the kernels; `or_else` is a second remedy."""
    field = receptive_field(windows)
    if field <= longest:
        return
    needs = "" if field == kernel_size else f", which needs {field} steps,"
    cap = max(w.kernel_size for w in windows)
    while receptive_field([w._replace(kernel_size=min(w.kernel_size, cap)) for w in windows]) > longest:
        cap -= 1
    lower = [min(size, cap) for size in kernel_size] if isinstance(kernel_size, list) else cap
    raise WrongInput(
        f"kernel_size is {kernel_size}{needs} but the longest sequence has {_steps(longest)}: "
        f"lower model.kernel_size to {lower}{or_else}"
    )


def check_keeps_length(windows: Sequence[Window]) -> None:
    """The data predicts at every step, so there must be as many after as before."""
    for layer, window in enumerate(windows, 1):
        if window.stride > 1:
            raise WrongInput(
                f"stride is {window.stride} in layer {layer} but the data predicts at every step: "
                "set model.stride=1 and model.padding=same"
            )
        if not window.keeps_length:
            raise WrongInput(
                f"padding is {window.padding} in layer {layer}, which changes the number of steps, "
                "but the data predicts at every step: set model.padding=same"
            )


def check_padding_mode(mode: PaddingMode, windows: Sequence[Window], shortest: int | None, longest: int | None) -> None:
    """Padding that copies steps would copy a batch's padding, and needs enough steps to copy."""
    if mode == "zeros" or longest is None or not any(sum(window.sides) for window in windows):
        return
    if shortest is not None and shortest != longest:
        raise WrongInput(
            f"padding_mode is {mode} but sequences have {shortest} to {longest} steps: "
            "set model.padding_mode=zeros, or bring the data to one length"
        )
    steps = longest
    for layer, window in enumerate(windows, 1):
        most = {"reflect": steps - 1, "circular": steps}.get(mode, max(window.sides))
        if max(window.sides) > most:
            raise WrongInput(
                f"padding_mode is {mode} but layer {layer} pads {_steps(max(window.sides))} on a side of "
                f"{_steps(steps)}, and {most} is the most: "
                "lower model.kernel_size or model.padding, or set model.padding_mode=zeros"
            )
        steps = max(1, conv_length(steps, *window))


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"

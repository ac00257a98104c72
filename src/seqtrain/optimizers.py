"""Optimizers with ranges on their settings; each makes torch's own of a model's parameters.

Importing this module does not import torch, so that a wrong setting is told at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Protocol

from annotated_types import Len

from seqtrain.ranges import Fraction, NonNegative, Positive

if TYPE_CHECKING:
    from torch.optim import Optimizer

Betas = Annotated[list[Fraction], Len(2, 2)]


class OptimizerFactory(Protocol):
    """Makes an optimizer of parameters, or of groups of them."""

    def __call__(self, parameters: Any) -> Optimizer: ...


class Adam:
    """Adam (Kingma and Ba 2015).

    Args:
        lr: learning rate; the highest of a schedule.
        betas: decay of the running means of the gradient and of its square; 0.99 suits short trainings.
        eps: added to the denominator, for stability.
        weight_decay: L2 penalty, added to the gradient.
        amsgrad: divide by the largest mean square so far (Reddi et al. 2018).
    """

    def __init__(
        self,
        *,
        lr: Positive = 3e-3,
        betas: Betas = [0.9, 0.99],  # noqa: B006 (never written to)
        eps: Positive = 1e-8,
        weight_decay: NonNegative = 0.0,
        amsgrad: bool = False,
    ) -> None:
        self._settings: dict[str, Any] = {
            "lr": lr,
            "betas": tuple(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
        }

    def __call__(self, parameters: Any) -> Optimizer:
        from seqtrain import quick_adam

        return quick_adam.Adam(parameters, fused=True, **self._settings)


class AdamW:
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019).

    Args:
        lr: learning rate; the highest of a schedule.
        betas: decay of the running means of the gradient and of its square; 0.99 suits short trainings.
        eps: added to the denominator, for stability.
        weight_decay: share of a weight taken off at each step, times the learning rate.
        amsgrad: divide by the largest mean square so far (Reddi et al. 2018).
    """

    def __init__(
        self,
        *,
        lr: Positive = 3e-3,
        betas: Betas = [0.9, 0.99],  # noqa: B006 (never written to)
        eps: Positive = 1e-8,
        weight_decay: NonNegative = 0.01,
        amsgrad: bool = False,
    ) -> None:
        self._settings: dict[str, Any] = {
            "lr": lr,
            "betas": tuple(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
        }

    def __call__(self, parameters: Any) -> Optimizer:
        from seqtrain import quick_adam

        return quick_adam.AdamW(parameters, fused=True, **self._settings)


class SGD:
    """Stochastic gradient descent with momentum.

    Args:
        lr: learning rate; the highest of a schedule.
        momentum: decay of the running sum of gradients.
        nesterov: look ahead along the momentum (Sutskever et al. 2013); needs momentum.
        weight_decay: L2 penalty, added to the gradient.
    """

    def __init__(
        self,
        *,
        lr: Positive = 0.1,
        momentum: Fraction = 0.9,
        nesterov: bool = False,
        weight_decay: NonNegative = 0.0,
    ) -> None:
        from seqtrain.errors import WrongInput

        if nesterov and not momentum:
            raise WrongInput("nesterov is true but momentum is 0: raise optimizer.momentum")
        self._settings: dict[str, Any] = {
            "lr": lr,
            "momentum": momentum,
            "nesterov": nesterov,
            "weight_decay": weight_decay,
        }

    def __call__(self, parameters: Any) -> Optimizer:
        from torch import optim

        return optim.SGD(parameters, fused=True, **self._settings)


class RMSprop:
    """RMSprop (Tieleman and Hinton 2012, lecture 6e).

    Args:
        lr: learning rate; the highest of a schedule.
        alpha: decay of the running mean of the squared gradient.
        eps: added to the denominator, for stability.
        momentum: decay of the running sum of steps.
        centered: divide by the gradient's deviation from its mean (Graves 2013).
        weight_decay: L2 penalty, added to the gradient.
    """

    def __init__(
        self,
        *,
        lr: Positive = 1e-3,
        alpha: Fraction = 0.99,
        eps: Positive = 1e-8,
        momentum: Fraction = 0.0,
        centered: bool = False,
        weight_decay: NonNegative = 0.0,
    ) -> None:
        self._settings: dict[str, Any] = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "momentum": momentum,
            "centered": centered,
            "weight_decay": weight_decay,
        }

    def __call__(self, parameters: Any) -> Optimizer:
        from torch import optim

        return optim.RMSprop(parameters, foreach=True, **self._settings)

"""Gradient clipping that works with fused optimizers and gradient scalers."""

from typing import Any

from torch import nn
from torch.optim import Optimizer


def clip_gradients(
    optimizer: Optimizer, scaler: Any, limit: float, algorithm: str | None = None
) -> None:
    """Clip the gradients of all of an optimizer's parameters.

    Lightning refuses to clip for an optimizer that unscales gradients in its own step, as fused
    ones do, even in bf16 where nothing is scaled. With a scaler, the gradients of such an optimizer
    are unscaled here first, and its step then uses them unchanged.

    Args:
        scaler: torch's GradScaler; None if nothing is scaled.
        limit: the largest norm of all gradients together, or the largest absolute value of each.
        algorithm: "value" for the latter.
    """
    if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
        scaler.unscale_(optimizer)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if algorithm == "value":
        nn.utils.clip_grad_value_(parameters, limit)
    else:
        nn.utils.clip_grad_norm_(parameters, limit)

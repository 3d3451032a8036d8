"""Parts that pull at the trunk alike, whatever the scale of their losses."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

MEMORY = 0.95  # weight of the past in a part's mean gradient norm, per step


class _Gate(torch.autograd.Function):
    """Hands parameters on unchanged, and scales and measures their gradients.

    All gradients of one part's pass arrive here together. So one backward pass per step is enough,
    and it takes no longer.
    """

    @staticmethod
    def forward(ctx: Any, meter: Tensor, scale: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        ctx.save_for_backward(scale)
        ctx.strides = [parameter.stride() for parameter in parameters]
        return tuple(parameter.view_as(parameter) for parameter in parameters)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (scale,) = ctx.saved_tensors
        squares = torch.stack([gradient.float().square().sum() for gradient in gradients]).sum()
        # several processes want the strides of the parameters, which a product need not have
        scaled = (
            gradient.new_empty_strided(gradient.shape, strides).copy_(gradient * scale)
            for gradient, strides in zip(gradients, ctx.strides, strict=True)
        )
        return squares, None, *scaled


def _meter(device: torch.device) -> Tensor:
    """A scalar whose gradient is the sum of what the backward passes of a step add to it.

    It stores copies, since the next replay of a CUDA graph overwrites what the graph returned.
    """
    meter = torch.zeros((), device=device, requires_grad=True)
    meter.register_hook(Tensor.clone)  # type: ignore[no-untyped-call]
    return meter


class GradientBalance(nn.Module):
    """Scales each part's gradient of the trunk to a norm that its number of losses decides.

    GradNorm (arXiv 1711.02257) also aims at equal norms, and learns weights of the losses for it;
    its exponent alpha is 0 here. Instead, the norm of each part's gradient is measured in every
    step, over all weights of the trunk, and the scale follows from it at once. The norms are
    running means, so that no single batch decides. The heads' gradients do not change.

    A part with several losses counts as several: a detector learns boxes and classes, and pulls
    twice as hard as a classifier. The mean of the norms does not change.

    Norms and counts are buffers, so an interrupted run continues with them.

    Args:
        names: of the parts.
    """

    norms: Tensor
    losses: Tensor
    measured: Tensor

    def __init__(self, names: Sequence[str]):
        super().__init__()
        self.names = list(names)
        self.register_buffer("norms", torch.ones(len(names)))
        self.register_buffer("losses", torch.ones(len(names)))  # how many a part has
        self.register_buffer("measured", torch.zeros(len(names), dtype=torch.bool))
        # what the backward pass adds a part's squared norm to: no parameter, so neither the
        # optimizer nor the clipping sees it
        self._meters: dict[str, Tensor] = {}
        self._counted: dict[str, int] = {}

    def scales(self) -> Tensor:
        """What each part's gradient is multiplied by, float[P]; 1 before all have been measured."""
        wanted = self.norms.mean() * self.losses / self.losses.mean()
        scales = wanted / self.norms.clamp(min=torch.finfo(torch.float32).tiny)
        return torch.where(self.measured.all(), scales, torch.ones_like(scales))

    def count(self, name: str, losses: int) -> None:
        """Say how many losses a part has."""
        if self._counted.get(name) != losses:  # written once, as it waits for the device
            self._counted[name] = losses
            self.losses[self.names.index(name)] = losses

    def begin(self) -> None:
        """Start to measure a step, unless it has begun and accumulates gradients."""
        if self._meters:
            return
        device = self.norms.device
        self._meters = {name: _meter(device) for name in self.names}
        self._scales = dict(zip(self.names, self.scales().unbind(), strict=True))

    def gated(self, name: str, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Parameters for a part's pass in their place, by name; those that learn are gated."""
        learning = {key: p for key, p in parameters.items() if p.requires_grad}
        if not learning or name not in self._meters:
            return {}
        gated = _Gate.apply(self._meters[name], self._scales[name], *learning.values())
        return dict(zip(learning, gated, strict=True))

    @torch.no_grad()
    def end(self, scaler: torch.amp.GradScaler | None, processes: int) -> None:
        """Take the norms of the step into the running means.

        Args:
            scaler: that enlarged the loss, if any.
            processes: that train together; each measured its own images.
        """
        device = self.norms.device
        nothing = torch.zeros((), device=device)
        found = [nothing if meter.grad is None else meter.grad for meter in self._meters.values()]
        squares = torch.stack(found)
        if processes > 1:
            torch.distributed.all_reduce(squares)
            squares /= processes
        norms = squares.sqrt()
        if scaler is not None:
            norms /= scaler.scale(torch.ones((), device=device))
        # a part has no gradient where the step had no batch of it, and none to use where it
        # overflowed in float16
        known = norms.isfinite() & (norms > 0)
        mean = torch.where(self.measured, torch.lerp(norms, self.norms, MEMORY), norms)
        self.norms.copy_(torch.where(known, mean, self.norms))
        self.measured |= known
        self._meters = {}

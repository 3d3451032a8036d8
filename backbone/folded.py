"""Batch norm that was folded into the convolutions of a file, made explicit again."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from backbone.evaluating import evaluating

CONV, BN = ".conv", ".bn"


def unfolded(state: Mapping[str, Tensor], eps: float) -> dict[str, Tensor]:
    """Give each layer that has a bias but no batch norm a batch norm that adds this bias.

    The network's answers are those of the file. The running statistics are not those of any images,
    so `adopt_statistics` should set them before the network is trained.

    Args:
        state: tensors under this project's names.
        eps: batch norm's epsilon in the network.
    """
    made = dict(state)
    for key, bias in state.items():
        layer = key.removesuffix(f"{CONV}.bias")
        if layer == key or f"{layer}{BN}.weight" in state:
            continue
        del made[key]
        made[f"{layer}{BN}.weight"] = torch.ones_like(bias)
        made[f"{layer}{BN}.bias"] = bias
        made[f"{layer}{BN}.running_mean"] = torch.zeros_like(bias)
        made[f"{layer}{BN}.running_var"] = torch.full_like(bias, 1 - eps)
    return made


def batch_statistics(
    network: nn.Module, batches: Iterable[Tensor]
) -> dict[nn.BatchNorm2d, tuple[Tensor, Tensor]]:
    """Mean and variance of each batch norm's input over images, per channel, in evaluation.

    Args:
        network: called on each batch; it keeps its mode.
        batches: float[B, 3, H, W], normalised.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    sums: dict[nn.BatchNorm2d, list[Any]] = {norm: [0.0, 0.0, 0] for norm in norms}

    def note(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        values = inputs[0].double()
        total = sums[norm]
        total[0] += values.sum((0, 2, 3))
        total[1] += values.square().sum((0, 2, 3))
        total[2] += values.shape[0] * values.shape[2] * values.shape[3]

    with evaluating(network), ExitStack() as hooks:
        for norm in norms:
            hooks.enter_context(norm.register_forward_pre_hook(note))
        for batch in batches:
            network(batch)
    found = {}
    for norm, (total, squares, count) in sums.items():
        if count:
            mean = total / count
            found[norm] = (mean.float(), (squares / count - mean.square()).clamp(min=0).float())
    return found


def adopt_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set every batch norm's running statistics to those of images, without changing its answers.

    Scale and offset change with the statistics, so that in evaluation the network computes the
    same, and training starts from there. A batch norm without learnable parameters is not changed.

    Args:
        network, batches: as in `batch_statistics`.
    """
    for norm, (mean, variance) in batch_statistics(network, batches).items():
        if not norm.weight.requires_grad:
            continue
        assert norm.running_mean is not None
        assert norm.running_var is not None
        with torch.no_grad():
            before = (norm.running_var + norm.eps).sqrt()
            norm.bias.add_(norm.weight * (mean - norm.running_mean) / before)
            norm.weight.mul_((variance + norm.eps).sqrt() / before)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)

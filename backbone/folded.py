"""Batch norm that a file has folded into its convolutions, made explicit again."""

from collections.abc import Mapping

import torch
from torch import Tensor

CONV, BN = ".conv", ".bn"


def unfolded(state: Mapping[str, Tensor], eps: float) -> dict[str, Tensor]:
    """Tensors in which a layer with a bias but without batch norm gets one that adds the bias.

    The network's answers are those of the file. Its running statistics are not those of any
    images, so `measure_statistics` should set them before it is trained.

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

"""A check for batch norms that would get a single value per channel, which has no variance."""

from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from backbone.errors import InputError
from backbone.evaluating import evaluating
from tasks.training.learner import Learner

LISTED = 3  # layers that a message names


def check_batch_norm(
    task: Learner[Any], images: int, size: tuple[int, int], option: str = "data.batch_size"
) -> None:
    """Raise InputError if training would give a batch norm a single value per channel.

    This happens with one image per step if a feature map has one pixel.

    Args:
        task: before its training.
        images: per process and step.
        size: (h, w) of the network's input.
        option: that sets the images per step.
    """
    if images > 1:
        return
    task.train()
    task.recipe.set_trunk_mode(task.head.trunk, task.recipe.freeze_trunk_epochs)
    layers: dict[nn.Module, str] = {
        layer: name
        for name, layer in task.head.named_modules()
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.training
    }
    alone: list[str] = []

    def look(layer: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        maps = given[0]
        if maps.numel() == maps.shape[1]:
            alone.append(layers[layer])

    # in evaluation mode the layers neither raise nor learn
    with evaluating(task), ExitStack() as hooks:
        for layer in layers:
            hooks.enter_context(layer.register_forward_pre_hook(look))
        task.network(torch.zeros(1, 3, *size, device=task.device))
    if alone:
        more = f" and {len(alone) - LISTED} more" if len(alone) > LISTED else ""
        raise InputError(
            f"{option}: with one image per step and device, batch norm gets a single value "
            f"per channel in {', '.join(alone[:LISTED])}{more}, whose feature maps are 1 x 1 at "
            f"size {size[0]} x {size[1]}. Train on 2 or more images per step ({option}=2, "
            "and as many training images for each device), or on larger images (size=...)"
        )

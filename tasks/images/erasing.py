"""Random erasing (arXiv 1708.04896) of whole batches on any device."""

import math

import torch
from torch import Tensor

AREA = 0.02, 1 / 3  # of the rectangle, as a share of the image's
RATIO = 0.3, 1 / 0.3  # height of the rectangle over its width


def erase(images: Tensor, probability: float) -> Tensor:
    """Fill a rectangle of some normalised images with noise of mean 0 and standard deviation 1.

    This is timm's `--remode pixel`. Random numbers come from the global generator of the images'
    device.

    Args:
        images: float[B, 3, H, W].
        probability: that a rectangle of an image is erased, 0..1.
    """
    count, height, width = len(images), *images.shape[2:]
    erased, area, ratio, y, x = torch.rand(5, count, 1, device=images.device).unbind()
    area = height * width * (AREA[0] + area * (AREA[1] - AREA[0]))
    low, high = map(math.log, RATIO)
    ratio = torch.exp(low + ratio * (high - low))
    tall, wide = (area * ratio).sqrt().clamp(max=height), (area / ratio).sqrt().clamp(max=width)
    inside = _between(y * (height - tall), tall, height)[:, :, None]
    inside = inside & _between(x * (width - wide), wide, width)[:, None, :]
    inside = inside & (erased < probability)[:, :, None]
    return torch.where(inside[:, None], torch.randn_like(images), images)


def _between(start: Tensor, length: Tensor, size: int) -> Tensor:
    """bool[B, size]: which of 0..size-1 lie in a span, given its start float[B, 1] and length."""
    place = torch.arange(size, device=start.device) + 0.5
    return (start <= place) & (place < start + length)

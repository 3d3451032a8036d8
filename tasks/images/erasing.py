"""Random erasing (arXiv 1708.04896) of whole batches on any device."""

import math

import torch
from torch import Tensor

AREA = 0.02, 1 / 3  # of the rectangle, as a share of the image
RATIO = 0.3, 1 / 0.3  # of its height to its width


def erase(images: Tensor, probability: float) -> Tensor:
    """Normalised images, of some of which a rectangle is noise of mean 0 and deviation 1.

    So timm erases with `--remode pixel`. Random numbers come from the global generator of the
    images' device.

    Args:
        images: float[B, 3, H, W].
        probability: that an image is erased, 0..1.
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
    """bool[B, size]: which of 0..size-1 lie in a span, by start float[B, 1] and length."""
    place = torch.arange(size, device=start.device) + 0.5
    return (start <= place) & (place < start + length)

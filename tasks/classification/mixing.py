"""Mixtures of two images and their classes: mixup and CutMix, of whole batches on any device."""

import torch
from torch import Tensor


def mix(images: Tensor, mixup: float, cutmix: float) -> tuple[Tensor, Tensor, Tensor]:
    """Mix each image of a batch with another one, drawn from the batch.

    If both are above 0, each is applied to half of the images. Random numbers come from the global
    generator of the images' device.

    Args:
        images: float[B, 3, H, W].
        mixup: alpha of Beta(alpha, alpha), from which the share of the own image is drawn (arXiv
            1710.09412); 0: no mixup.
        cutmix: likewise, for the area that is left when a rectangle of the other image is pasted
            (arXiv 1905.04899); 0: no CutMix.

    Returns:
        The mixtures; the share float[B] of the own image; the row int64[B] of the other one.
    """
    count, device = len(images), images.device
    partner = torch.randperm(count, device=device)
    if mixup:
        share = beta(mixup, count, device)
        mixed = torch.lerp(images[partner], images, share[:, None, None, None])
        if not cutmix:
            return mixed, share, partner
    inside = rectangles(beta(cutmix, count, device), *images.shape[2:])
    pasted = torch.where(inside[:, None], images[partner], images)
    left = 1 - inside.float().mean((1, 2))
    if not mixup:
        return pasted, left, partner
    cut = torch.rand(count, device=device) < 0.5
    return (
        torch.where(cut[:, None, None, None], pasted, mixed),
        torch.where(cut, left, share),
        partner,
    )


def beta(alpha: float, count: int, device: torch.device) -> Tensor:
    """float[count] of the Beta(alpha, alpha) distribution."""
    parameter = torch.full((count,), float(alpha), device=device)
    # without validation, which would wait for the device
    return torch.distributions.Beta(parameter, parameter, validate_args=False).sample()


def rectangles(left: Tensor, height: int, width: int) -> Tensor:
    """bool[B, height, width]: a rectangle in each image, with its shape, around a random centre.

    Args:
        left: float[B], the share of the area outside it, if it lies entirely within the image.
    """
    half = (1 - left).sqrt()[:, None] / 2
    spans = []
    for size in (height, width):
        place = (torch.arange(size, device=left.device) + 0.5) / size
        centre = torch.rand(len(left), 1, device=left.device)
        spans.append((place - centre).abs() < half)
    return spans[0][:, :, None] & spans[1][:, None, :]

"""RandAugment (arXiv 1909.13719) of whole batches on any device."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from tasks.images.files import PADDING

STRONGEST = 30.0
Matrix = Callable[[float, int, int], list[float]]
"""(strength from -1 to 1, height, width) -> the affine map from a place (x, y) in the result to its
place in the image, in pixels from the top left: x = a x + b y + c, y = d x + e y + f."""
Change = Callable[[Tensor, float], Tensor]
"""(uint8[n, 3, H, W], strength from -1 to 1) -> the changed images."""


def _rotation(m: float, height: int, width: int) -> list[float]:
    cos, sin = math.cos(math.radians(30 * m)), math.sin(math.radians(30 * m))
    x, y = width / 2, height / 2
    return [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y]


MOVES: dict[str, Matrix] = {
    "ShearX": lambda m, height, width: [1, 0.3 * m, 0, 0, 1, 0],
    "ShearY": lambda m, height, width: [1, 0, 0, 0.3 * m, 1, 0],
    "TranslateX": lambda m, height, width: [1, 0, -int(150 / 331 * width * m), 0, 1, 0],
    "TranslateY": lambda m, height, width: [1, 0, 0, 0, 1, -int(150 / 331 * height * m)],
    "Rotate": _rotation,
}
"""Operations in both directions; all images that drew one of them are moved together."""


def moved_by(images: Tensor, matrices: Tensor) -> Tensor:
    """Move images uint8[n, 3, H, W] by matrices float[n, 2, 3] of `Matrix`, with PADDING around."""
    y, x = (torch.arange(n, device=images.device) + 0.5 for n in images.shape[2:])
    a, b, c = matrices[:, None, None].unbind(-1)  # [n, 1, 1, 2] each
    place = a * x[:, None] + b * y[:, None, None] + c
    grid = torch.stack(
        [2 * place[..., axis] / n - 1 for axis, n in enumerate(reversed(images.shape[2:]))], -1
    )
    found = torch.nn.functional.grid_sample(
        images.float() - PADDING, grid, "bilinear", "zeros", align_corners=False
    )
    return (found + PADDING).round().to(torch.uint8)


def _sharpened(images: Tensor, factor: float) -> Tensor:
    """torchvision's `adjust_sharpness`, without the copy of its kernel from the host."""
    result = images.float()
    inner = result[:, :, 1:-1, 1:-1]
    smooth = (9 * torch.nn.functional.avg_pool2d(result, 3, 1) + 4 * inner) / 13
    inner.copy_(torch.lerp(smooth.round(), inner, factor))
    return result.clamp_(0, 255).to(torch.uint8)


SIGNED: dict[str, Change] = {
    "Brightness": lambda x, m: F.adjust_brightness(x, 1 + 0.9 * m),
    "Color": lambda x, m: F.adjust_saturation(x, 1 + 0.9 * m),
    "Contrast": lambda x, m: F.adjust_contrast(x, 1 + 0.9 * m),
    "Sharpness": lambda x, m: _sharpened(x, 1 + 0.9 * m),
}
"""Operations in both directions."""
CHANGES: dict[str, Change] = SIGNED | {
    "Identity": lambda x, m: x,
    "Posterize": lambda x, m: F.posterize(x, round(8 - 4 * abs(m))),
    "Solarize": lambda x, m: F.solarize(x, 255 * (1 - abs(m))),
    "AutoContrast": lambda x, m: F.autocontrast(x),
    "Equalize": lambda x, m: F.equalize(x),
}
NAMES = [*MOVES, *CHANGES]
"""The fourteen operations of the paper, as in torchvision's RandAugment."""


def rand_augment(images: Tensor, operations: int, magnitude: float) -> Tensor:
    """Change each image by operations that are drawn for it.

    torchvision's own class draws one operation for a whole batch. Here the images that drew the
    same operation are changed together, so the number of calls does not grow with the batch. Random
    numbers come from the CPU's global generator, so nothing waits for the device.

    Args:
        images: uint8[B, 3, H, W].
        operations: how many, one after the other.
        magnitude: strength of all of them, 0..30.
    """
    images = images.clone()
    strength = magnitude / STRONGEST
    matrices = torch.tensor(
        [[of(sign * strength, *images.shape[2:]) for sign in (-1, 1)] for of in MOVES.values()]
    ).view(len(MOVES), 2, 2, 3)
    for _ in range(operations):
        choices = torch.randint(len(NAMES), (len(images),))
        up = torch.randint(2, (len(images),))
        rows = (choices < len(MOVES)).nonzero()[:, 0]
        if len(rows):
            own = matrices[choices[rows], up[rows]]
            rows, own = (_handed(values, images.device) for values in (rows, own))
            images[rows] = moved_by(images[rows], own)
        for number, (name, change) in enumerate(CHANGES.items(), start=len(MOVES)):
            for sign in (0, 1) if name in SIGNED else (None,):
                chosen = choices == number
                rows = (chosen if sign is None else chosen & (up == sign)).nonzero()[:, 0]
                if name == "Identity" or not len(rows):
                    continue
                rows = _handed(rows, images.device)
                images[rows] = change(images[rows], -strength if sign == 0 else strength)
    return images


def _handed(values: Tensor, device: torch.device) -> Tensor:
    """Values of the host on a device, copied without waiting."""
    return (values.pin_memory() if device.type == "cuda" else values).to(device, non_blocking=True)

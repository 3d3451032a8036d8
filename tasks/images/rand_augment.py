"""RandAugment (arXiv 1909.13719) of whole batches on any device."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from tasks.images.files import PADDING

STRONGEST = 30.0
Change = Callable[[Tensor, float], Tensor]
"""(uint8[n, 3, H, W], strength from -1 to 1) -> the same, changed."""


def _moved(images: Tensor, x: float = 0.0, y: float = 0.0) -> Tensor:
    changed: Tensor = F.affine(images, 0.0, [int(x), int(y)], 1.0, [0.0, 0.0], fill=[PADDING])
    return changed


def _sheared(images: Tensor, x: float = 0.0, y: float = 0.0) -> Tensor:
    angles = [math.degrees(math.atan(x)), math.degrees(math.atan(y))]
    bilinear = InterpolationMode.BILINEAR
    changed: Tensor = F.affine(images, 0.0, [0, 0], 1.0, angles, bilinear, [PADDING], [0.0, 0.0])
    return changed


def _rotated(images: Tensor, angle: float) -> Tensor:
    changed: Tensor = F.rotate(images, angle, InterpolationMode.BILINEAR, fill=[PADDING])
    return changed


SIGNED: dict[str, Change] = {
    "ShearX": lambda x, m: _sheared(x, x=0.3 * m),
    "ShearY": lambda x, m: _sheared(x, y=0.3 * m),
    "TranslateX": lambda x, m: _moved(x, x=150 / 331 * x.shape[-1] * m),
    "TranslateY": lambda x, m: _moved(x, y=150 / 331 * x.shape[-2] * m),
    "Rotate": lambda x, m: _rotated(x, 30 * m),
    "Brightness": lambda x, m: F.adjust_brightness(x, 1 + 0.9 * m),
    "Color": lambda x, m: F.adjust_saturation(x, 1 + 0.9 * m),
    "Contrast": lambda x, m: F.adjust_contrast(x, 1 + 0.9 * m),
    "Sharpness": lambda x, m: F.adjust_sharpness(x, 1 + 0.9 * m),
}
"""Of both directions."""
CHANGES: dict[str, Change] = SIGNED | {
    "Identity": lambda x, m: x,
    "Posterize": lambda x, m: F.posterize(x, round(8 - 4 * abs(m))),
    "Solarize": lambda x, m: F.solarize(x, 255 * (1 - abs(m))),
    "AutoContrast": lambda x, m: F.autocontrast(x),
    "Equalize": lambda x, m: F.equalize(x),
}
"""The fourteen of the paper, as torchvision's RandAugment has them."""


def rand_augment(images: Tensor, operations: int, magnitude: float) -> Tensor:
    """Change each image by operations that are drawn for it.

    torchvision's own class draws one operation for a whole batch. Here images that drew the same
    one are changed together, by torchvision's functions, so the number of calls does not grow with
    the batch. What is drawn comes from the CPU's global generator: nothing waits for the device.

    Args:
        images: uint8[B, 3, H, W].
        operations: how many, one after the other.
        magnitude: of all of them, 0..30.
    """
    names = list(CHANGES)
    images = images.clone()
    for _ in range(operations):
        choices = torch.randint(len(names), (len(images),))
        signs = torch.randint(2, (len(images),)) * 2 - 1
        for number, name in enumerate(names):
            for sign in (1, -1) if name in SIGNED else (0,):
                chosen = choices == number
                rows = (chosen & (signs == sign) if sign else chosen).nonzero()[:, 0]
                if name == "Identity" or not len(rows):
                    continue
                rows = rows.to(images.device, non_blocking=True)
                strength = (sign or 1) * magnitude / STRONGEST
                images[rows] = CHANGES[name](images[rows], strength)
    return images

"""From batches of uint8 images to a trunk's input, on the device.

Training, validation and prediction all use it; nothing else normalises images.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tasks.images.erasing import erase
from tasks.images.rand_augment import rand_augment

# luma of ITU-R BT.601, what libjpeg and PIL call greyscale
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training images, on the device. With all at zero nothing changes.

    Args:
        flip: probability of a horizontal flip, 0..1.
        brightness: largest offset, on the 0..1 scale.
        contrast: the factor around mid-grey is drawn from 1 - contrast .. 1 + contrast.
        saturation: likewise, around each pixel's own grey.
        operations: number of RandAugment operations per image, before all other changes; see
            `rand_augment`.
        magnitude: strength of these, 0..30.
        erase: probability that a rectangle of an image becomes noise; see `erase`.
    """

    flip: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    operations: int = 0
    magnitude: float = 9.0
    erase: float = 0.0


class Preprocess(nn.Module):
    """Normalise images, and in training also flip them and change their colours.

    Brightness, contrast and saturation are all affine in RGB, so the colour change of an image is
    one 3x3 matrix and one offset, applied in one product.

    Args:
        normalization: the trunk's (mean, std) on the 0..1 scale.
        augmentation: the random changes in training; None: no changes.
    """

    mean: Tensor
    std: Tensor
    luma: Tensor

    def __init__(
        self,
        normalization: tuple[Sequence[float], Sequence[float]],
        augmentation: Augmentation | None = None,
    ):
        super().__init__()
        self.augmentation = augmentation
        mean, std = normalization
        self.register_buffer("mean", torch.tensor(mean), persistent=False)
        self.register_buffer("std", torch.tensor(std), persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """uint8[B, 3, H, W] -> float32[B, 3, H, W] normalised; keeps channels_last."""
        scale = 1 / (255 * self.std)
        shift = self.mean / self.std
        # always a copy, since a float32 input would otherwise be normalised in place
        pixels = images.to(torch.float32, copy=True)
        return pixels.mul_(scale[:, None, None]).sub_(shift[:, None, None])

    def augment(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images with the changes of the augmentation, and which were flipped, bool[B].

        Random numbers come from the global generator of the images' device, those of RandAugment
        from the CPU's. Without an augmentation none are drawn.

        Args:
            images: uint8[B, 3, H, W], or the same range in floating point without RandAugment.
        """
        by = self.augmentation
        if by is None:
            return self(images), torch.zeros(len(images), dtype=torch.bool, device=images.device)
        if by.operations:
            images = rand_augment(images, by.operations, by.magnitude)
        images, flipped = self.flip_and_colour(images, by)
        return (erase(images, by.erase) if by.erase else images), flipped

    def flip_and_colour(self, images: Tensor, by: Augmentation) -> tuple[Tensor, Tensor]:
        """Normalised images with random flips and colours, and which were flipped, bool[B]."""
        count, device = len(images), images.device
        flipped = torch.rand(count, device=device) < by.flip
        images = torch.where(flipped[:, None, None, None], images.flip(3), images)
        if not (by.brightness or by.contrast or by.saturation):
            return self(images), flipped

        def draw(width: float) -> Tensor:
            return torch.empty(count, 1, 1, device=device).uniform_(-width, width)

        contrast, saturation = 1 + draw(by.contrast), 1 + draw(by.saturation)
        colour = saturation * torch.eye(3, device=device) + (1 - saturation) * self.luma
        colour = contrast * colour
        offset = draw(by.brightness) + (1 - contrast) / 2
        # jittered = colour @ pixel / 255 + offset, clamped to 0..1, then normalised. The clamp in
        # between makes the normalisation a second, in-place pass.
        with torch.autocast(device.type, enabled=False):
            pixels = images.permute(0, 2, 3, 1).reshape(count, -1, 3).float()
            jittered = torch.baddbmm(offset, pixels, colour.transpose(1, 2) / 255)
        jittered = jittered.clamp_(0, 1).sub_(self.mean).div_(self.std)
        height, width = images.shape[2:]
        return jittered.view(count, height, width, 3).permute(0, 3, 1, 2), flipped

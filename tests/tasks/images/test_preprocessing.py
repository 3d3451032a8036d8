"""Flips and colours, against torchvision's one-image functions."""

import pytest
import torch
from torchvision.transforms.v2 import functional as F

from tasks.images.preprocessing import Augmentation, Preprocess

HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def images(count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (count, 24, 31, 3)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8).permute(0, 3, 1, 2)


def test_normalises_as_torchvision_does_and_keeps_channels_last():
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    ours = Preprocess((mean, std))(images())
    torch.testing.assert_close(ours, F.normalize(images().float() / 255, mean, std))
    assert ours.is_contiguous(memory_format=torch.channels_last)


def test_flips_the_images_it_says_it_flipped():
    torch.manual_seed(0)
    x = images(64)
    out, flipped = Preprocess(HALF, Augmentation(flip=0.5)).augment(x)
    assert 10 < flipped.sum() < 54
    plain = Preprocess(HALF)(x)
    torch.testing.assert_close(out[flipped], plain[flipped].flip(3))
    torch.testing.assert_close(out[~flipped], plain[~flipped])


def test_saturation_is_a_blend_with_grey():
    """With a factor of 0 an image is grey, with the luma that PIL uses."""
    torch.manual_seed(0)
    x = images(1)
    out, _ = Preprocess(HALF, Augmentation(saturation=1.0)).augment(x)
    pixels = (out * 0.5 + 0.5)[0].flatten(1)
    grey = F.rgb_to_grayscale(x.float() / 255)[0].flatten(1)
    # out = s x + (1 - s) grey, one s for the whole image, where nothing was clamped
    inside = ((pixels > 0.01) & (pixels < 0.99)).all(0)
    difference = (x[0].flatten(1).float() / 255 - grey)[:, inside]
    factor = ((pixels[:, inside] - grey[:, inside]) * difference).sum() / difference.square().sum()
    torch.testing.assert_close(
        pixels[:, inside], grey[:, inside] + factor * difference, rtol=0, atol=2e-3
    )
    assert not torch.isclose(factor, torch.tensor(1.0), atol=1e-3)


def test_brightness_moves_every_pixel_of_an_image_alike():
    torch.manual_seed(0)
    x = images() // 4 + 96  # mid-grey: nothing is clamped
    out, _ = Preprocess(HALF, Augmentation(brightness=0.2)).augment(x)
    moved = (out - Preprocess(HALF)(x)).flatten(1)
    assert moved.std(1).max() < 1e-5
    assert moved.mean(1).unique().numel() == len(x), "each image has its own"
    assert moved.abs().max() <= 0.2 / 0.5 + 1e-5


def test_contrast_keeps_mid_grey():
    torch.manual_seed(0)
    grey = torch.full((3, 3, 8, 8), 127, dtype=torch.uint8)
    out, _ = Preprocess(HALF, Augmentation(contrast=0.5)).augment(grey)
    assert out.abs().max() < 0.01


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_draws_the_same(seed):
    augmentation = Augmentation(flip=0.5, brightness=0.1, contrast=0.3, saturation=0.3)
    preprocess = Preprocess(HALF, augmentation)
    outputs = []
    for s in (seed, seed, seed + 10):
        torch.manual_seed(s)
        outputs.append(preprocess.augment(images())[0])
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_without_an_augmentation_nothing_is_drawn():
    torch.manual_seed(0)
    out, flipped = Preprocess(HALF).augment(images())
    assert torch.equal(out, Preprocess(HALF)(images()))
    assert not flipped.any()
    after = torch.rand(3)
    torch.manual_seed(0)
    assert torch.equal(after, torch.rand(3)), "the run's generator is untouched"


def test_an_augmentation_of_zeros_changes_nothing():
    out, flipped = Preprocess(HALF, Augmentation()).augment(images())
    assert torch.equal(out, Preprocess(HALF)(images()))
    assert not flipped.any()

"""Rectangles of noise: how many images have one, where, and how large."""

import torch

from tasks.images.erasing import erase


def erased(probability: float, height: int = 50, width: int = 80) -> torch.Tensor:
    """bool[B, height, width], what became noise of images of zeros."""
    torch.manual_seed(0)
    images = torch.zeros(600, 3, height, width)
    return (erase(images, probability) != 0).all(1)


def test_some_images_lose_a_rectangle():
    hit = erased(0.25)
    assert 110 < hit.any(2).any(1).sum() < 190
    for one in hit[hit.any(2).any(1)]:
        rows, columns = one.any(1), one.any(0)
        assert torch.equal(one, rows[:, None] & columns)
        for line in (rows, columns):
            assert (line.int().diff().abs().sum()) <= 2, "in one piece"


def test_areas_are_those_of_the_paper():
    share = erased(1.0).float().mean((1, 2))
    assert share.min() > 0.005
    assert share.max() < 0.36
    assert abs(share.mean() - (0.02 + 1 / 3) / 2) < 0.03


def test_all_places_but_the_very_corners_are_hit():
    assert erased(1.0).any(0).float().mean() > 0.97


def test_noise_is_standard():
    torch.manual_seed(0)
    pixels = erase(torch.zeros(100, 3, 40, 40), 1.0)
    noise = pixels[pixels != 0]
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - 1) < 0.02

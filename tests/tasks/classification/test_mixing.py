"""Mixtures of two images: what of each is seen, and what of each counts."""

import pytest
import torch

from tasks.classification.mixing import mix


@pytest.fixture
def plain():
    """Images whose every pixel is their own row."""
    torch.manual_seed(0)
    return torch.arange(200.0)[:, None, None, None].expand(200, 3, 20, 30)


def test_cutmix_pastes_a_rectangle_and_counts_its_area(plain):
    mixed, share, partner = mix(plain, 0.0, 1.0)
    for k in range(len(plain)):
        other = mixed[k, 0] == partner[k]
        if partner[k] != k:
            assert ((mixed[k, 0] == k) | other).all()
            assert torch.equal(other, other.any(1)[:, None] & other.any(0))
            assert share[k] == pytest.approx(1 - other.float().mean().item(), abs=1e-6)
    assert share.min() < 0.2
    assert share.max() > 0.8


def test_the_whole_range_of_areas_is_drawn(plain):
    """Of Beta(1, 1), before rectangles that reach over the edge lose a part of theirs."""
    shares = torch.cat([mix(plain, 0.0, 1.0)[1] for _ in range(20)])
    assert 0.5 < shares.mean() < 0.8


def test_with_both_half_of_the_images_are_cut(plain):
    mixed, _, partner = mix(plain, 0.8, 1.0)
    row = torch.arange(200)[:, None, None]
    pure = ((mixed[:, 0] == row) | (mixed[:, 0] == partner[:, None, None])).all(2).all(1)
    assert 70 < pure.sum() < 130


def test_the_same_seed_mixes_alike(plain):
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(mix(plain, 0.2, 1.0))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))

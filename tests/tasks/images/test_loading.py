"""The loaders' crop-resize beside Pillow's own."""

import numpy as np
import pytest
from PIL import Image

from tasks.images import loading
from tasks.images.files import open_image
from tasks.images.loading import crop_resize, load_view

BOXES = [
    None,
    (0.0, 0.0, 200.0, 120.0),
    (10.0, 20.0, 60.0, 90.0),
    (3.3, 7.7, 181.9, 101.2),
    (0.4, 0.0, 1.2, 0.9),
]


def needs_resizer():
    return pytest.mark.skipif(loading.resizer is None, reason="cykooz-resizer is not installed")


@pytest.fixture
def noise():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8))


@needs_resizer()
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("size", [(300, 300), (64, 96), (120, 200), (1, 1)])
def test_pixels_are_pillows(noise, box, size):
    got = crop_resize(noise, box, size).astype(int)
    resized = noise.resize(size[::-1], Image.Resampling.BILINEAR, box=box)
    off = np.abs(got - np.asarray(resized))
    assert off.max() <= 2
    assert off.mean() < 0.4


def test_without_the_package_pillow_resizes(noise, monkeypatch):
    monkeypatch.setattr(loading, "resizer", None)
    for box in BOXES:
        resized = noise.resize((64, 48), Image.Resampling.BILINEAR, box=box)
        assert np.array_equal(crop_resize(noise, box, (48, 64)), resized)


@needs_resizer()
def test_photographs_are_as_pillow_makes_them(shared):
    off = []
    for path in sorted((shared / "coco/val2017").iterdir())[:12]:
        photo = open_image(path)
        width, height = photo.size
        box = (0.1 * width, 0.2 * height, 0.73 * width, 0.91 * height)
        expected = photo.resize((300, 300), Image.Resampling.BILINEAR, box=box)
        off.append(np.abs(load_view(path, (300, 300), box).astype(int) - expected))
    assert np.mean(off) < 0.3
    assert np.max(off) <= 2

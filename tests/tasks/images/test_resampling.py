"""The batched crop-resize beside the loaders'."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from tasks.images.files import PADDING
from tasks.images.loading import crop_resize
from tasks.images.resampling import crop_resize_batch, turn_planes

SIZES = [(120, 200), (77, 31), (300, 64), (1, 1), (3, 250)]  # h, w


def picture(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def planes(pixels):
    return torch.from_numpy(pixels).permute(2, 0, 1)


@pytest.mark.parametrize("size", [(32, 48), (150, 90)])
def test_a_batch_is_resampled_as_its_images_are(size):
    pictures = [picture(*shape) for shape in SIZES]
    boxes = [
        (3.3, 7.7, 181.9, 101.2),
        (0.0, 0.0, 31.0, 77.0),
        (1.0, 100.5, 63.9, 299.99),
        (0.25, 0.0, 1.0, 0.5),
        (0.0, 0.0, 250.0, 3.0),
    ]
    extents = [size, (size[0], 20), (11, size[1]), size, (1, size[1])]
    got = crop_resize_batch([planes(p) for p in pictures], boxes, extents, size)
    assert got.dtype == torch.uint8
    for pixels, box, extent, result in zip(pictures, boxes, extents, got.numpy(), strict=True):
        expected = crop_resize(Image.fromarray(pixels), box, size, extent)
        off = np.abs(result.astype(int) - expected)
        assert off.max() <= 2
        assert off.mean() < 0.5
        assert (result[extent[0] :] == PADDING).all()
        assert (result[:, extent[1] :] == PADDING).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_is_pillows(orientation):
    image = Image.fromarray(picture(5, 8))
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    got = turn_planes(planes(np.asarray(image).copy()), orientation)
    assert np.array_equal(got.permute(1, 2, 0), expected)

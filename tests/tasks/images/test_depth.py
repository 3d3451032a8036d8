"""Images of 10, 12, 14 and 16 bits are neither black nor clipped."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tasks.images.depth import SIGNATURE, to_8_bits
from tasks.images.files import open_image
from tasks.images.loading import load_view

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by the number of channels


def deep_png(path, values, stated=None):
    """A PNG of 16 bits per channel from integers [h, w, channels]; Pillow writes only grey ones."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, channels = values.shape
    kind = COLOUR_TYPES[channels]
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))]
    if stated is not None:
        parts.append(chunk(b"sBIT", bytes([stated] * channels)))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(SIGNATURE + b"".join(parts))
    return path


def ramp(bits, channels=1):
    """Every value of so many bits, or as many as there is room for, the largest among them."""
    values = np.linspace(0, 2**bits - 1, 32 * 32).round().astype(int)
    return np.stack([np.roll(values, k).reshape(32, 32) for k in range(channels)], axis=2)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_largest_value_says_how_many_bits_are_used(tmp_path, bits, channels):
    values = ramp(bits, channels)
    path = deep_png(tmp_path / "x.png", values)
    expected = np.broadcast_to(values >> (bits - 8), (32, 32, 3))
    assert np.array_equal(np.asarray(open_image(path)), expected)
    assert np.array_equal(load_view(path, (32, 32)), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("stated", "shift"), [(None, 2), (8, 2), (12, 4), (16, 8), (200, 8)])
def test_a_dark_image_is_as_dark_as_its_file_says(tmp_path, channels, stated, shift):
    values = ramp(10, channels)  # of which a 12-bit camera uses a quarter of its range
    path = deep_png(tmp_path / "x.png", values, stated)
    assert np.array_equal(np.asarray(open_image(path))[..., :channels], values >> shift)


def test_scaled_values_of_12_bits_are_not_scaled_again(tmp_path):
    """As the PNG specification asks: sBIT says how many bits there were before the scaling."""
    path = deep_png(tmp_path / "x.png", ramp(12) << 4, stated=12)
    assert np.array_equal(np.asarray(open_image(path))[..., :1], ramp(12) >> 4)


@pytest.mark.parametrize("channels", [2, 4])
def test_transparent_pixels_of_deep_images_are_white(tmp_path, channels):
    values = ramp(12, channels)
    values[..., -1] = 4095
    values[:4, :, -1] = 0
    pixels = np.asarray(open_image(deep_png(tmp_path / "x.png", values)))
    assert (pixels[:4] == 255).all()
    assert np.array_equal(pixels[4:, :, :1], values[4:, :, :1] >> 4)


@pytest.mark.parametrize(
    ("name", "options"), [("x.png", {}), ("x.tif", {}), ("x.tif", {"compression": "tiff_lzw"})]
)
def test_a_turned_deep_image_is_turned(tmp_path, name, options):
    exif = Image.Exif()
    exif[0x0112] = 6
    values = ramp(12)[:16, :, 0].astype(np.uint16)
    path = tmp_path / name
    Image.fromarray(values).save(path, exif=exif, **options)
    pixels = np.asarray(open_image(path))
    assert np.array_equal(pixels[..., 0], np.rot90(values >> 4, -1))
    assert np.array_equal(load_view(path, (32, 16)), pixels)


def test_integers_of_any_size():
    assert to_8_bits(np.array([-5, 0, 255])).tolist() == [0, 0, 255]
    assert to_8_bits(np.array([-5, 0, 2**31 - 1])).tolist() == [0, 0, 127]
    assert to_8_bits(np.zeros((0, 3), int)).shape == (0, 3)

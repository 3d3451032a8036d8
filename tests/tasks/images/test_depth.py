"""Images of 10, 12, 14 and 16 bits are neither black nor clipped."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.images.depth import SIGNATURE, to_8_bits
from tasks.images.files import open_image
from tasks.images.headers import look
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


def deep_tiff(path, values, order="<", deflate=False, planar=False, bits=16, orientation=1):
    """A TIFF of 16 bits per channel, or of fewer that are packed; Pillow writes only grey ones."""
    height, width, channels = values.shape
    rows = values.transpose(2, 0, 1) if planar else values
    content = rows.astype(f"{order}u2").tobytes()
    if bits != 16:
        parts = (values.reshape(height, -1)[..., None] >> np.arange(bits)[::-1]) & 1
        content = np.packbits(parts.reshape(height, -1).astype(np.uint8), axis=1).tobytes()
    content = zlib.compress(content) if deflate else content
    strips = channels if planar else 1
    tags = {
        256: [width], 257: [height], 258: [bits] * channels, 259: [8 if deflate else 1], 262: [2],
        273: [0] * strips, 274: [orientation], 277: [channels], 278: [height],
        279: [len(content) // strips] * strips, 284: [2 if planar else 1],
    } | ({338: [2]} if channels == 4 else {})  # fmt: skip
    after = 8 + 2 + 12 * len(tags) + 4
    lists = 4 * sum(len(values) for values in tags.values() if len(values) > 1)
    tags[273] = [after + lists + k * (len(content) // strips) for k in range(strips)]
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(tags))
    beside = b""
    for tag, given in tags.items():
        packed = struct.pack(f"{order}{len(given)}I", *given)
        head += struct.pack(f"{order}HHI", tag, 4, len(given))
        head += packed if len(given) == 1 else struct.pack(f"{order}I", after + len(beside))
        beside += packed if len(given) > 1 else b""
    path.write_bytes(head + bytes(4) + beside + content)
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


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize(("order", "deflate"), [("<", False), (">", False), ("<", True)])
def test_colours_of_a_tiff_are_scaled_as_a_pngs(tmp_path, bits, order, deflate):
    values = ramp(bits, 3)
    path = deep_tiff(tmp_path / "x.tif", values, order, deflate)
    assert np.array_equal(np.asarray(open_image(path)), values >> (bits - 8))
    assert np.array_equal(load_view(path, (32, 32)), values >> (bits - 8))


def test_a_turned_tiff_with_transparency_is_turned_and_on_white(tmp_path):
    values = ramp(12, 4)[:16]
    values[..., 3] = 4095
    values[:4, :, 3] = 0
    pixels = np.asarray(open_image(deep_tiff(tmp_path / "x.tif", values, orientation=6)))
    expected = np.rot90(values[..., :3] >> 4, -1).copy()
    expected[:, -4:] = 255
    assert np.array_equal(pixels, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"planar": True},
            "stores one channel after the other, which is not supported; save it as PNG",
        ),
        ({"bits": 12}, "10 or 12 packed bits per channel .*; save it as PNG"),
    ],
)
def test_tiffs_that_are_not_read_are_refused_before_training(tmp_path, options, message):
    path = deep_tiff(tmp_path / "x.tif", ramp(12, 3), **options)
    with pytest.raises(InputError, match=message) as error:
        open_image(path)
    assert look(path).fault == str(error.value).removeprefix(f"{path}: ")


def test_floating_point_pixels_are_refused_before_training(tmp_path):
    path = tmp_path / "x.tif"
    Image.fromarray(np.ones((4, 4), np.float32)).save(path)
    assert "floating-point numbers" in look(path).fault

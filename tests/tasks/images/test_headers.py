"""A look at image files: their sizes, and whether they are whole."""

import json
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.images.depth import SIGNATURE
from tasks.images.files import open_image
from tasks.images.headers import look, stored_size, turned_size
from tasks.images.loading import load_view


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "gif", "tif"])
def test_sizes_of_formats(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (37, 21)).save(path)
    seen = look(path)
    assert (seen.width, seen.height, seen.fault) == (37, 21, None)


@pytest.mark.parametrize("options", [{"progressive": True}, {"comment": b"x" * 60_000}, {}])
def test_sizes_of_jpegs_agree_with_pillow(tmp_path, options):
    noise = np.random.default_rng(0).integers(0, 255, (21, 37, 3), np.uint8)
    path = tmp_path / "a.jpg"
    Image.fromarray(noise).save(path, quality=60, **options)
    whole = path.read_bytes()
    assert look(path).width == 37
    expected = None if "comment" in options else (37, 21)
    assert stored_size(whole[:4096], whole[-32:]) == expected
    for end in range(len(whole[:700])):  # a head that is cut anywhere is read or is not
        assert stored_size(whole[:end], b"\xff\xd9") in (None, (37, 21))


def test_a_real_excerpt_has_the_sizes_that_it_states(real_coco):
    content = json.loads((real_coco / "annotations" / "instances_val2017.json").read_text())
    for row in content["images"][:40]:
        seen = look(real_coco / "val2017" / row["file_name"])
        assert (seen.width, seen.height) == (row["width"], row["height"])


def test_files_without_end_marker_are_decoded(tmp_path):
    photo = Image.new("RGB", (37, 21))
    path, trailer = tmp_path / "x.bmp", tmp_path / "x.jpg"
    photo.save(path)
    photo.save(trailer)
    assert look(path).fault is None
    trailer.write_bytes(trailer.read_bytes() + bytes(1000))  # padded, as some cameras do
    assert look(trailer).fault is None


def bomb(path, side=30_000):
    """A small PNG that would unpack to 900 million pixels."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    path.write_bytes(SIGNATURE + b"".join(parts))
    return path


def test_a_decompression_bomb_is_told_as_one(tmp_path):
    path = bomb(tmp_path / "x.png")
    assert "decompression bomb" in look(path).fault
    with pytest.raises(InputError, match=r"x\.png: a decompression bomb, or far too large"):
        open_image(path)


def test_a_jpeg_of_12_bits_is_no_good_file(tmp_path):
    """Its header is whole, but the decoder refuses it."""
    path = tmp_path / "x.jpg"
    Image.new("RGB", (37, 21)).save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"\xff\xc0") + 4] = 12
    path.write_bytes(content)
    assert look(path).fault is not None


def test_a_pipe_and_a_device_are_faults(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "device.jpg"):
        assert look(tmp_path / name).fault.startswith("not a regular file")


@pytest.mark.parametrize("value", [0, 9, 200])
def test_an_orientation_that_is_none_is_not_followed(tmp_path, value):
    exif = Image.Exif()
    exif[0x0112] = value
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    assert turned_size(tmp_path / "a.jpg") == (20, 40)
    assert load_view(tmp_path / "a.jpg", (8, 16)).shape == (8, 16, 3)

"""Images with more than 8 bits per channel, reduced to 8.

Cameras and scanners store 10, 12 or 14 bits in the low bits of 16, and do not always say so. The
number of bits is the smallest of `DEPTHS` that holds the image's largest value, and at least what
the file states: a PNG's sBIT chunk, or a TIFF's BitsPerSample. The highest 8 of these bits are
kept.
"""

import struct
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile

from backbone.errors import InputError

DEPTHS = (8, 10, 12, 14, 16, 24, 32)
DARK = 2 ** (14 - 8)  # if all high bytes are below this, at most 14 bits are used
SIGNATURE = b"\x89PNG\r\n\x1a\n"
BIT_DEPTH = 24  # where a PNG's header states it
BITS_PER_SAMPLE, PLANAR = 258, 284  # TIFF's tags
# the byte order that makes Pillow swap a number's two bytes; N is the machine's own order
SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def to_8_bits(values: np.ndarray, stated: int = 0) -> np.ndarray:
    """uint8 of an image's integers, which use some of `DEPTHS`; negative values become black.

    Args:
        values: of all pixels, since the largest value tells how many bits are used.
        stated: the number of bits that are used at least.
    """
    most = int(values.max(initial=0))
    bits = next(depth for depth in DEPTHS if depth >= max(stated, most.bit_length()))
    result: np.ndarray = (values.clip(0) >> (bits - 8)).astype(np.uint8)
    return result


def shallow(image: Image.Image, path: str | Path | BinaryIO) -> Image.Image:
    """A decoded image with 8 bits per channel.

    Pillow keeps the high bytes of colours with 16 bits. If these are dark, a PNG or TIFF is decoded
    again; other formats are not changed.

    Args:
        image: in any mode but F.
        path: its file.

    Raises:
        InputError: a TIFF with 16 bits per channel that stores one channel after the other, which
            garbles.
    """
    if image.mode.startswith("I"):
        return Image.fromarray(to_8_bits(np.asarray(image), stated_bits(image, path)))
    deep = image.mode in ("RGB", "RGBA") and _is_deep(image, path)
    if deep and np.asarray(image)[..., :3].max(initial=0) < DARK:
        return _dark_colours(path, stated_bits(image, path))
    return image


def _is_deep(image: Image.Image, path: str | Path | BinaryIO) -> bool:
    """Whether the file of a colour image has 16 bits per channel; False for most formats."""
    if image.format == "PNG":
        return _read(path, BIT_DEPTH + 1)[BIT_DEPTH:] == b"\x10"
    if image.format != "TIFF":
        return False
    tags = getattr(image, "tag_v2", {})
    deep: bool = 16 in np.atleast_1d(tags.get(BITS_PER_SAMPLE, 8))
    if deep and tags.get(PLANAR) == 2:
        raise InputError(
            f"{path}: a TIFF with 16 bits per channel that stores one channel after the other, "
            "which is not supported; save it as PNG, or with the channels of each pixel together"
        )
    return deep


def stated_bits(image: Image.Image, path: str | Path | BinaryIO) -> int:
    """The number of bits per channel that a file says it uses; 0 if it does not say."""
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, 0)
        most = max(bits) if isinstance(bits, tuple) else bits
        return most if most < 16 else 0  # 16 only says how the numbers are stored
    content = _read(path) if image.format == "PNG" else b""
    at = len(SIGNATURE)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"sBIT":
            return min(max(content[at + 8 : at + 8 + length], default=0), 16)
        if kind == b"IDAT":  # the pixels; sBIT comes before them
            break
        at += 12 + length
    return 0


def _dark_colours(path: str | Path | BinaryIO, stated: int) -> Image.Image:
    """RGB or RGBA of a PNG whose colours use the low bits of 16."""
    values = _colours(path)
    colours, alpha = np.split(values, [3], axis=2)
    return Image.fromarray(np.dstack([to_8_bits(colours, stated), to_8_bits(alpha)]))


def _colours(path: str | Path | BinaryIO) -> np.ndarray:
    """int64[h, w, 3 or 4] of a PNG or TIFF with 16 bits per channel.

    Pillow keeps one byte of each number: the high one, or the low one if it is told that the file
    has its bytes in the other order.
    """

    def unpacked(order: str | None = None) -> np.ndarray:
        with Image.open(path) as image:
            if order is not None:
                image.tile = [_told(tile, order) for tile in image.tile]
            image.load()
            return np.asarray(image).astype(np.int64)

    with Image.open(path) as image:
        stored = _raw_mode(image.tile[0])
    if stored == "LA;16B":  # Pillow has no such choice here, but a pixel has just four bytes
        parts = unpacked("RGBA")
        grey, alpha = (parts[..., k] * 256 + parts[..., k + 1] for k in (0, 2))
        return np.stack([grey, grey, grey, alpha], axis=2)
    values: np.ndarray = unpacked() * 256 + unpacked(stored[:-1] + SWAPPED[stored[-1]])
    return values


def _raw_mode(tile: ImageFile._Tile) -> str:
    """How Pillow unpacks the pixels of a tile, such as RGB;16B."""
    return str(tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0])


def _told(tile: ImageFile._Tile, mode: str) -> ImageFile._Tile:
    """The same tile, with another mode for Pillow to unpack it in."""
    rest = () if isinstance(tile.args, str) else (tile.args or ())[1:]
    return tile._replace(args=(mode, *rest) if rest else mode)


def as_file(path: str | Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    """An open file; a path is opened."""
    return open(path, "rb") if isinstance(path, str | Path) else nullcontext(path)


def _read(path: str | Path | BinaryIO, count: int = -1) -> bytes:
    with as_file(path) as file:
        file.seek(0)
        return file.read(count)

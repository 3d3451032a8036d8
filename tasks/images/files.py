"""Image files: decoding to RGB, and explaining a file that cannot be decoded."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, features

from backbone.errors import InputError

Box = tuple[float, float, float, float]  # xyxy in pixels, fractions allowed

SUFFIXES = {  # in lower case
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"),
    *([".avif"] if features.check("avif") else []),
}
if find_spec("pillow_heif"):  # an extra: iPhones' photographs
    import pillow_heif

    pillow_heif.register_heif_opener()
    SUFFIXES |= {".heic", ".heif"}
ORIENTATION = 0x0112  # the EXIF tag; its values 5-8 exchange width and height
# what Pillow raises for damaged content, format by format
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# What fills an input around a picture that keeps its aspect: mid-grey. Normalised to -1..1 it is 0,
# which convolutions pad with too, and with ImageNet's mean it is about 0. Black would look like an
# object's edge.
PADDING = 128
TAIL = 32  # bytes: the end marker of a complete JPEG or PNG is in the last ones of its file


class NamedBytes(io.BytesIO):
    """A file in memory that has a name in messages."""

    name: str

    def __init__(self, content: bytes, name: str):
        super().__init__(content)
        self.name = name

    def __str__(self) -> str:
        return self.name


def open_image(path: str | Path | BinaryIO, exif: bool = True) -> Image.Image:
    """Decode an image file to 8-bit RGB, whatever format its suffix promises.

    Transparent pixels are put on white, as on a web page; 16-bit pixels keep their high byte.
    With `exif` the picture is turned as its EXIF orientation says.

    Raises: InputError naming the file and what is wrong with it.
    """
    with opened(path) as image:
        image.load()
        if exif:
            turn(image)
        return to_rgb(image)


def image_size(size: int | Sequence[int]) -> tuple[int, int]:
    """(height, width) of the configuration's `size`: one number, or [height, width]."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def fit(width: float, height: float, size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of a picture scaled by one factor, up or down, to just fit inside `size` (h, w).

    Both are whole pixels, so rounding may make the factors of the two sides differ slightly: map
    coordinates with this extent, not with the factor.
    """
    scale = min(size[0] / height, size[1] / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def turned_size(path: str | Path) -> tuple[int, int]:
    """(height, width) of a complete image file as its EXIF orientation turns it.

    Raises: InputError naming the file and what is wrong with it.
    """
    reason = fault(path)
    if reason:
        raise InputError(f"{path}: {reason}")
    with opened(path) as image:
        width, height = image.size
        return (width, height) if orientation(image) >= 5 else (height, width)


def fault(path: str | Path) -> str | None:
    """Why a file cannot be read as an image; None for a good one.

    A complete JPEG or PNG is recognised by its first bytes and its end marker, without decoding;
    anything else is decoded to find out.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(TAIL)
            file.seek(-min(TAIL, file.seek(0, 2)), 2)
            tail = file.read()
        if head.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in tail:
            return None
        if head.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in tail:
            return None
        with Image.open(path) as image:
            image.load()
    except DECODING_ERRORS as error:
        return _explain(path, error)
    return None


@contextmanager
def opened(path: str | Path | BinaryIO) -> Iterator[Image.Image]:
    """Open an image; a failure to open or decode it inside the block becomes an InputError."""
    try:
        with Image.open(path) as image:
            yield image
    except InputError:
        raise
    except DECODING_ERRORS as error:
        raise InputError(f"{path}: {_explain(path, error)}") from None


def _explain(path: str | Path | BinaryIO, error: Exception) -> str:
    """What is wrong with a file that could not be decoded, from its size and first bytes."""
    try:
        with open(path, "rb") if isinstance(path, str | Path) else nullcontext(path) as file:
            file.seek(0)
            head = file.read(512)
            size = file.seek(0, 2)
    except FileNotFoundError:
        return "there is no such file"
    except OSError as unreadable:
        return f"cannot be read: {unreadable.strerror}"
    if size == 0:
        return "the file is empty (0 bytes); get it again"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return f"a web page, not an image ({size} bytes of HTML or XML); the download failed"
    if isinstance(error, UnidentifiedImageError):
        return f"not an image in a known format ({size} bytes, the first are {head[:8]!r})"
    return f"damaged or cut short, cannot be decoded ({size} bytes: {error}); get it again"


def orientation(image: Image.Image) -> int:
    """The EXIF orientation of an image, 1..8; 1, as it is stored, for one without."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except (SyntaxError, ValueError, TypeError, struct.error):  # bad metadata, good picture
        return 1


def turn(image: Image.Image) -> None:
    """Turn an image, in place, as its EXIF orientation says."""
    if orientation(image) != 1:
        ImageOps.exif_transpose(image, in_place=True)


def to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB of a decoded image in any mode, see `open_image`."""
    if image.mode == "F":
        raise InputError(
            f"{getattr(image, 'filename', 'image')}: its pixels are floating-point numbers, which "
            "have no value for white; save it with 8 or 16 bits per channel"
        )
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        image = Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB")

"""Image files: decoding to RGB, decoding with crop and resize for loaders, and explaining a file
that cannot be decoded."""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from backbone.errors import InputError

Box = tuple[float, float, float, float]  # xyxy in pixels, fractions allowed

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"}  # in lower case
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


def open_image(path: str | Path, exif: bool = True) -> Image.Image:
    """Decode an image file to 8-bit RGB, whatever format its suffix promises.

    Transparent pixels are put on white, as on a web page; 16-bit pixels keep their high byte.
    With `exif` the picture is turned as its EXIF orientation says.

    Raises: InputError naming the file and what is wrong with it.
    """
    with _opened(path) as image:
        image.load()
        if exif:
            _turn(image)
        return _to_rgb(image)


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


def crop_resize(
    image: Image.Image,
    box: Box | None,
    size: tuple[int, int],
    extent: tuple[int, int] | None = None,
) -> np.ndarray:
    """Resample `box` (None is the whole image) of an RGB image to `extent` (h, w).

    The result is at the top left of `size` (h, w), and the rest is PADDING; by default it fills
    `size`. Bilinear with antialiasing. Returns uint8[h, w, 3].
    """
    height, width = extent or size
    pixels = np.array(image.resize((width, height), Image.Resampling.BILINEAR, box=box))
    if (height, width) == size:
        return pixels
    canvas = np.full((*size, 3), PADDING, np.uint8)
    canvas[:height, :width] = pixels
    return canvas


def load_view(
    path: str | Path | BinaryIO,
    size: tuple[int, int],
    box: Box | Callable[[int, int], Box] | None = None,
    frame: tuple[int, int] | None = None,
    extent: tuple[int, int] | None = None,
) -> np.ndarray:
    """Decode, crop and resize in one go: `open_image` then `crop_resize`, for loaders.

    A JPEG that is to shrink at least twofold is decoded at 1/2, 1/4 or 1/8 of its size, which
    costs libjpeg less than a full decode; pixels then differ by 1 to 3 of 255 on average.

    Args:
        path: of the file, or an open file that can seek.
        size: (h, w) of the result.
        box: the part to take, in pixels of the picture as it is turned; None: all of it. If it
            depends on the picture's size, a function of (width, height), called once before
            anything is decoded.
        frame: (h, w) that annotations were made in, if there are any. The file is taken as stored
            if it has this size; otherwise its EXIF orientation must give it this size. Without a
            frame the EXIF orientation is applied.
        extent: see `crop_resize`.

    Returns uint8[h, w, 3].

    Raises: InputError for a file that is no image, or whose size is not `frame`.
    """
    with _opened(path) as image:
        stored = image.width, image.height
        turn = frame is None or stored != frame[::-1]
        swap = turn and _orientation(image) >= 5
        width, height = stored[::-1] if swap else stored
        if frame is not None and (height, width) != frame:
            raise InputError(
                f"{path}: the picture is {stored[0]} x {stored[1]} pixels (width x height) but its "
                f"annotations were made on {frame[1]} x {frame[0]}; it is not the file that was "
                "annotated: download it again, or correct width and height in the annotations"
            )
        region: Sequence[float] = (box(width, height) if callable(box) else box) or (
            (0.0, 0.0, width, height)
        )
        height, width = extent or size
        shrink = min((region[2] - region[0]) / width, (region[3] - region[1]) / height)
        if shrink >= 2:
            step = 8 if shrink >= 8 else 4 if shrink >= 4 else 2
            drafted = image.draft("RGB", (stored[0] // step, stored[1] // step))
            if drafted is not None:  # None: this format has no cheaper decoding
                # the decoder rounds the size up; this ratio is the one that maps coordinates
                ratio = drafted[1][2] / stored[0]
                region = [edge * ratio for edge in region]
        image.load()
        if turn:
            _turn(image)
        image = _to_rgb(image)
    left, top, right, bottom = region
    return crop_resize(image, (left, top, right, bottom), size, extent)


def turned_size(path: str | Path) -> tuple[int, int]:
    """(height, width) of a complete image file as its EXIF orientation turns it.

    Raises: InputError naming the file and what is wrong with it.
    """
    reason = fault(path)
    if reason:
        raise InputError(f"{path}: {reason}")
    with _opened(path) as image:
        width, height = image.size
        return (width, height) if _orientation(image) >= 5 else (height, width)


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
def _opened(path: str | Path | BinaryIO) -> Iterator[Image.Image]:
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


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except (SyntaxError, ValueError, TypeError, struct.error):  # bad metadata, good picture
        return 1


def _turn(image: Image.Image) -> None:
    if _orientation(image) != 1:
        ImageOps.exif_transpose(image, in_place=True)


def _to_rgb(image: Image.Image) -> Image.Image:
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

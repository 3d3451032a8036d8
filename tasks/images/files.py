"""Image files: decoding to RGB, and explaining why a file cannot be decoded."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError, features

from backbone.errors import InputError
from backbone.file_kinds import BEFORE_TEXT, PAGES, in_its_place
from tasks.images.depth import as_file, shallow

Box = tuple[float, float, float, float]  # xyxy in pixels; may be fractional

SUFFIXES = {  # in lower case
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff"),
    *([".avif"] if features.check("avif") else []),
}
if find_spec("pillow_heif"):  # an optional package, for photographs of iPhones
    import pillow_heif

    pillow_heif.register_heif_opener()
    SUFFIXES |= {".heic", ".heif"}
ORIENTATION = 0x0112  # the EXIF tag; values 5-8 exchange width and height
TURNS = {  # the transposition that undoes each value
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
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
# The padding around a picture that keeps its aspect ratio: mid-grey. With pixels normalised to
# -1..1 it is 0, which convolutions also pad with; with ImageNet's mean it is about 0. Black would
# look like the edge of an object.
PADDING = 128
MOST_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 0)  # above it Pillow raises DecompressionBombError
TAIL = 32  # bytes; the end marker of a complete JPEG or PNG is among the last ones


class NamedBytes(io.BytesIO):
    """A file in memory with a name for messages."""

    name: str

    def __init__(self, content: bytes, name: str):
        super().__init__(content)
        self.name = name

    def __str__(self) -> str:
        return self.name


def open_image(path: str | Path | BinaryIO, exif: bool = True) -> Image.Image:
    """Decode an image file to 8-bit RGB, whatever its suffix.

    Transparent pixels are put on white, as on a web page. More than 8 bits per channel are reduced
    to 8; see `tasks.images.depth`. With `exif` the picture is turned as its EXIF orientation says.

    Raises: InputError naming the file and what is wrong with it.
    """
    with opened(path) as image:
        turned = orientation(image) if exif else 1
        image.load()
        return turn(to_rgb(image, path), turned)


def image_size(size: int | Sequence[int]) -> tuple[int, int]:
    """(height, width) of the configuration's `size`: one number, or [height, width]."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def fit(width: float, height: float, size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of a picture scaled by one factor, up or down, to just fit into `size` (h, w).

    Both are whole pixels, so rounding may make the factors of the two sides slightly different. Map
    coordinates with this extent, not with the factor.
    """
    scale = min(size[0] / height, size[1] / width)
    return max(1, round(height * scale)), max(1, round(width * scale))


@contextmanager
def opened(path: str | Path | BinaryIO) -> Iterator[Image.Image]:
    """Open an image; a failure to open or decode it inside the block becomes an InputError."""
    try:
        # a file, not a path: Pillow would map an uncompressed TIFF into memory, and garble a turned
        # one
        with as_file(path) as file, Image.open(file) as image:
            yield image
    except InputError:
        raise
    except DECODING_ERRORS as error:
        raise InputError(f"{path}: {explain(path, error)}") from None


def explain(path: str | Path | BinaryIO, error: Exception) -> str:
    """Why a file could not be decoded, from its size and its first bytes."""
    try:
        with as_file(path) as file:
            file.seek(0)
            head = file.read(512)
            size = file.seek(0, 2)
    except FileNotFoundError:
        return "there is no such file"
    except OSError as unreadable:
        return f"cannot be read: {unreadable.strerror}"
    if size == 0:
        return "the file is empty (0 bytes); get it again"
    if isinstance(error, Image.DecompressionBombError):
        return (
            f"a decompression bomb, or far too large: {size:,} bytes that would unpack to more "
            f"than {MOST_PIXELS:,} pixels, the most that are read; reduce the image, or remove it"
        )
    text = head.lstrip(BEFORE_TEXT).lower()
    if text.startswith((*PAGES, b"<?xml")):
        return f"a web page, not an image ({size} bytes of HTML or XML): download the image again"
    if isinstance(error, UnidentifiedImageError) and (other := in_its_place(head)):
        return other
    if isinstance(error, UnidentifiedImageError):
        if head.startswith((b"II*\0", b"MM\0*")):
            return (
                "a TIFF that is damaged or of an unsupported kind, such as one with 10 or 12 "
                f"packed bits per channel ({size:,} bytes); save it as PNG"
            )
        return f"not an image in a known format ({size} bytes, the first are {head[:8]!r})"
    return f"damaged or cut short, cannot be decoded ({size} bytes: {error}); get it again"


def whole_jpeg(image: Image.Image) -> bytes | None:
    """The content of an open JPEG; None if it has no end marker, since it may be cut short.

    Args:
        image: open and not yet decoded.
    """
    assert image.fp is not None  # type: ignore[attr-defined]
    image.fp.seek(0)  # type: ignore[attr-defined]
    content: bytes = image.fp.read()  # type: ignore[attr-defined]
    return content if b"\xff\xd9" in content[-TAIL:] else None


def orientation(image: Image.Image) -> int:
    """The EXIF orientation to turn an image by, 1..8; 1 if it has none."""
    if image.format == "TIFF":  # Pillow turns it while decoding, and gives the size that results
        return 1
    try:
        given = int(image.getexif().get(ORIENTATION, 1))
    # the metadata are bad, not the picture
    except (SyntaxError, ValueError, TypeError, struct.error):
        return 1
    return given if 1 <= given <= 8 else 1


def turn(image: Image.Image, orientation: int) -> Image.Image:
    """An image turned as an EXIF orientation says; the result has no orientation."""
    method = TURNS.get(orientation)
    image = image if method is None else image.transpose(method)
    image.info.pop("exif", None)
    return image


def to_rgb(image: Image.Image, path: str | Path | BinaryIO) -> Image.Image:
    """8-bit RGB of a decoded image in any mode, as in `open_image`; `path` is its file."""
    if image.mode == "F":
        raise InputError(
            f"{path}: its pixels are floating-point numbers, whose white is unknown; save it "
            "with 8 or 16 bits per channel"
        )
    image = shallow(image, path)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB")

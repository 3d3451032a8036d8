"""JPEG files that are only decoded down to the last row that is needed."""

from typing import Any

from tasks.images.files import whole_jpeg
from tasks.images.headers import FRAMES

# start-of-frame markers of files with a single scan of Huffman codes, from top to bottom
ONE_SCAN = (0xC0, 0xC1)
MARKER, START_OF_SCAN = 0xFF, 0xDA
WORTH = 0.9  # below this share of the rows, it saves more time than the second header costs


def ending_at(image: Any, bottom: float) -> bytes | None:
    """The file of an open Pillow image, shortened to a picture that ends at a given row.

    A JPEG's header gives its number of rows, and decoders stop there, so only this number is
    changed. The rows above `bottom` are those of the whole picture, bit for bit: one more row of
    blocks is kept, since smooth chroma is read across the edge of a block.

    Args:
        image: open and not yet decoded.
        bottom: the row, in pixels of the stored picture.

    Returns:
        None if it would save little, if the file is of another format or a progressive JPEG, or if
        it is cut short, which only a full decode notices.
    """
    layers = getattr(image, "layer", None)
    if image.format != "JPEG" or not layers or bottom > WORTH * image.height:
        return None
    block = 8 * max(layer[2] for layer in layers)
    rows = (int(bottom) // block + 2) * block
    if rows > WORTH * image.height:
        return None
    whole = whole_jpeg(image)
    if whole is None:
        return None
    content = bytearray(whole)
    at = _height_at(content)
    if at is None or content[at : at + 2] != image.height.to_bytes(2, "big"):
        return None
    content[at : at + 2] = rows.to_bytes(2, "big")
    return bytes(content)


def _height_at(content: bytearray) -> int | None:
    """The position of the number of rows in a JPEG's header; None for a JPEG of several scans."""
    at = 2
    while at + 9 < len(content) and content[at] == MARKER:
        marker = content[at + 1]
        if marker in ONE_SCAN:
            return at + 5
        if marker == START_OF_SCAN or marker in FRAMES:
            return None
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None

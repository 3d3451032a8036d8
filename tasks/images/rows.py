"""JPEG files whose decoding ends at the last row that is needed."""

from typing import Any

from tasks.images.files import whole_jpeg

# start-of-frame markers of what is one scan of Huffman codes, from the top down
ONE_SCAN = (0xC0, 0xC1)
MARKER, START_OF_SCAN = 0xFF, 0xDA
WORTH = 0.9  # below this share of the rows, the time saved is more than that of a second header


def ending_at(image: Any, bottom: float) -> bytes | None:
    """The file of an open Pillow image, shortened to a picture that reaches down to a row.

    A JPEG's header gives its number of rows, and a decoder stops there: the file is the same but
    for that number. The rows above `bottom` are those of the whole picture, bit for bit: another
    row of blocks is kept, for smooth chroma is read across their edge.

    Args:
        image: that is open and not yet decoded.
        bottom: in pixels of the picture as it is stored.

    Returns:
        None: it would save little; the file is no such JPEG, but of another format or progressive;
            or it is cut short, which only a whole decoding finds.
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
    """Where a JPEG's header has its number of rows; None for a JPEG of several scans."""
    at = 2
    while at + 9 < len(content) and content[at] == MARKER:
        marker = content[at + 1]
        if marker in ONE_SCAN:
            return at + 5
        if marker == START_OF_SCAN or _starts_frame(marker):
            return None
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def _starts_frame(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)  # tables are no frames

"""Contact sheets, and pictures with captions."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from backbone.files import write_atomically


def contact_sheet(images: Sequence[Image.Image], columns: int, path: Path, cell: int = 320) -> None:
    """Write one PNG that shows many images, each fitted into a square cell of `cell` pixels."""
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * cell, rows * cell), (32, 32, 32))
    for i, image in enumerate(images):
        image = image.copy()
        image.thumbnail((cell - 6, cell - 6), Image.Resampling.LANCZOS)
        column, row = i % columns, i // columns
        corner = (
            column * cell + (cell - image.width) // 2,
            row * cell + (cell - image.height) // 2,
        )
        sheet.paste(image, corner)
    with write_atomically(path) as partial:
        sheet.save(partial, "PNG")


def captioned(
    image: Image.Image,
    lines: Sequence[str],
    shares: Sequence[float] | None = None,
    longest: int = 640,
) -> Image.Image:
    """An image with lines of text below it, each on a bar that shows its share.

    Args:
        image: shown with its longer side reduced to `longest` pixels, so that text stays legible.
        lines: the text; what does not fit into a line is cut.
        shares: for each line 0..1, the length of its bar relative to the picture's width; None: no
            bars.
    """
    image = image.copy()
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    width = max(image.width, longest // 2)
    size = max(12, longest // 36)
    row = round(1.6 * size)
    font = ImageFont.load_default(size)
    sheet = Image.new("RGB", (width, image.height + row * len(lines) + row // 4), (250, 249, 246))
    sheet.paste(image, ((width - image.width) // 2, 0))
    draw = ImageDraw.Draw(sheet)
    for i, line in enumerate(lines):
        top = image.height + row // 4 + i * row
        if shares is not None:
            bar = round((width - 8) * min(max(shares[i], 0.0), 1.0))
            draw.rectangle([4, top, 4 + bar, top + row - 4], fill=(166, 205, 232))
        draw.text((10, top + row // 2 - 2), line, fill=(40, 36, 44), font=font, anchor="lm")
    return sheet

"""Contact sheets, and pictures with captions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from backbone.errors import shortened
from backbone.files import write_atomically

INK, PAPER, BAR, RULE = (40, 36, 44), (250, 249, 246), (166, 205, 232), (150, 146, 140)
# in pixels: the font, a line of text, a column of text, what is around things, a page with a panel
TEXT, ROW, COLUMN, MARGIN, WIDEST = 17, 27, 330, 14, 960
SHEET_COLUMNS = 4
LONGEST = 640  # pixels of a photograph's longer side, so that it fits on a screen
LONGEST_LINE = 200  # characters
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(images: Sequence[Image.Image], path: Path, cell: int = 320) -> None:
    """Write one PNG that shows many images, each fitted into a square cell of `cell` pixels."""
    rows = -(-len(images) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * cell, rows * cell), (32, 32, 32))
    for i, image in enumerate(images):
        image = image.copy()
        image.thumbnail((cell - 6, cell - 6), Image.Resampling.LANCZOS)
        row, column = divmod(i, SHEET_COLUMNS)
        corner = (
            column * cell + (cell - image.width) // 2,
            row * cell + (cell - image.height) // 2,
        )
        sheet.paste(image, corner)
    write_png(sheet, path)


def write_png(image: Image.Image, path: Path) -> None:
    """Write an image under a temporary name, and rename it."""
    with write_atomically(path) as partial:
        image.save(partial, "PNG")


@dataclass(frozen=True)
class Section:
    """A list below a title, of which each line may have a bar.

    Args:
        title: of the list.
        lines: the text; what does not fit into a line is cut.
        shares: of each line 0..1, the length of its bar; None: no bars.
    """

    title: str
    lines: Sequence[str]
    shares: Sequence[float] | None = None


def with_lists(
    image: Image.Image,
    sections: Sequence[Section],
    panels: Sequence[tuple[str, Image.Image]] = (),
) -> Image.Image:
    """One picture of an image, lists on its right and further pictures below.

    Args:
        image: shown with its longer side reduced to 640 pixels.
        sections: the lists, one below the other.
        panels: title and picture of each, reduced to 960 pixels in width, or that of the page.
    """
    image = image.copy()
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    column = _column(sections)
    width = max(image.width + column.width, *(min(panel.width, WIDEST) for _, panel in panels), 0)
    below = [(title, _to_width(panel, width)) for title, panel in panels]
    top = max(image.height, column.height)
    height = top + sum(ROW + MARGIN + panel.height for _, panel in below)
    sheet = Image.new("RGB", (width, height), PAPER)
    # where a panel makes the page wider, what is above it is kept together in the middle
    left = (width - image.width - column.width) // 2
    sheet.paste(image, (left, (top - image.height) // 2))
    sheet.paste(column, (left + image.width, 0))
    for title, panel in below:
        _heading(ImageDraw.Draw(sheet), title, top, width)
        sheet.paste(panel, ((width - panel.width) // 2, top + ROW + MARGIN))
        top += ROW + MARGIN + panel.height
    return sheet


def _heading(draw: ImageDraw.ImageDraw, title: str, top: int, width: int) -> None:
    """A title above a line, in `ROW` pixels."""
    font = ImageFont.load_default(TEXT)
    _write(draw, (MARGIN, top + ROW // 2 - 3), title, font)
    draw.line([MARGIN, top + ROW - 5, width - MARGIN, top + ROW - 5], fill=RULE)


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, font: Font) -> None:
    """One line of text from its left end; Pillow refuses to draw a very long one."""
    draw.text(at, shortened(text, LONGEST_LINE), fill=INK, font=font, anchor="lm")


def _to_width(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    size = width, round(image.height * width / image.width)
    return image.resize(size, Image.Resampling.LANCZOS)


def _column(sections: Sequence[Section]) -> Image.Image:
    """The lists, one below the other; without any, an image 0 pixels wide."""
    rows = sum(len(section.lines) + 1 for section in sections)
    height = rows * ROW + len(sections) * MARGIN + MARGIN if sections else 0
    sheet = Image.new("RGB", (COLUMN if sections else 0, height), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT)
    end = COLUMN - MARGIN
    top = MARGIN
    for section in sections:
        _heading(draw, section.title, top, COLUMN)
        top += ROW
        for i, line in enumerate(section.lines):
            if section.shares is not None:
                share = min(max(section.shares[i], 0.0), 1.0)
                bar = [MARGIN, top, MARGIN + round((end - MARGIN) * share), top + ROW - 4]
                draw.rectangle(bar, fill=BAR)
            at = (MARGIN + 6, top + ROW // 2 - 2)
            _write(draw, at, line, font)
            top += ROW
        top += MARGIN
    return sheet


def captioned(
    image: Image.Image,
    lines: Sequence[str],
    shares: Sequence[float] | None = None,
    longest: int = LONGEST,
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
    sheet = Image.new("RGB", (width, image.height + row * len(lines) + row // 4), PAPER)
    sheet.paste(image, ((width - image.width) // 2, 0))
    draw = ImageDraw.Draw(sheet)
    for i, line in enumerate(lines):
        top = image.height + row // 4 + i * row
        if shares is not None:
            bar = round((width - 8) * min(max(shares[i], 0.0), 1.0))
            draw.rectangle([4, top, 4 + bar, top + row - 4], fill=BAR)
        _write(draw, (10, top + row // 2 - 2), line, font)
    return sheet

"""Boxes drawn on photographs."""

import colorsys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from backbone.errors import shortened
from tasks.detection.coco.index import CocoIndex
from tasks.images.files import open_image

RGB = tuple[int, int, int]
Rectangle = tuple[float, float, float, float]  # xyxy in pixels
LONGEST = 100  # characters of a caption; Pillow refuses to draw a very long one
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Mark(NamedTuple):
    """A box to draw: xyxy in pixels, its caption (may be empty), its colour, and its line."""

    box: Sequence[float]
    caption: str
    fill: RGB
    dashed: bool = False


def open_annotated(index: CocoIndex, image: int) -> Image.Image:
    """An image of a data set, RGB, turned as its boxes and the network see it.

    It is not turned if it is stored in the annotated size, and otherwise as its EXIF orientation
    says.
    """
    stored = open_image(index.path(image), exif=False)
    if stored.size == (index.widths[image], index.heights[image]):
        return stored
    return open_image(index.path(image))


def colour(category: int) -> RGB:
    """The RGB colour of a category id: hues a golden ratio apart, so that neighbours differ."""
    red, green, blue = colorsys.hsv_to_rgb(category * 0.618034 % 1.0, 0.75, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def dashed(
    draw: ImageDraw.ImageDraw,
    box: Sequence[float],
    width: int,
    dash: int,
    fill: RGB | str = "white",
) -> None:
    """Draw a dashed rectangle for ground truth, in white, which no prediction has."""
    x0, y0, x1, y1 = box
    for x in np.arange(x0, x1, 2 * dash):
        for y in (y0, y1):
            draw.line([(x, y), (min(x + dash, x1), y)], fill=fill, width=width)
    for y in np.arange(y0, y1, 2 * dash):
        for x in (x0, x1):
            draw.line([(x, y), (x, min(y + dash, y1))], fill=fill, width=width)


def draw_boxes(
    image: Image.Image,
    boxes: Sequence[Sequence[float]],
    categories: Sequence[int],
    captions: Sequence[str],
    truth: Sequence[Sequence[float]] = (),
) -> Image.Image:
    """A copy of an RGB image with boxes, a caption above each, and dashed ground truth.

    Args:
        image: RGB.
        boxes: xyxy in pixels of the image.
        categories: category id of each box, which picks its colour.
        captions: text of each box.
        truth: xyxy of the ground truth.
    """
    marks = [
        Mark(box, shortened(caption, LONGEST), colour(category))
        for box, category, caption in zip(boxes, categories, captions, strict=True)
    ]
    # the best box comes first in the list and is drawn last, on top
    return draw_marks(image, marks[::-1], truth)


def draw_marks(
    image: Image.Image, marks: Sequence[Mark], truth: Sequence[Sequence[float]] = ()
) -> Image.Image:
    """A copy of an RGB image with marks, the last one on top; see `draw_boxes` for `truth`.

    Captions never cover each other. If there is no room for one beside its box or inside it, it is
    left out; marks on top have precedence.
    """
    image = image.copy()
    draw = ImageDraw.Draw(image)
    short = min(image.size)
    width, font = max(2, short // 150), ImageFont.load_default(max(10, short // 28))
    for box in truth:
        dashed(draw, _near(image, box, width), max(1, width // 2), 3 * width)
    marks = [mark._replace(box=_near(image, mark.box, width)) for mark in marks]
    for mark in marks:
        if mark.dashed:
            dashed(draw, mark.box, width, 3 * width, mark.fill)
        else:
            line = width if mark.caption else max(1, width // 2)
            draw.rectangle(list(mark.box), outline=mark.fill, width=line)
    taken: list[Rectangle] = []
    for mark in reversed(marks):
        if mark.caption:
            _caption(draw, image.size, mark, width, font, taken)
    return image


def _near(image: Image.Image, box: Sequence[float], margin: int) -> list[float]:
    """A box clipped just outside the image, since a wrong box may be endless."""
    limits = (*image.size, *image.size)
    return [min(max(v, -margin), most + margin) for v, most in zip(box, limits, strict=True)]


def _caption(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    mark: Mark,
    width: int,
    font: Font,
    taken: list[Rectangle],
) -> None:
    """Write a mark's caption where there is none yet, and add its place to `taken`."""
    left, top, right, bottom = draw.textbbox((0, 0), mark.caption, font=font)
    wide, high = right - left + 4, bottom - top + 4
    # from its left edge on or up to its right one; above the box, inside it, below it
    xs = [min(max(x, 0), max(size[0] - wide, 0)) for x in (mark.box[0], mark.box[2] - wide)]
    ys = [mark.box[1] - high, mark.box[1] + width, mark.box[3] - width - high, mark.box[3] + width]
    inside = [y for y in ys if 0 <= y <= size[1] - high] or [max(mark.box[1], 0) + width]
    places = [(x, y, x + wide, y + high) for y in inside for x in xs]
    free = [place for place in places if not any(_overlap(place, other) for other in taken)]
    if free:
        taken.append(free[0])
        draw.rectangle(list(free[0]), fill=mark.fill)
        place = (free[0][0] + 2 - left, free[0][1] + 2 - top)
        draw.text(place, mark.caption, fill=_ink(mark.fill), font=font)


def _ink(fill: RGB) -> str:
    """The colour in which text is read on another: black, or white on a dark one."""
    red, green, blue = fill
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else "white"


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

"""Boxes drawn on photographs."""

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def colour(category: int) -> tuple[int, int, int]:
    """The RGB colour of a category id: hues a golden ratio apart, so that neighbours differ."""
    red, green, blue = colorsys.hsv_to_rgb(category * 0.618034 % 1.0, 0.75, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def dashed(draw: ImageDraw.ImageDraw, box: Sequence[float], width: int, dash: int) -> None:
    """Draw a white dashed rectangle: ground truth, distinct from predictions without colour."""
    x0, y0, x1, y1 = box
    for x in np.arange(x0, x1, 2 * dash):
        for y in (y0, y1):
            draw.line([(x, y), (min(x + dash, x1), y)], fill="white", width=width)
    for y in np.arange(y0, y1, 2 * dash):
        for x in (x0, x1):
            draw.line([(x, y), (x, min(y + dash, y1))], fill="white", width=width)


def draw_boxes(
    image: Image.Image,
    boxes: Sequence[Sequence[float]],
    categories: Sequence[int],
    captions: Sequence[str],
    truth: Sequence[Sequence[float]] = (),
) -> Image.Image:
    """A copy of an RGB image with boxes, a caption above each, and the ground truth dashed.

    Args:
        image: RGB.
        boxes: xyxy in pixels of the image.
        categories: category id of each box, which picks its colour.
        captions: text of each box.
        truth: xyxy of the ground truth.
    """
    image = image.copy()
    draw = ImageDraw.Draw(image)
    short = min(image.size)
    width, font = max(2, short // 150), ImageFont.load_default(max(10, short // 28))
    for box in truth:
        dashed(draw, box, max(1, width // 2), 3 * width)
    # the best box comes first in the list and is drawn last, on top
    for box, category, caption in reversed(list(zip(boxes, categories, captions, strict=True))):
        fill = colour(category)
        draw.rectangle(list(box), outline=fill, width=width)
        left, top, right, bottom = draw.textbbox((0, 0), caption, font=font)
        x = min(max(box[0], 0), max(image.width - (right - left) - 4, 0))
        y = box[1] - (bottom - top) - 4
        y = y if y >= 0 else box[1] + width
        draw.rectangle([x, y, x + right - left + 4, y + bottom - top + 4], fill=fill)
        draw.text((x + 2 - left, y + 2 - top), caption, fill="black", font=font)
    return image

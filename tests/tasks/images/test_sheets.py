"""Pictures with lists and further pictures around them."""

import numpy as np
import pytest
from PIL import Image

from tasks.detection.drawing import draw_boxes
from tasks.images.sheets import (
    BAR,
    COLUMN,
    MARGIN,
    PAPER,
    ROW,
    WIDEST,
    Section,
    captioned,
    with_lists,
)

RED, GREEN = (255, 0, 0), (0, 255, 0)
LISTS = [Section("kinds", ["0.9  ants", "0.1  bees"], [0.9, 0.1]), Section("notes", ["one"])]


def pixels(image: Image.Image, color: tuple[int, int, int]) -> np.ndarray:
    return (np.asarray(image) == color).all(2)


def test_lists_stand_beside_the_image_with_bars_as_long_as_their_shares():
    made = with_lists(Image.new("RGB", (300, 200), RED), LISTS)
    assert made.size == (300 + COLUMN, max(200, 5 * ROW + 3 * MARGIN))
    assert pixels(made, RED)[:, :300].sum() == 300 * 200
    bars = pixels(made, BAR)[:, 300:].any(0).nonzero()[0]
    assert bars[0] == MARGIN
    assert bars[-1] - MARGIN == pytest.approx(0.9 * (COLUMN - 2 * MARGIN), abs=2)


@pytest.mark.parametrize(("width", "shown"), [(400, 400), (2000, WIDEST)])
def test_a_panel_is_below_and_no_wider_than_the_page(width, shown):
    panel = Image.new("RGB", (width, width // 2), GREEN)
    made = with_lists(Image.new("RGB", (100, 300), RED), LISTS, [("place", panel)])
    assert made.width == max(100 + COLUMN, shown)
    rows, columns = pixels(made, GREEN).nonzero()
    assert np.ptp(columns) + 1 == shown
    assert rows.min() == 300 + ROW + MARGIN
    assert rows.max() == made.height - 1


def test_an_image_with_a_panel_alone_needs_no_lists():
    made = with_lists(Image.new("RGB", (640, 100), RED), [], [("place", Image.new("RGB", (9, 9)))])
    assert made.size == (640, 100 + ROW + MARGIN + 9)
    assert made.getpixel((5, made.height - 1)) == PAPER


def test_a_large_image_is_reduced():
    assert with_lists(Image.new("RGB", (4000, 1000)), LISTS).width == 640 + COLUMN


def test_a_line_of_any_length_is_drawn():
    """Pillow refuses to draw a million characters."""
    long = "a" * 10**6
    image = Image.new("RGB", (100, 100), RED)
    assert pixels(captioned(image, [long]), RED).any()
    assert pixels(with_lists(image, [Section(long, [long])]), RED).any()
    assert pixels(draw_boxes(image, [(10, 10, 50, 50)], [1], [long]), RED).any()

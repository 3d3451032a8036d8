"""Boxes that go on beyond the image are drawn up to its edge."""

import numpy as np
import pytest
from PIL import Image

from tasks.detection.drawing import Mark, draw_boxes, draw_marks

ENDLESS = (30.0, 22.0, 1e12, 31.0)


@pytest.mark.parametrize("dashed", [False, True])
def test_an_endless_box_is_drawn_up_to_the_edge(dashed):
    image = Image.new("RGB", (120, 90))
    near = draw_marks(image, [Mark((30, 22, 400, 31), "", (255, 0, 0), dashed)])
    drawn = draw_marks(image, [Mark(ENDLESS, "", (255, 0, 0), dashed)])
    assert np.array_equal(np.asarray(drawn), np.asarray(near))
    assert np.asarray(drawn).any()


def test_an_endless_truth_too():
    drawn = draw_boxes(Image.new("RGB", (120, 90)), [], [], [], [(-1e12, 10, 1e12, 1e12)])
    assert np.asarray(drawn).any()


def test_captions_do_not_cover_each_other():
    red, green = (255, 0, 0), (0, 255, 0)
    box = (40, 40, 160, 100)
    image = Image.new("RGB", (200, 160))
    drawn = draw_marks(image, [Mark(box, "person 0.50", red), Mark(box, "chair 0.60", green)])
    alone = draw_marks(image, [Mark(box, "person 0.50", red, dashed=True)])
    outline = draw_marks(image, [Mark(box, "", red, dashed=True)])
    inked = (np.asarray(alone) == red).all(2).sum() - (np.asarray(outline) == red).all(2).sum()
    assert (np.asarray(drawn) == red).all(2).sum() >= inked > 100
    # the last mark's stands above its box; where there is no room left, none is written
    assert (np.asarray(drawn)[:40] == green).all(2).any()
    crowd = draw_marks(image, [Mark(box, "person 0.50", red)] * 20)
    assert (np.asarray(crowd) == red).all(2).sum() < 10 * inked

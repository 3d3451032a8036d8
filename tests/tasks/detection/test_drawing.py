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

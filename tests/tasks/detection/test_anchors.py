"""SSD's anchors, by count and by hand."""

import math

import torch

from tasks.detection.anchors import anchors

MAPS_300 = [(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]


def test_1917_anchors_at_300():
    assert anchors(MAPS_300, (300, 300), (0.2, 0.95)).shape == (1917, 4)


def test_first_and_last_cells_by_hand():
    boxes = anchors(MAPS_300, (300, 300), (0.2, 0.95))
    centre = 0.5 / 19 * 300
    # the finest map: (0.1, square), then (0.2, twice as wide as high) and its transpose
    root = math.sqrt(2)
    for row, (height, width) in enumerate(
        [(30, 30), (60 / root, 60 * root), (60 * root, 60 / root)]
    ):
        expected = [
            centre - width / 2,
            centre - height / 2,
            centre + width / 2,
            centre + height / 2,
        ]
        torch.testing.assert_close(boxes[row], torch.tensor(expected))
    # the coarsest: one cell at the centre; scale 0.95, then sqrt(0.95 * 1)
    side = 300 * 0.95
    half = torch.tensor([-side / 2, -side / 2, side / 2, side / 2])
    torch.testing.assert_close(boxes[-6], 150 + half)
    torch.testing.assert_close((boxes[-5, 2] - boxes[-5, 0]).item(), 300 * math.sqrt(0.95))


def test_the_next_anchor_is_the_next_column():
    boxes = anchors([(4, 6)], (64, 96), (0.2, 0.95))
    torch.testing.assert_close(boxes[3] - boxes[0], torch.tensor([16.0, 0, 16, 0]))
    torch.testing.assert_close(boxes[18] - boxes[0], torch.tensor([0.0, 16, 0, 16]))


def test_scales_are_fractions_of_each_side():
    boxes = anchors([(1, 1)], (100, 300), (0.2, 0.95))
    torch.testing.assert_close(boxes[0], torch.tensor([135.0, 45, 165, 55]))

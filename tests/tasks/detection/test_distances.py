"""Boxes as distributions of distances: there and back, and the loss by hand."""

import math

import pytest
import torch

from tasks.detection.anchors import squares
from tasks.detection.distances import DistanceCoder, distribution_loss


def test_anchors_by_hand():
    boxes = squares([(2, 3), (1, 2)], [8, 16], side=8.0)
    assert boxes.shape == (8, 4)
    assert boxes[1].tolist() == [12 - 32, 4 - 32, 12 + 32, 4 + 32]
    assert boxes[3].tolist() == [4 - 32, 12 - 32, 4 + 32, 12 + 32]
    assert boxes[7].tolist() == [24 - 64, 8 - 64, 24 + 64, 8 + 64]


def test_a_box_comes_back_from_its_distances():
    coder = DistanceCoder(8, 8.0)
    anchors = squares([(2, 3), (1, 2)], [8, 16], side=8.0)
    assert coder.centre(anchors)[7].tolist() == [24, 8]
    assert coder.stride(anchors).flatten().tolist() == [8] * 6 + [16] * 2
    boxes = torch.tensor([3.0, 1, 40, 15]).expand(8, 4)
    distances = coder.encode(boxes, anchors)
    assert distances[7].tolist() == [21 / 16, 7 / 16, 16 / 16, 7 / 16]
    torch.testing.assert_close(coder.place(distances, anchors), boxes)


def test_a_distribution_means_its_expectation():
    coder = DistanceCoder(8, 8.0)
    code = torch.full((4, 8), -torch.inf)
    code[0, 3] = 0.0
    code[1, [2, 3]] = torch.tensor([0.75, 0.25]).log()
    code[2], code[3, 0] = 0.0, 0.0
    assert coder.values(code.flatten()).tolist() == pytest.approx([3, 2.25, 3.5, 0])
    anchors = squares([(1, 1)], [16], side=8.0)[0]
    box = coder.decode(code.flatten(), anchors)
    assert box.tolist() == pytest.approx([8 - 48, 8 - 36, 8 + 56, 8])


def test_the_distribution_loss_by_hand():
    """A distance of 2.25 strides is three quarters 2 and one quarter 3."""
    share = torch.rand(8, generator=torch.Generator().manual_seed(0))
    share /= share.sum()
    loss = distribution_loss(share.log().repeat(4), torch.tensor([2.25, 0, 7, -3]), 8)
    sides = [
        -0.75 * math.log(share[2]) - 0.25 * math.log(share[3]),
        -math.log(share[0]),
        -0.1 * math.log(share[6]) - 0.9 * math.log(share[7]),  # 7 is moved to 6.9
        -math.log(share[0]),
    ]
    assert float(loss) == pytest.approx(sum(sides) / 4, rel=1e-5)

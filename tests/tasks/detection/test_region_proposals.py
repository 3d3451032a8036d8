"""The region proposal network against torchvision's parts and hand cases."""

import pytest
import torch
from torch.nn import functional as F
from torchvision.models.detection._utils import Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou, clip_boxes_to_image, nms

from tasks.detection.boxes import match
from tasks.detection.region_proposals import RegionProposals, grid_anchors

SIZE = (96, 128)
SIDES = (24, 48, 96)


def network(**options) -> RegionProposals:
    torch.manual_seed(0)
    return RegionProposals(16, (6, 8), SIZE, SIDES, **({"proposals": 60} | options))


def truth() -> tuple[torch.Tensor, torch.Tensor]:
    """Three images: two boxes, one box and padding, none."""
    boxes = torch.tensor(
        [
            [[10.0, 10, 60, 50], [70, 30, 90, 90]],
            [[0.0, 0, 120, 90], [5, 5, 50, 50]],
            [[0.0, 0, 0, 0], [0, 0, 0, 0]],
        ]
    )
    return boxes, torch.tensor([[True, True], [True, False], [False, False]])


def test_anchors_are_torchvisions_in_the_middle_of_their_cells():
    """It puts them on the cells' corners, rounds their sides, and lists ratios before sizes."""
    generator = AnchorGenerator((SIDES,), ((0.5, 1.0, 2.0),))
    images = ImageList(torch.zeros(1, 3, *SIZE), [SIZE])
    (theirs,) = generator(images, [torch.zeros(1, 16, 6, 8)])
    theirs = theirs.view(6, 8, 3, 3, 4).transpose(2, 3).reshape(-1, 4) + 8
    assert (grid_anchors((6, 8), SIZE, SIDES) - theirs).abs().max() <= 0.5


def test_anchors_follow_a_map_that_is_not_a_sixteenth():
    anchors = grid_anchors((19, 38), (300, 600), (64, 128, 256, 512))
    assert anchors.shape == (19 * 38 * 12, 4)
    centre = (anchors[:, :2] + anchors[:, 2:]) / 2
    torch.testing.assert_close(centre.amin(0), torch.tensor([300 / 38, 300 / 38]))
    torch.testing.assert_close(centre.amax(0), torch.tensor([600 - 300 / 38, 300 - 300 / 38]))
    sides = anchors[:12, 2:] - anchors[:12, :2]
    torch.testing.assert_close(
        sides.prod(1).sqrt(), torch.tensor([64.0, 128, 256, 512]).repeat_interleave(3)
    )
    torch.testing.assert_close(sides[:3, 1] / sides[:3, 0], torch.tensor([0.5, 1.0, 2.0]))


def test_matching_is_torchvisions():
    """0.7 and 0.3 with each box's best anchor; jittered, so that no two are equally good."""
    generator = torch.Generator().manual_seed(0)
    anchors = grid_anchors((6, 8), SIZE, SIDES) + torch.rand(432, 4, generator=generator)
    corner = torch.rand(8, 5, 2, generator=generator) * 60
    side = 15 + torch.rand(8, 5, 2, generator=generator) * 60
    boxes = torch.cat([corner, corner + side], -1)
    mine = match(boxes, torch.ones(8, 5, dtype=torch.bool), anchors, 0.7, low=0.3)
    assert {-2, -1} < set(mine.unique().tolist())
    matcher = Matcher(0.7, 0.3, allow_low_quality_matches=True)
    for row, image in zip(mine, boxes, strict=True):
        overlap = box_iou(image, anchors)
        theirs = matcher(overlap)
        assert torch.equal(row.clamp(max=0), theirs.clamp(max=0))
        # where a box takes its best anchor, torchvision leaves that to the box it overlaps most
        forced = (overlap == overlap.amax(1, keepdim=True)).any(0)
        assert torch.equal(row[~forced], theirs[~forced])


@pytest.mark.parametrize("device", ["a CPU", "another"])
def test_proposals_are_torchvisions_and_the_best_dropped_ones_after(device, monkeypatch):
    # compiled, a CPU makes a fixed number of rounds, as other devices do
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: device == "another")
    rpn = network(candidates=200)
    torch.manual_seed(1)
    code, objectness = torch.randn(3, 432, 4) * 2, torch.randn(3, 432)
    proposals = rpn.propose(code, objectness)
    for i in range(3):
        boxes = clip_boxes_to_image(rpn.coder.decode(code[i], rpn.anchors), SIZE)
        empty = (boxes[:, 2:] <= boxes[:, :2]).any(1)
        scores, best = objectness[i].masked_fill(empty, -torch.inf).topk(200)
        kept = nms(boxes[best], scores, 0.7)
        dropped = torch.tensor([k for k in range(200) if k not in kept.tolist()])
        order = best[torch.cat([kept, dropped])][:60]
        torch.testing.assert_close(proposals[i], boxes[order])


def test_there_are_always_as_many_proposals():
    """Also where all anchors agree on one box, and where a map has fewer anchors."""
    rpn = network()
    target = torch.tensor([20.0, 20, 70, 60]).expand(432, 4)
    code = rpn.coder.encode(target, rpn.anchors)[None]
    proposals = rpn.propose(code, torch.linspace(1, -1, 432)[None])
    torch.testing.assert_close(proposals, target[None, :60], rtol=1e-3, atol=1e-2)
    assert network(proposals=600).propose(code, torch.randn(1, 432)).shape == (1, 432, 4)


def test_anchors_that_left_the_frame_come_last():
    rpn = network(proposals=432)
    code = torch.zeros(1, 432, 4)
    code[0, :100, 1] = -1e3  # far to the left, with the best scores
    proposals = rpn.propose(code, torch.linspace(1, -1, 432)[None])[0]
    area = (proposals[:, 2:] - proposals[:, :2]).prod(1)
    assert (area[:332] > 0).all()
    assert (area[332:] == 0).all()


def test_the_loss_is_torchvisions_on_the_same_anchors():
    """With a minibatch that holds all anchors there is nothing to draw."""
    rpn = network(minibatch=2 * 432)
    torch.manual_seed(1)
    code, objectness = torch.randn(3, 432, 4), torch.randn(3, 432)
    boxes, valid = truth()
    terms = rpn.loss(code, objectness, boxes, valid)
    assigned = match(boxes, valid, rpn.anchors, 0.7, low=0.3)
    looked_at, positive = assigned != -2, assigned >= 0
    assert positive.any(1).tolist() == [True, True, False]
    expected = F.binary_cross_entropy_with_logits(
        objectness[looked_at], positive[looked_at].float()
    )
    torch.testing.assert_close(terms["rpn_objectness"], expected)
    image, anchor = positive.nonzero(as_tuple=True)
    wanted = rpn.coder.encode(boxes[image, assigned[positive]], rpn.anchors[anchor])
    box = F.smooth_l1_loss(code[positive], wanted, reduction="sum") / looked_at.sum()
    torch.testing.assert_close(terms["rpn_box"], 2 * box)


def test_outputs_and_anchors_are_of_one_cell_and_shape():
    """A map of one bright cell moves the outputs of the anchors around it alone."""
    rpn = network()
    dark, lit = torch.zeros(1, 16, 6, 8), torch.zeros(1, 16, 6, 8)
    lit[0, :, 4, 2] = 1.0
    code, objectness = rpn(lit)
    assert code.shape == (1, 432, 4)
    moved = (code - rpn(dark)[0]).abs().sum(-1)[0] + (objectness - rpn(dark)[1]).abs()[0]
    centre = (rpn.anchors[:, :2] + rpn.anchors[:, 2:]) / 2
    near = ((centre - torch.tensor([2.5 * 16, 4.5 * 16])).abs() < 17).all(1)
    assert torch.equal(moved > 0, near)


def test_each_anchor_reads_its_own_two_scores():
    rpn = network()
    torch.nn.init.zeros_(rpn.objectness_predictor.weight)
    # an anchor's background score is its number, its object score twice that
    rpn.objectness_predictor.bias.data = torch.tensor([[n, 2.0 * n] for n in range(9)]).flatten()
    _, objectness = rpn(torch.zeros(1, 16, 6, 8))
    assert torch.equal(objectness.view(-1, 9), torch.arange(9.0).expand(48, 9))

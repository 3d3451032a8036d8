"""Box arithmetic against torchvision and hand cases."""

import pytest
import torch
from torchvision import ops

from tasks.detection.boxes import (
    BoxCoder,
    clip,
    edges,
    final_boxes,
    iou,
    match,
    overlap,
    suppressed,
)


def random_boxes(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(*shape, 2, generator=generator) * 80
    return torch.cat([corner, corner + 1 + torch.rand(*shape, 2, generator=generator) * 60], -1)


def test_iou_is_torchvisions():
    a, b = random_boxes(2, 9, seed=1), random_boxes(2, 7, seed=2)
    expected = torch.stack([ops.box_iou(*pair) for pair in zip(a, b, strict=True)])
    torch.testing.assert_close(iou(a, b), expected)


def test_iou_of_boxes_without_area_is_zero_not_nan():
    empty = torch.tensor([[5.0, 5, 5, 9], [3, 3, 3, 3], [9, 9, 2, 2]])
    assert iou(empty, empty).abs().max() == 0


def test_code_of_a_hand_case():
    anchor = torch.tensor([10.0, 20, 30, 60])  # centre (40, 20), 40 high, 20 wide
    box = torch.tensor([14.0, 24, 34, 104])  # centre (64, 24), 80 high, 20 wide
    code = BoxCoder().encode(box, anchor)
    expected = torch.tensor([10 * 24 / 40, 10 * 4 / 20, 5 * torch.log(torch.tensor(2.0)), 0])
    torch.testing.assert_close(code, expected)


def test_decode_inverts_encode():
    boxes, anchors = random_boxes(3, 50, seed=3), random_boxes(50, seed=4)
    coder = BoxCoder()
    decoded = coder.decode(coder.encode(boxes, anchors), anchors)
    torch.testing.assert_close(decoded, boxes, rtol=1e-4, atol=1e-3)


def test_decode_stays_finite_for_any_code():
    anchors = random_boxes(4)
    assert BoxCoder().decode(torch.full((4, 4), 1e4), anchors).isfinite().all()


ANCHORS = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30], [0, 0, 100, 100], [60, 60, 70, 70]])


def test_every_box_takes_its_best_anchor_however_little_they_overlap():
    boxes = torch.tensor([[[0.0, 0, 10, 9], [68, 68, 90, 90]]])
    valid = torch.ones(1, 2, dtype=torch.bool)
    assert match(boxes, valid, ANCHORS).tolist() == [[0, -1, 1, -1]]


def test_padding_and_boxes_that_overlap_nothing_take_no_anchor():
    boxes = torch.tensor([[[0.0, 0, 10, 10], [5, 5, 5, 5], [200, 200, 300, 300]]])
    valid = torch.tensor([[False, True, True]])
    assert match(boxes, valid, ANCHORS).tolist() == [[-1, -1, -1, -1]]


def test_two_boxes_that_want_one_anchor():
    boxes = torch.tensor([[[0.0, 0, 10, 10], [0, 0, 10, 10]]])
    valid = torch.ones(1, 2, dtype=torch.bool)
    assert match(boxes, valid, ANCHORS)[0, 0] == 1, "the later row wins, on every device"


@pytest.mark.parametrize("threshold", [0.1, 0.45, 0.6])
def test_suppression_is_the_greedy_answer(threshold):
    boxes = random_boxes(5, 150, seed=5)
    labels = torch.randint(1, 4, (5, 150), generator=torch.Generator().manual_seed(6))
    scores = torch.linspace(1, 0, 150)
    keep = ~suppressed(boxes, labels, threshold)
    for i in range(len(boxes)):
        expected = torch.zeros(150, dtype=torch.bool)
        expected[ops.batched_nms(boxes[i], scores, labels[i], threshold)] = True
        assert torch.equal(keep[i], expected)


@pytest.mark.parametrize("rounds", [12, 16])
def test_a_fixed_number_of_rounds_gives_the_same_answer(rounds, monkeypatch):
    """Other devices than a CPU make so many; boxes of one class crowd around few objects here."""
    generator = torch.Generator().manual_seed(7)
    centre = torch.rand(6, 4, 2, generator=generator)[:, torch.arange(400) % 4] * 150
    centre = centre + torch.randn(6, 400, 2, generator=generator) * 8
    boxes = torch.cat([centre, centre + 60 + torch.rand(6, 400, 2, generator=generator) * 8], -1)
    settled = suppressed(boxes, None, 0.6)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert torch.equal(suppressed(boxes, None, 0.6, rounds), settled)
    assert not torch.equal(suppressed(boxes, None, 0.6, 2), settled)


@pytest.mark.slow
def test_suppression_compiles():
    boxes = random_boxes(2, 20)
    labels = torch.randint(1, 3, (2, 20), generator=torch.Generator().manual_seed(8))
    compiled = torch.compile(suppressed, fullgraph=True)
    assert torch.equal(compiled(boxes, labels, 0.3, 4), suppressed(boxes, labels, 0.3))


def test_boxes_without_area_suppress_nothing():
    boxes = torch.tensor([[[3.0, 3, 3, 3], [3, 3, 3, 3], [2, 2, 4, 4]]])
    assert not suppressed(boxes, None, 0.5).any()


def test_overlap_is_iou_without_the_union():
    a, b = random_boxes(2, 9, seed=1), random_boxes(2, 7, seed=2)
    shared = overlap(a, b)
    area = ((a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1))
    union = area[0][..., :, None] + area[1][..., None, :] - shared
    torch.testing.assert_close(shared / union, iou(a, b))


def test_clipping_is_torchvisions():
    boxes = random_boxes(3, 20) * 2 - 40
    expected = ops.clip_boxes_to_image(boxes, (60, 90))
    assert torch.equal(clip(boxes, edges((60, 90))), expected)


def test_final_boxes_are_the_best_that_suppression_keeps():
    boxes, score = random_boxes(3, 80), torch.linspace(2, -2, 80).expand(3, -1)
    labels = torch.randint(1, 3, (3, 80), generator=torch.Generator().manual_seed(8))
    found = final_boxes(boxes, score, labels, 0.3, most=30)
    for i, keep in enumerate(~suppressed(boxes, labels, 0.3)):
        rows = keep.nonzero()[:, 0][:30]
        assert found["count"][i] == len(rows)
        for name, source in (("boxes", boxes), ("scores", score), ("labels", labels)):
            assert torch.equal(found[name][i, : len(rows)], source[i][rows])


def test_a_suppressed_box_suppresses_nothing():
    # a chain: 0 drops 1, so 1 cannot drop 2
    boxes = torch.tensor([[[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]]])
    dropped = suppressed(boxes, torch.ones(1, 3, dtype=torch.int64), 0.4)
    assert dropped.tolist() == [[False, True, False]]

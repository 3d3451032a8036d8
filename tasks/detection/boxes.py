"""Box arithmetic on whole batches: overlap, coding, matching, non-maximum suppression.

Boxes are `xyxy` in input pixels, float32. A batch pads its images' boxes to the same number, and a
mask says which rows are real. Nothing here loops over images or classes. Nothing waits for the
device, except `suppress` without a fixed number of rounds (inference).
"""

import math

import torch
from torch import Tensor

# Sides are encoded as if they were at least this long, in pixels: log(0) is not finite.
MIN_ENCODED_SIDE = 1e-3


def box_area(boxes: Tensor) -> Tensor:
    """Areas of boxes [..., 4] in square pixels, zero for inverted ones."""
    width, height = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).unbind(-1)
    return width * height


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes [..., M, 4] with [..., N, 4]: [..., M, N] in 0..1."""
    low = torch.maximum(a[..., :, None, :2], b[..., None, :, :2])
    high = torch.minimum(a[..., :, None, 2:], b[..., None, :, 2:])
    sides = (high - low).clamp(min=0)
    overlap = sides[..., 0] * sides[..., 1]
    union = box_area(a)[..., :, None] + box_area(b)[..., None, :] - overlap
    return overlap / union.clamp(min=1e-9)


def centre_form(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes [..., 4] as centres (y, x) [..., 2] and sides (height, width) [..., 2]."""
    low, high = boxes[..., :2].flip(-1), boxes[..., 2:].flip(-1)
    return (low + high) / 2, high - low


class BoxCoder:
    """Encodes a box relative to an anchor as (dy/ha, dx/wa, log h/ha, log w/wa), each scaled.

    Args:
        centre: factor of the first two.
        side: factor of the last two.
    """

    # exp() of a network's output must stay finite; torchvision uses the same bound
    max_log_scale = math.log(1000.0 / 16)

    def __init__(self, centre: float = 10.0, side: float = 5.0):
        # plain numbers: a tensor of them would be copied to the device in every step
        self.centre, self.side = centre, side

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Codes of boxes [..., 4] relative to anchors [..., 4], both xyxy; finite for any box."""
        centre, sides = centre_form(boxes)
        anchor_centre, anchor_sides = centre_form(anchors)
        shift = (centre - anchor_centre) / anchor_sides
        scale = torch.log(sides.clamp(min=MIN_ENCODED_SIDE) / anchor_sides)
        return torch.cat([self.centre * shift, self.side * scale], -1)

    def decode(self, code: Tensor, anchors: Tensor) -> Tensor:
        """Boxes xyxy [..., 4] from codes relative to anchors; the inverse of `encode`."""
        anchor_centre, anchor_sides = centre_form(anchors)
        centre = anchor_centre + code[..., :2] / self.centre * anchor_sides
        half = anchor_sides * (code[..., 2:] / self.side).clamp(max=self.max_log_scale).exp() / 2
        return torch.cat([(centre - half).flip(-1), (centre + half).flip(-1)], -1)


def match(
    boxes: Tensor,
    valid: Tensor,
    anchors: Tensor,
    threshold: float = 0.5,
    low: float | None = None,
) -> Tensor:
    """Assign a box or the background to every anchor (SSD, arXiv 1512.02325, section 2.2).

    An anchor gets the box that it overlaps most, if the IoU is at least `threshold`. In addition
    every box gets the anchor that overlaps it most, whatever the IoU, so that no object is ignored.
    A box without area or outside the image overlaps no anchor and gets none.

    Args:
        boxes: float[B, M, 4].
        valid: bool[B, M], False for the rows that pad.
        anchors: float[A, 4].
        threshold: smallest IoU of an anchor with its box.
        low: anchors with an IoU from `low` to `threshold` are neither object nor background (Faster
            R-CNN, arXiv 1506.01497, section 3.1.2); None: every other anchor is background.

    Returns:
        int64[B, A]: the box's row, -1 for background, -2 for neither.
    """
    low = threshold if low is None else low
    overlap = iou(boxes, anchors.expand(len(boxes), -1, -1))
    overlap = overlap.masked_fill(~valid[..., None], -1.0)
    best, assigned = overlap.max(dim=1)
    assigned = assigned.masked_fill(best < threshold, -2).masked_fill(best < low, -1)
    # The best anchor of each box. Rows without one write to a column past the end. Where two boxes
    # share their best anchor the later row wins: scatter_reduce makes that so on every device.
    best, anchor = overlap.max(dim=2)
    anchor = anchor.masked_fill(best <= 0, len(anchors))
    rows = torch.arange(boxes.shape[1], device=boxes.device).expand_as(anchor)
    forced = assigned.new_full((len(boxes), len(anchors) + 1), -1)
    forced = forced.scatter_reduce(1, anchor, rows, "amax")[:, :-1]
    return torch.where(forced >= 0, forced, assigned)


def suppress(
    boxes: Tensor, labels: Tensor | None, threshold: float, rounds: int | None = None
) -> Tensor:
    """Greedy non-maximum suppression per class, for all images at once.

    Boxes must be sorted by falling score. A box is dropped if a kept box before it, of the same
    class, overlaps it by more than `threshold`. This rule is applied to all boxes at once and
    repeated until nothing changes. The fixed point is exactly the sequential greedy result; it
    takes as many rounds as the longest chain of suppressions, typically under ten.

    Args:
        boxes: float[B, K, 4].
        labels: int[B, K]; None if all boxes are of one class.
        threshold: the largest IoU of two kept boxes of one class.
        rounds: apply the rule this many times, without the check for a change, which waits for
            the device. An even number that is too small keeps a few boxes too many.

    Returns:
        bool[B, K], True where the box is kept.
    """
    rivals = iou(boxes, boxes) > threshold
    if labels is not None:
        rivals &= labels[:, :, None] == labels[:, None, :]
    # Each row is a box, its columns the boxes before it. The maximum of bytes is several times as
    # fast on a CPU as `any`, which reads booleans one by one.
    rivals = rivals.tril_(diagonal=-1).view(torch.uint8)
    keep = torch.ones_like(boxes[..., 0], dtype=torch.uint8)
    step = 0
    while rounds is None or step < rounds:
        kept = ((rivals * keep[:, None]).amax(2) == 0).view(torch.uint8)
        if rounds is None and torch.equal(kept, keep):
            break
        keep, step = kept, step + 1
    return keep.bool()

"""SimOTA: anchors are assigned to the objects that they can learn at the lowest cost."""

import torch
from torch import Tensor

from tasks.detection.boxes import box_area, overlap_of_pairs
from tasks.detection.quality_losses import QualityLoss

RADIUS = 2.5  # in strides: how far from an object's centre its anchors may lie
BEST = 10  # anchors whose IoUs with an object sum up to the number of anchors that it gets
BOX_WEIGHT = 6.0  # of a pair's box, beside its class (arXiv 2111.00902, section 3.3)
FAR = 1e4  # added to the cost of an anchor that is outside an object or far from its centre


@torch.no_grad()
def assign(
    logits: Tensor,
    found: Tensor,
    centres: Tensor,
    strides: Tensor,
    boxes: Tensor,
    labels: Tensor,
    valid: Tensor,
    loss: QualityLoss,
) -> tuple[Tensor, Tensor]:
    """Assign a box or the background to every anchor of a batch, without waiting for the device.

    SimOTA (YOLOX, arXiv 2107.08430, section 2.1): each object gets the anchors of least cost. The
    cost is the loss of the classes plus six times that of the box (arXiv 2111.00902, equation 2).
    The number of anchors is the sum of the object's ten best IoUs, but at least one. If two objects
    get the same anchor, it goes to the one for which it costs less. Candidates are the anchors that
    are inside some object or near its centre. For an object, those that are both inside it and near
    its centre come before all others. An object without area gets no anchor.

    Args:
        logits: float[B, A, classes], without the background's.
        found: float[B, A, 4], the predicted boxes.
        centres: float[A, 2], (x, y) of the anchors; `strides` float[A, 1] of their maps.
        boxes: float[B, M, 4], the objects; all boxes are xyxy in pixels of the input.
        labels: int64[B, M], the column of each object's class; any value in padding rows.
        valid: bool[B, M], False for padding rows.
        loss: of the classes.

    Returns:
        int64[B, A]: the box's row, -1 for background; and float[B, A]: the IoU of the predicted box
        with it.
    """
    low, high = boxes[:, :, None, :2], boxes[:, :, None, 2:]
    inside = ((centres > low) & (centres < high)).all(-1)
    near = ((centres - (low + high) / 2).abs() < RADIUS * strides).all(-1)
    valid = (valid & (box_area(boxes) > 0))[..., None]
    candidate = ((inside | near) & valid).any(1, keepdim=True) & valid

    overlap, generalised = overlap_of_pairs(boxes[:, :, None], found[:, None])
    cost = loss.of_pairs(logits, labels, overlap) + BOX_WEIGHT * (1 - generalised)
    cost = torch.where(inside & near, cost, cost + FAR).masked_fill(~candidate, torch.inf)
    most = min(BEST, found.shape[1])
    wanted = overlap.masked_fill(~candidate, 0.0).topk(most, 2).values.sum(2)
    last = wanted.long().clamp(min=1, max=most) - 1
    dearest = cost.topk(most, 2, largest=False).values.gather(2, last[..., None])
    # compared by the cost of the last one that an object gets, since equal costs have no order
    cost = cost.masked_fill(cost > dearest, torch.inf)
    cheapest, row = cost.min(1)
    overlap = overlap.gather(1, row[:, None]).squeeze(1)
    return torch.where(cheapest < torch.inf, row, -1), overlap

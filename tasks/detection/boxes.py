"""Box arithmetic on whole batches: overlap, coding, matching, non-maximum suppression.

Boxes are `xyxy` in input pixels, float32. In a batch, all images' boxes are padded to the same
number, and a mask says which rows are real. There are no loops over images or classes. Nothing
waits for the device, except `suppressed` on a CPU, where waiting costs nothing.
"""

import math

import torch
from torch import Tensor

from backbone.tracing import is_exporting

# Sides are encoded as at least this long, in pixels: log(0) is not finite.
MIN_ENCODED_SIDE = 1e-3
# Rounds of suppression if a check for convergence would wait for the device. The longest chain
# among 1,000 boxes clustered around one object took 13, among 400 boxes 9.
ROUNDS, FEW_ROUNDS = 16, 12


def box_area(boxes: Tensor) -> Tensor:
    """Areas of boxes [..., 4] in square pixels, zero for inverted ones."""
    width, height = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).unbind(-1)
    return width * height


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """The areas that boxes [..., M, 4] share with [..., N, 4]: [..., M, N] in square pixels."""
    # One plane per coordinate: with the four coordinates innermost a CPU needs five times as long.
    same = a is b
    a = a.mT.contiguous()
    b = a if same else b.mT.contiguous()
    low = torch.maximum(a[..., :2, :, None], b[..., :2, None, :])
    high = torch.minimum(a[..., 2:, :, None], b[..., 2:, None, :])
    width, height = (high - low).clamp_(min=0).unbind(-3)
    return width * height


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes [..., M, 4] with [..., N, 4]: [..., M, N] in 0..1."""
    shared = overlap(a, b)
    union = box_area(a)[..., :, None] + box_area(b)[..., None, :] - shared
    return shared / union.clamp_(min=1e-9)


def overlap_of_pairs(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """How well boxes [..., 4] fit others [..., 4]: IoU and generalised IoU, both [...].

    The shapes have as many dimensions, and are broadcast. The generalised IoU
    (arXiv 1902.09630) takes from the IoU the share of the smallest box around both that neither
    covers: it lies in -1..1 and has a gradient where the two do not meet. torchvision's loss of the
    same name picks boxes by a mask, for which a GPU's host waits.
    """
    a, b = a.movedim(-1, 0).contiguous(), b.movedim(-1, 0).contiguous()  # see `overlap`
    shared = _rectangle(torch.maximum(a[:2], b[:2]), torch.minimum(a[2:], b[2:]))
    around = _rectangle(torch.minimum(a[:2], b[:2]), torch.maximum(a[2:], b[2:])).clamp(min=1e-9)
    union = (_rectangle(a[:2], a[2:]) + _rectangle(b[:2], b[2:]) - shared).clamp(min=1e-9)
    share = shared / union
    return share, share - (around - union) / around


def _rectangle(low: Tensor, high: Tensor) -> Tensor:
    """Areas [...] between corners [2, ...] and [2, ...], zero where they are exchanged."""
    width, height = (high - low).clamp(min=0).unbind(0)
    return width * height


def edges(size: tuple[int, int]) -> Tensor:
    """The largest x and y in an image of (height, width): float[2], for `clip`."""
    height, width = size
    return torch.tensor([width, height], dtype=torch.float32)


def clip(boxes: Tensor, edges: Tensor) -> Tensor:
    """Boxes [..., 4] clipped to the edges of an image, see `edges`."""
    return torch.minimum(boxes.unflatten(-1, (2, 2)).clamp(min=0), edges).flatten(-2)


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

    def values(self, code: Tensor) -> Tensor:
        """The four numbers [..., 4] that a network's output stands for: the output itself."""
        return code

    def decode(self, code: Tensor, anchors: Tensor) -> Tensor:
        """Boxes xyxy [..., 4] from codes relative to anchors; the inverse of `encode`."""
        # x before y: reordering the code once is cheaper than reordering four planes of the boxes
        shift, scale = code.unflatten(-1, (2, 2)).flip(-1).unbind(-2)
        low, high = anchors[..., :2], anchors[..., 2:]
        sides = high - low
        centre = (low + high) / 2 + shift / self.centre * sides
        half = sides * (scale / self.side).clamp(max=self.max_log_scale).exp() / 2
        return torch.cat([centre - half, centre + half], -1)


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
        valid: bool[B, M], False for padding rows.
        anchors: float[A, 4].
        threshold: smallest IoU of an anchor with its box.
        low: anchors with an IoU from `low` to `threshold` are neither object nor background (Faster
            R-CNN, arXiv 1506.01497, section 3.1.2); None: every other anchor is background.

    Returns:
        int64[B, A]: the box's row, -1 for background, -2 for neither.
    """
    low = threshold if low is None else low
    overlap = iou(boxes, anchors.expand(boxes.shape[0], -1, -1))
    overlap = overlap.masked_fill(~valid[..., None], -1.0)
    best, assigned = overlap.max(dim=1)
    assigned = assigned.masked_fill(best < threshold, -2).masked_fill(best < low, -1)
    # The best anchor of each box. Rows without one write to a column past the end. If two boxes
    # share their best anchor, the later row wins: scatter_reduce ensures this on every device.
    best, anchor = overlap.max(dim=2)
    anchor = anchor.masked_fill(best <= 0, len(anchors))
    rows = torch.arange(boxes.shape[1], device=boxes.device).expand_as(anchor)
    forced = assigned.new_full((boxes.shape[0], len(anchors) + 1), -1)
    forced = forced.scatter_reduce(1, anchor, rows, "amax")[:, :-1]
    return torch.where(forced >= 0, forced, assigned)


def suppressed(
    boxes: Tensor, labels: Tensor | None, threshold: float, rounds: int = ROUNDS
) -> Tensor:
    """Greedy non-maximum suppression per class, for all images at once.

    Boxes must be sorted by falling score. A box is dropped if a kept box before it, of the same
    class, overlaps it by more than `threshold`. This rule is applied to all boxes at once and
    repeated until nothing changes. The fixed point is exactly the sequential greedy result. It
    takes as many rounds as the longest chain of suppressions, typically under ten.

    Args:
        boxes: float[B, K, 4].
        labels: int[B, K]; None if all boxes are of one class.
        threshold: the largest IoU of two kept boxes of one class.
        rounds: apply the rule this many times, without a check for changes, which would wait for
            the device. An even number that is too small keeps a few boxes too many. A CPU goes on
            until nothing changes, unless it runs compiled. An exported graph has `ROUNDS` rounds.

    Returns:
        bool[B, K], True where the box is dropped.
    """
    shared = overlap(boxes, boxes)
    area = shared.diagonal(dim1=-2, dim2=-1)
    # nan for two boxes without area; nan is not above any threshold
    rivals = shared / (area[..., :, None] + area[..., None, :] - shared) > threshold
    if labels is not None:
        rivals &= labels[:, :, None] == labels[:, None, :]
    rivals = rivals.tril_(diagonal=-1)  # each row is a box; its columns are the boxes before it
    if is_exporting():
        return _dropped_by_products(rivals.float())
    # The maximum of bytes is several times as fast on a CPU as `any`, which reads booleans one by
    # one. torch 2.11 cannot compile a view of booleans as bytes.
    rivals = rivals.to(torch.uint8)
    settle = boxes.is_cpu and not torch.compiler.is_compiling()
    dropped, step = rivals.amax(2), 1  # the first round, in which every box is kept
    while settle or step < rounds:
        before = dropped
        dropped = (rivals >> before[:, None]).amax(2)  # by a rival that is kept
        step += 1
        if settle and torch.equal(dropped, before):
            break
    return dropped > 0


def _dropped_by_products(rivals: Tensor) -> Tensor:
    """`suppressed` from its rivals, 0 or 1 in float[B, K, K], by operations fast everywhere.

    A product with the boxes kept so far counts, for each box, its kept rivals.
    """
    kept = torch.ones_like(rivals[:, :, :1])
    for _ in range(ROUNDS):
        kept = (rivals @ kept < 0.5).float()
    return kept[:, :, 0] < 0.5


def final_boxes(
    boxes: Tensor, score: Tensor, labels: Tensor, threshold: float, most: int
) -> dict[str, Tensor]:
    """The best boxes of each image after suppression per class.

    Args:
        boxes: float[B, K, 4], `score` float[B, K] falling, and `labels` int64[B, K].
        threshold: see `suppressed`.
        most: boxes per image.

    Returns:
        boxes float[B, D, 4], scores float[B, D], labels int64[B, D] and count int64[B]: an image's
        rows from `count` on are padding, with a score of minus infinity.
    """
    dropped = suppressed(boxes, labels, threshold, FEW_ROUNDS)
    rank = score.masked_fill(dropped, -torch.inf).topk(min(most, score.shape[1]))
    return {
        "boxes": boxes.gather(1, rank.indices[..., None].expand(-1, -1, 4)),
        "scores": rank.values,
        "labels": labels.gather(1, rank.indices),
        "count": (rank.values > -torch.inf).sum(1),
    }

"""The region proposal network of Faster R-CNN (arXiv 1506.01497, section 3.1)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.detection.anchor_detector import rows
from tasks.detection.boxes import BoxCoder, clip, edges, match, suppressed
from tasks.detection.regions import balanced_sample
from tasks.detection.selection import best

RATIOS = (0.5, 1.0, 2.0)  # height of an anchor over its width
# Weight of both stages' box terms, as in TensorFlow's configurations of these detectors.
BOX_WEIGHT = 2.0
# Proposals narrower or lower than this, in pixels, are ranked last.
MIN_PROPOSAL_SIDE = 1e-3


def grid_anchors(shape: tuple[int, int], size: tuple[int, int], sides: Sequence[float]) -> Tensor:
    """Anchors of every size and ratio at every cell of a map, row by row, not clipped.

    Args:
        shape: (height, width) of the map.
        size: (height, width) of the input in pixels.
        sides: square roots of the anchors' areas, in pixels.

    Returns:
        float32[A, 4] xyxy in input pixels; the anchors of a cell are ordered by size, then ratio.
    """
    y, x = (
        (torch.arange(cells, dtype=torch.float64) + 0.5) * (pixels / cells)
        for cells, pixels in zip(shape, size, strict=True)
    )
    y, x = torch.meshgrid(y, x, indexing="ij")
    centre = torch.stack([x, y], -1)[:, :, None]
    half = torch.tensor(
        [(side / ratio**0.5 / 2, side * ratio**0.5 / 2) for side in sides for ratio in RATIOS],
        dtype=torch.float64,
    )
    return torch.cat([centre - half, centre + half], -1).reshape(-1, 4).float()


class RegionProposals(nn.Module):
    """Scores and refines the anchors of one feature map, and proposes the best boxes.

    A 3x3 convolution with bias and ReLU6, without batch norm, then 1x1 convolutions to four box
    codes and two scores (background, object) per anchor. This is TensorFlow's layout, which the
    paper's costs imply; ReLU6 also bounds the map, which suits bf16. Codes are scaled as in
    `BoxCoder`, in both stages, as in TensorFlow.

    Args:
        channels: of the feature map.
        shape: (height, width) of the feature map.
        size: (height, width) of the input in pixels.
        anchor_sizes: square roots of the anchors' areas, in pixels.
        proposals: boxes to propose per image.
        depth: channels of the 3x3 convolution.
        candidates: best anchors of an image that enter suppression.
        nms_iou: IoU above which the lower-scored of two proposals is dropped.
        minibatch: anchors per image that are sampled for the loss, at most half of them positive.
    """

    anchors: Tensor
    edges: Tensor

    def __init__(
        self,
        channels: int,
        shape: tuple[int, int],
        size: tuple[int, int],
        anchor_sizes: Sequence[float],
        proposals: int,
        depth: int = 512,
        candidates: int = 1000,
        nms_iou: float = 0.7,
        minibatch: int = 256,
    ):
        super().__init__()
        self.size, self.sides = size, list(anchor_sizes)
        self.nms_iou, self.minibatch = nms_iou, minibatch
        self.register_buffer("anchors", grid_anchors(shape, size, anchor_sizes), persistent=False)
        self.register_buffer("edges", edges(size), persistent=False)
        self.candidates = min(candidates, len(self.anchors))
        self.proposals = min(proposals, self.candidates)
        self.coder = BoxCoder()
        per_cell = len(anchor_sizes) * len(RATIOS)
        self.conv = nn.Conv2d(channels, depth, 3, padding=1)
        self.box_predictor = nn.Conv2d(depth, per_cell * 4, 1)
        self.objectness_predictor = nn.Conv2d(depth, per_cell * 2, 1)
        # He initialisation, where TensorFlow uses a standard deviation of 0.01, since this
        # convolution starts from random weights even if the trunk does not
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        for predictor in (self.box_predictor, self.objectness_predictor):
            nn.init.trunc_normal_(predictor.weight, std=0.01)
        for layer in (self.conv, self.box_predictor, self.objectness_predictor):
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, feature_map: Tensor) -> tuple[Tensor, Tensor]:
        """float[B, C, h, w] -> box codes float[B, A, 4] and objectness logits float[B, A]."""
        hidden = F.relu6(self.conv(feature_map))
        background, object_ = rows(self.objectness_predictor(hidden), 2).float().unbind(-1)
        # the softmax over two scores is the sigmoid of their difference
        return rows(self.box_predictor(hidden), 4).float(), object_ - background

    @torch.no_grad()
    def propose(self, code: Tensor, objectness: Tensor) -> Tensor:
        """The best boxes of each image, best first; no gradient passes through them.

        There are always `proposals` boxes: if suppression leaves fewer, the best suppressed ones
        follow. So shapes are fixed, and there is no padding. Duplicates are suppressed after
        classification.

        Args:
            code: box codes float[B, A, 4] from `forward`.
            objectness: logits float[B, A] from `forward`.

        Returns:
            float[B, proposals, 4] xyxy in input pixels, clipped to the image.
        """
        # If the network's outputs are NaN, the loss must report it. Boxes of NaN would index out of
        # bounds before that, which ends the process on a GPU.
        boxes = clip(self.coder.decode(code, self.anchors).nan_to_num(), self.edges)
        large = (boxes[..., 2:] - boxes[..., :2] > MIN_PROPOSAL_SIDE).all(-1)
        _, column = best(objectness.masked_fill(~large, -torch.inf), self.candidates)
        boxes = boxes.gather(1, column[..., None].expand(-1, -1, 4))
        drop = suppressed(boxes, None, self.nms_iou) | ~large.gather(1, column)
        order = torch.arange(self.candidates, device=boxes.device)
        first = (order + self.candidates * drop).topk(self.proposals, largest=False).indices
        return boxes.gather(1, first[..., None].expand(-1, -1, 4))

    def loss(
        self, code: Tensor, objectness: Tensor, boxes: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Loss terms `rpn_objectness` and `rpn_box`, both divided by the number of sampled anchors.

        An anchor is positive if its IoU with a box is at least 0.7 or it is some box's best, and
        background if all its IoUs are below 0.3; the others are left out. Anchors that cross the
        image's edge take part too.

        Args:
            code: box codes float[B, A, 4] from `forward`.
            objectness: logits float[B, A] from `forward`.
            boxes: float[B, M, 4] xyxy in input pixels.
            valid: bool[B, M], False for padding rows of `boxes`.
        """
        assigned = match(boxes, valid, self.anchors, threshold=0.7, low=0.3)
        index, sampled = balanced_sample(assigned >= 0, assigned == -1, self.minibatch, 0.5)
        assigned = assigned.gather(1, index)
        positive = sampled & (assigned >= 0)
        count = sampled.sum().clamp(min=1)

        logits = objectness.gather(1, index)
        score = F.binary_cross_entropy_with_logits(logits, positive.float(), reduction="none")
        columns = index[..., None].expand(-1, -1, 4)
        rows = assigned.clamp(min=0)[..., None].expand(-1, -1, 4)
        wanted = self.coder.encode(boxes.gather(1, rows), self.anchors[index])
        box = F.smooth_l1_loss(code.gather(1, columns), wanted, reduction="none").sum(-1)
        return {
            "rpn_objectness": torch.where(sampled, score, 0.0).sum() / count,
            "rpn_box": BOX_WEIGHT * torch.where(positive, box, 0.0).sum() / count,
        }

"""Region proposal network: where objects may be (Faster R-CNN, arXiv 1506.01497, section 3.1)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks.detection.boxes import BoxCoder, match, suppress
from tasks.detection.regions import balanced_sample

RATIOS = (0.5, 1.0, 2.0)  # of an anchor's height to its width
# TensorFlow's configurations of these detectors weigh both box terms twice.
BOX_WEIGHT = 2.0
# Rounds of suppression in training, where nobody may look whether one more would change anything.
# The longest chain among 1,000 clustered boxes took 10.
ROUNDS = 16
# A proposal narrower or lower than this, in pixels, holds nothing to look at.
SMALLEST_SIDE = 1e-3


def grid_anchors(shape: tuple[int, int], size: tuple[int, int], sides: Sequence[float]) -> Tensor:
    """Anchors of every side and ratio at every cell of a map, row by row, not clipped.

    Args:
        shape: (height, width) of the map.
        size: (height, width) of the input in pixels.
        sides: square roots of the anchors' areas, in pixels.

    Returns:
        float32[A, 4] xyxy in input pixels; at one cell, each side's ratios follow one another.
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

    A 3x3 convolution with bias, ReLU6 and no batch norm, then 1x1 convolutions to four box codes
    and to two scores (background, object) an anchor: TensorFlow's layout, which the paper's costs
    imply. ReLU6 because it is TensorFlow's; and a bounded map is gentle to bf16. Codes have the
    factors of `BoxCoder`, as TensorFlow's have in both stages.

    Args:
        channels, shape: of the feature map; shape is (height, width).
        size: (height, width) of the input in pixels.
        anchor_sizes: square roots of the anchors' areas, in pixels.
        proposals: boxes an image.
        depth: channels of the 3x3 convolution.
        candidates: best anchors of an image that enter suppression.
        nms_iou: overlap above which the lower-scored of two proposals is dropped.
        minibatch: anchors an image that the loss looks at, at most half of them positive.
    """

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
        self.candidates = min(candidates, len(self.anchors))
        self.proposals = min(proposals, self.candidates)
        self.coder = BoxCoder()
        a_cell = len(anchor_sizes) * len(RATIOS)
        self.conv = nn.Conv2d(channels, depth, 3, padding=1)
        self.box_predictor = nn.Conv2d(depth, a_cell * 4, 1)
        self.objectness_predictor = nn.Conv2d(depth, a_cell * 2, 1)
        # He: the convolution learns from scratch, also where TensorFlow starts at 0.01
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        for predictor in (self.box_predictor, self.objectness_predictor):
            nn.init.trunc_normal_(predictor.weight, std=0.01)
        for layer in (self.conv, self.box_predictor, self.objectness_predictor):
            nn.init.zeros_(layer.bias)

    def forward(self, feature_map: Tensor) -> tuple[Tensor, Tensor]:
        """Box codes float[B, A, 4] and objectness logits float[B, A] of float[B, C, h, w]."""

        def rows(predictor: nn.Module, width: int) -> Tensor:
            # channels_last output: the permute is free, and the reshape a view
            return predictor(hidden).permute(0, 2, 3, 1).reshape(len(hidden), -1, width).float()

        hidden = F.relu6(self.conv(feature_map))
        background, object_ = rows(self.objectness_predictor, 2).unbind(-1)
        # the softmax over two scores is the sigmoid of their difference
        return rows(self.box_predictor, 4), object_ - background

    @torch.no_grad()
    def propose(self, code: Tensor, objectness: Tensor, rounds: int | None = None) -> Tensor:
        """The best boxes of each image, best first; no gradient passes through them.

        There are always `proposals` of them: where suppression leaves fewer, the best suppressed
        ones follow. So shapes are fixed, every row is a box, and what repeats another is dropped
        after classification.

        Args:
            code, objectness: what `forward` gave.
            rounds: see `suppress`; None waits for the device.

        Returns:
            float[B, proposals, 4] xyxy in input pixels, clipped to the frame.
        """
        height, width = self.size
        # A network that has come to NaN shall end in a loss that says so, not in a lookup out of
        # bounds, which on a GPU ends the process.
        boxes = self.coder.decode(code, self.anchors).nan_to_num()
        x = boxes[..., 0::2].clamp(0, width)
        y = boxes[..., 1::2].clamp(0, height)
        boxes = torch.stack([x, y], -1).flatten(2)
        seen = (x[..., 1] - x[..., 0] > SMALLEST_SIDE) & (y[..., 1] - y[..., 0] > SMALLEST_SIDE)
        best = objectness.masked_fill(~seen, -torch.inf).topk(self.candidates).indices
        boxes = boxes.gather(1, best[..., None].expand(-1, -1, 4))
        keep = suppress(boxes, None, self.nms_iou, rounds) & seen.gather(1, best)
        order = torch.arange(self.candidates, device=boxes.device)
        first = (order + self.candidates * ~keep).topk(self.proposals, largest=False).indices
        return boxes.gather(1, first[..., None].expand(-1, -1, 4))

    def loss(
        self, code: Tensor, objectness: Tensor, boxes: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Terms `rpn_objectness` and `rpn_box`, both divided by the number of anchors looked at.

        An anchor is positive where it overlaps a box by 0.7 or is some box's best, background below
        0.3, and else left out. All anchors take part, those across the frame's edge too.

        Args:
            code, objectness: what `forward` gave.
            boxes: float[B, M, 4] xyxy in input pixels; valid: bool[B, M].
        """
        assigned = match(boxes, valid, self.anchors, threshold=0.7, low=0.3)
        index, chosen = balanced_sample(assigned >= 0, assigned == -1, self.minibatch, 0.5)
        assigned = assigned.gather(1, index)
        positive = chosen & (assigned >= 0)
        count = chosen.sum().clamp(min=1)

        logits = objectness.gather(1, index)
        score = F.binary_cross_entropy_with_logits(logits, positive.float(), reduction="none")
        columns = index[..., None].expand(-1, -1, 4)
        rows = assigned.clamp(min=0)[..., None].expand(-1, -1, 4)
        wanted = self.coder.encode(boxes.gather(1, rows), self.anchors[index])
        box = F.smooth_l1_loss(code.gather(1, columns), wanted, reduction="none").sum(-1)
        return {
            "rpn_objectness": torch.where(chosen, score, 0.0).sum() / count,
            "rpn_box": BOX_WEIGHT * torch.where(positive, box, 0.0).sum() / count,
        }

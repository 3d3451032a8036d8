"""PicoDet's neck, head and training on any trunk.

The network is that of "PP-PicoDet: A Better Real-Time Object Detector on Mobile Devices" (arXiv
2111.00902) without its trunk, in the form of configs/picodet/_base_/picodet_esnet.yml of
github.com/PaddlePaddle/PaddleDetection.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from backbone.errors import InputError
from backbone.trunk import Trunk
from tasks.detection.anchor_detector import PRIOR
from tasks.detection.anchors import squares
from tasks.detection.boxes import overlap_of_pairs
from tasks.detection.csp_pan import CSPPAN, separable_5x5
from tasks.detection.distances import DistanceCoder, distribution_loss
from tasks.detection.map_predictors import MapPredictors
from tasks.detection.quality_losses import QualityFocal, QualityLoss, Varifocal
from tasks.detection.sim_ota import assign
from tasks.detection.taps import last_block_of_stride

STRIDES = (8, 16, 32)  # of the trunk's maps
SIDE = 4.0  # of an anchor, in strides: about as large as the boxes that its map is for
BINS = 8  # of a distance: 0 to 7 strides
# A distance starts at nearly one stride: each bin is half as likely as the one before. So boxes are
# two strides wide at first, 16 pixels on the finest map, and overlap small objects. The published
# head starts with all bins alike, so its boxes are at least 56 pixels wide. Small objects hardly
# overlap such boxes, and an anchor with a low IoU has almost no weight in the losses.
START = -math.log(2)
LOSSES: dict[str, QualityLoss] = {"varifocal": Varifocal(), "quality": QualityFocal()}
BOX_WEIGHT, DISTRIBUTION_WEIGHT = 2.0, 0.25


class PicoDet(MapPredictors):
    """A detector with one anchor for each cell of a path aggregation network's maps.

    A box is four distances from the centre of its cell, each a distribution (Generalized Focal
    Loss, arXiv 2006.04388). A score is trained to predict the IoU of its box. In training, SimOTA
    assigns anchors to objects; see `tasks.detection.sim_ota`. Output 0, the background, is not
    used.

    Args:
        taps: the trunk's maps, finest first, each about half the size of the one before; None for
            the outputs of its last blocks of stride 8, 16 and 32.
        depth: channels of the neck and the towers at alpha 1; they are scaled by the trunk's
            alpha, if it has one, but are at least 16.
        maps: number of maps with anchors: the trunk's, and coarser ones after them.
        tower: number of separable convolutions before the predictors of a map.
        loss: of the classes: `varifocal`, the paper's, or `quality`.
        trunk, num_classes, size, nms_iou, candidates, detections: see `AnchorDetector`.

    Raises:
        InputError: the loss is unknown, or the trunk does not have these maps.
    """

    code_size = 4 * BINS
    coder: DistanceCoder

    def __init__(
        self,
        trunk: Trunk,
        num_classes: int,
        size: int | Sequence[int],
        taps: Sequence[str] | None = None,
        depth: int = 128,
        maps: int = 4,
        tower: int = 4,
        loss: str = "varifocal",
        nms_iou: float = 0.6,
        candidates: int = 400,
        detections: int = 100,
    ):
        if loss not in LOSSES:
            raise InputError(f"PicoDet's loss is {' or '.join(map(repr, LOSSES))}, not '{loss}'")
        taps = taps or [last_block_of_stride(trunk, stride) for stride in STRIDES]
        super().__init__(trunk, num_classes, size, taps, nms_iou, candidates, detections)
        self.coder = DistanceCoder(BINS, SIDE)
        self.class_loss = LOSSES[loss]
        infos = [trunk.feature_info[tap] for tap in self.taps]
        width = max(int(depth * trunk.options.get("alpha", 1.0)) // 2 * 2, 16)
        extra = max(maps - len(infos), 0)
        strides = [i.stride for i in infos] + [infos[-1].stride << n for n in range(1, extra + 1)]
        form = self.like_trunk
        self.neck = CSPPAN([i.channels for i in infos], width, extra, **form)
        self.towers = nn.ModuleList(
            nn.Sequential(*(separable_5x5(width, **form) for _ in range(tower))) for _ in strides
        )
        near = (START * torch.arange(BINS)).repeat(4)
        prior = torch.full((num_classes,), PRIOR)
        self.box_predictors = nn.ModuleList(predictor(width, near) for _ in strides)
        self.class_predictors = nn.ModuleList(predictor(width, prior) for _ in strides)
        self.set_anchors(squares(self.map_shapes(), strides, SIDE))

    def laid(self, tapped: Sequence[Tensor]) -> list[Tensor]:
        """The outputs of the towers, finest first."""
        return [tower(m) for tower, m in zip(self.towers, self.neck(tapped), strict=True)]

    def loss(
        self, outputs: tuple[Tensor, Tensor], boxes: Tensor, labels: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Named loss terms `classification`, `box` and `distribution`.

        The first is a sum over anchors, divided by the batch's number of anchors with an object (at
        least 1). The others are sums over the anchors with an object, weighted by their best scores
        and divided by the sum of these (at least 1). Arguments as in `Detector.loss`.
        """
        code, logits = outputs
        logits = logits[..., 1:]
        columns = (labels - 1).clamp(min=0)
        found = self.coder.decode(code, self.anchors)
        centres, strides = self.coder.centre(self.anchors), self.coder.stride(self.anchors)
        assigned, quality = assign(
            logits, found, centres, strides, boxes, columns, valid, self.class_loss
        )
        positive = assigned >= 0
        row = assigned.clamp(min=0)
        target = torch.where(positive, columns.gather(1, row), -1)
        per_anchor = self.class_loss(logits, target, quality)

        matched = boxes.gather(1, row[..., None].expand(-1, -1, 4))
        importance = torch.where(positive, logits.detach().amax(-1).sigmoid(), 0.0)
        total = importance.sum().clamp(min=1)
        _, generalised = overlap_of_pairs(found, matched)
        distances = self.coder.encode(matched, self.anchors)
        distribution = distribution_loss(code, distances, BINS)
        return {
            "classification": per_anchor.sum() / positive.sum().clamp(min=1),
            "box": BOX_WEIGHT * (importance * (1 - generalised)).sum() / total,
            "distribution": DISTRIBUTION_WEIGHT * (importance * distribution).sum() / total,
        }


def predictor(inputs: int, bias: Tensor) -> nn.Conv2d:
    """A 1x1 convolution whose outputs start close to its bias, float[outputs]."""
    layer = nn.Conv2d(inputs, len(bias), 1)
    nn.init.normal_(layer.weight, std=0.01)
    assert layer.bias is not None
    layer.bias.data.copy_(bias)
    return layer

"""Faster R-CNN on any trunk (arXiv 1506.01497; the layout of arXiv 1611.10012's detectors)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.errors import InputError
from backbone.pooling import global_average
from backbone.trunk import Trunk
from tasks.detection.boxes import BoxCoder, iou, suppress
from tasks.detection.detector import Detector
from tasks.detection.region_proposals import BOX_WEIGHT, ROUNDS, RegionProposals
from tasks.detection.regions import balanced_sample, crop
from tasks.detection.taps import last_of_stride
from tasks.images.files import image_size

STRIDE = 16  # of the map that regions are proposed on and cut from
# Regions that go through the trunk's last stages at a time in inference: those of a large batch,
# 300 an image, would need 120 MB an image for their first map alone. A CPU is fastest with few.
AT_ONCE, AT_ONCE_CPU = 4800, 100


class Outputs(NamedTuple):
    """What the first stage says of a batch."""

    feature_map: Tensor  # float[B, C, h, w], what regions are cut from
    code: Tensor  # float[B, A, 4], box codes relative to the anchors
    objectness: Tensor  # float[B, A], logits


class FasterRCNN(Detector):
    """Two-stage detector: the trunk's front proposes regions, its back looks at each.

    The trunk is cut behind its last map of stride 16 (MobileNetV1's `conv11`). Each region of that
    map, resampled to `crop` x `crop`, goes through the trunk's own remaining stages (`conv12` with
    stride 2 and `conv13`), is averaged, and gives one score and one box a class.

    In training those stages' batch norm sees `regions` crops an image as its batch: overlapping
    views of few images, with far more objects than the proposals of inference have. TensorFlow's
    recipe therefore froze batch norm at ImageNet's statistics (`freeze_trunk_statistics` of a
    Recipe); from random weights it has to learn, and does.

    Args:
        trunk: the shared network; one that `Trunk.split` can cut.
        num_classes: outputs a region, the background (0) included.
        size: of the input in pixels: one number, or (height, width).
        tap: the map to cut behind; None for the last of stride 16.
        anchor_sizes: square roots of the anchors' areas, in pixels; each comes in three ratios.
        rpn_depth, rpn_candidates: see RegionProposals.
        proposals: regions an image, in training and inference.
        regions: of them, and of the true boxes, looked at in training.
        positive: at most this share of them overlaps an object.
        crop: cells a side of a region's features.
        share_boxes: one box a region, whatever its class, which few examples teach sooner.
        nms_iou: overlap above which the lower-scored of two boxes of one class is dropped.
        candidates: best (region, class) pairs of an image that enter suppression.
        detections: boxes an image in the answer.

    Raises:
        InputError: the trunk has no such map, cannot be cut behind it, or ends there.
    """

    def __init__(
        self,
        trunk: Trunk,
        num_classes: int,
        size: int | Sequence[int],
        tap: str | None = None,
        anchor_sizes: Sequence[float] = (64, 128, 256, 512),
        rpn_depth: int = 512,
        rpn_candidates: int = 1000,
        proposals: int = 300,
        regions: int = 64,
        positive: float = 0.25,
        crop: int = 14,
        share_boxes: bool = False,
        nms_iou: float = 0.6,
        candidates: int = 400,
        detections: int = 100,
    ):
        super().__init__()
        self.trunk = trunk
        self.tap = tap if tap is not None else last_of_stride(trunk, STRIDE)
        # a tuple, so that the trunk's modules are registered once, as `trunk`
        self.halves = trunk.split(self.tap)
        if not len(self.halves[1]):
            raise InputError(
                f"Faster R-CNN's second stage is what the trunk runs behind {self.tap!r}, and "
                f"there is nothing: take an earlier tap of {', '.join(trunk.taps)}"
            )
        self.num_classes = num_classes
        self.size = image_size(size)
        self.regions, self.positive = regions, positive
        self.crop, self.nms_iou = crop, nms_iou
        self.candidates, self.detections = candidates, detections
        self.coder = BoxCoder()

        with torch.no_grad():
            modes = {module: module.training for module in trunk.modules()}
            shape = trunk.eval().features(torch.zeros(1, 3, *self.size), (self.tap,))
            for module, training in modes.items():
                module.training = training
        channels = trunk.feature_info[self.tap].channels
        self.rpn = RegionProposals(
            channels,
            shape[self.tap].shape[-2:],
            self.size,
            anchor_sizes,
            proposals,
            depth=rpn_depth,
            candidates=rpn_candidates,
        )
        pooled = trunk.feature_info[trunk.taps[-1]].channels
        self.class_predictor = nn.Linear(pooled, num_classes)
        boxes = 1 if share_boxes else num_classes - 1
        self.box_predictor = nn.Linear(pooled, boxes * 4)
        for predictor in (self.class_predictor, self.box_predictor):
            nn.init.normal_(predictor.weight, std=0.01)
            nn.init.zeros_(predictor.bias)
        # background at first as likely as it is among the regions drawn
        odds = (1 - positive) / positive * (num_classes - 1)
        self.class_predictor.bias.data[0] = torch.tensor(odds).log()

    def forward(self, images: Tensor) -> Outputs:
        """The first stage's outputs for normalised images float[B, 3, H, W]."""
        feature_map = self.trunk.features(images, (self.tap,))[self.tap]
        return Outputs(feature_map, *self.rpn(feature_map))

    def network(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """All that an answer computes, what its cost is counted of: both stages.

        Looks at no value, so that it also runs on torch's meta device.
        """
        outputs = self(images)
        regions = self.rpn.propose(outputs.code, outputs.objectness, ROUNDS)
        return self.classify(outputs.feature_map, regions.flatten(0, 1), images_of(regions))

    def classify(self, feature_map: Tensor, boxes: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """The second stage for regions of any of the images.

        Args:
            feature_map, boxes, image: see `tasks.detection.regions.crop`.

        Returns:
            logits float[N, num_classes] and box codes float[N, num_classes - 1, 4] relative to
            the regions.
        """
        features = self.halves[1](crop(feature_map, boxes, image, self.size, self.crop))
        pooled = global_average(features)
        code = self.box_predictor(pooled).float().view(len(boxes), -1, 4)
        # one for every class, also where all of them are the same one
        code = code.expand(-1, self.num_classes - 1, -1)
        return self.class_predictor(pooled).float(), code

    def loss(
        self, outputs: Outputs, boxes: Tensor, labels: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Named loss terms: `rpn_objectness`, `rpn_box`, `classification`, `box`.

        Approximate joint training: both stages at once, the proposals taken as given. Each term is
        a sum divided by the anchors or regions that were drawn.

        Args:
            outputs: what `forward` gave.
            boxes: float[B, M, 4] xyxy in input pixels; labels: int64[B, M]; valid: bool[B, M].
        """
        feature_map, code, objectness = outputs
        terms = self.rpn.loss(code, objectness, boxes, valid)
        proposals = self.rpn.propose(code, objectness, ROUNDS)
        regions, row, positive, chosen = self.draw(proposals, boxes, valid)

        logits, code = self.classify(feature_map, regions.flatten(0, 1), images_of(regions))
        target = labels.gather(1, row).masked_fill(~positive, 0).flatten()
        column = (target - 1).clamp(min=0)[:, None, None].expand(-1, 1, 4)
        matched = boxes.gather(1, row[..., None].expand(-1, -1, 4))
        # zero where there is nothing to learn: the code of a region without area is not finite,
        # and not even a product with zero would rid the gradient of it
        wanted = torch.where(positive[..., None], self.coder.encode(matched, regions), 0.0)
        box = F.smooth_l1_loss(code.gather(1, column)[:, 0], wanted.flatten(0, 1), reduction="none")
        classification = F.cross_entropy(logits, target, reduction="none")
        count = chosen.sum().clamp(min=1)
        box = torch.where(positive.flatten(), box.sum(-1), 0.0).sum() / count
        classification = torch.where(chosen.flatten(), classification, 0.0).sum() / count
        return terms | {"classification": classification, "box": BOX_WEIGHT * box}

    @torch.no_grad()
    def draw(
        self, proposals: Tensor, boxes: Tensor, valid: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The regions to train on: proposals and true boxes, so many of them positive at most.

        A region is positive where it overlaps a box by 0.5, and else background.

        Returns:
            regions float[B, n, 4]; the row of the box that each overlaps most, int64[B, n]; whether
            it is positive, bool[B, n]; whether it counts at all, bool[B, n].
        """
        candidates = torch.cat([proposals, boxes], 1)
        overlap = iou(boxes, candidates).masked_fill(~valid[..., None], -1.0)
        best, row = overlap.max(1)
        positive = best >= 0.5
        negative = ~positive
        negative[:, proposals.shape[1] :] = False  # a true box, or padding, is no background
        index, chosen = balanced_sample(positive, negative, self.regions, self.positive)
        regions = candidates.gather(1, index[..., None].expand(-1, -1, 4))
        return regions, row.gather(1, index), positive.gather(1, index) & chosen, chosen

    def detect(self, outputs: Outputs) -> dict[str, Tensor]:
        """Final boxes of a batch, best first.

        Returns:
            boxes float[B, N, 4] xyxy in input pixels clipped to the frame, scores float[B, N] in
            0..1, labels int64[B, N] network outputs, count int64[B]: rows after it are padding.
        """
        proposals = self.rpn.propose(outputs.code, outputs.objectness)
        # once, not at every crop
        feature_map = outputs.feature_map.float().contiguous(memory_format=torch.channels_last)
        at_once = AT_ONCE_CPU if proposals.device.type == "cpu" else AT_ONCE
        regions = zip(
            proposals.flatten(0, 1).split(at_once), images_of(proposals).split(at_once), strict=True
        )
        parts = [self.classify(feature_map, *part) for part in regions]
        logits, code = (torch.cat(part) for part in zip(*parts, strict=True))

        classes = self.num_classes - 1
        scores = logits.softmax(-1)[:, 1:].reshape(len(proposals), -1)
        score, pair = scores.topk(min(self.candidates, scores.shape[1]))
        labels = pair % classes + 1
        pairs, regions = (i[..., None].expand(-1, -1, 4) for i in (pair, pair // classes))
        code = code.view(len(proposals), -1, 4).gather(1, pairs)
        boxes = self.coder.decode(code, proposals.gather(1, regions))
        height, width = self.size
        boxes = torch.minimum(boxes.clamp(min=0), boxes.new_tensor([width, height, width, height]))
        keep = suppress(boxes, labels, self.nms_iou)
        rank = torch.where(keep, score, -1.0).topk(min(self.detections, score.shape[1]))
        return {
            "boxes": boxes.gather(1, rank.indices[..., None].expand(-1, -1, 4)),
            "scores": rank.values.clamp(min=0),
            "labels": labels.gather(1, rank.indices),
            "count": (rank.values >= 0).sum(1),
        }


def images_of(regions: Tensor) -> Tensor:
    """The image of each of the regions [B, n, 4], flattened: int64[B * n]."""
    rows = torch.arange(len(regions), device=regions.device)
    return rows[:, None].expand(regions.shape[:2]).flatten()

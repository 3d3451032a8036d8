"""Faster R-CNN on any trunk (arXiv 1506.01497; the layout of arXiv 1611.10012's detectors)."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.errors import InputError
from backbone.evaluating import evaluating
from backbone.pooling import global_average
from backbone.tracing import is_exporting
from backbone.trunk import Trunk
from tasks.detection.boxes import BoxCoder, clip, final_boxes, iou
from tasks.detection.detector import Detector
from tasks.detection.region_proposals import BOX_WEIGHT, RegionProposals
from tasks.detection.regions import balanced_sample, croppable, roi_align
from tasks.detection.selection import best
from tasks.detection.taps import last_tap_of_stride
from tasks.images.files import image_size

STRIDE = 16  # of the map on which regions are proposed and from which they are cropped
# Regions that go through the trunk's last stages together in inference. With all regions of a large
# batch at once, 300 per image, their first map alone would need 120 MB per image. A CPU is fastest
# with few.
REGIONS_PER_PASS, REGIONS_PER_PASS_CPU = 4800, 100


class Outputs(NamedTuple):
    """The first stage's outputs for a batch."""

    feature_map: Tensor  # float[B, C, h, w], regions are cropped from it
    code: Tensor  # float[B, A, 4], box codes relative to the anchors, see BoxCoder
    objectness: Tensor  # float[B, A], logits


class FasterRCNN(Detector):
    """Two-stage detector: the trunk's front proposes regions, its back classifies each.

    The trunk is split after its last map of stride 16 (MobileNetV1's `conv11`). Each region of that
    map is resampled to `crop` x `crop` cells and goes through the trunk's remaining stages
    (`conv12` with stride 2, and `conv13`). Their average over the cells gives a score and a box for
    each class.

    In training, batch norm in those stages sees `regions` crops per image as its batch: overlapping
    views of few images, with a far larger share of objects than the proposals have in inference.
    TensorFlow's recipe therefore froze batch norm at ImageNet's statistics
    (`freeze_trunk_statistics` of a Recipe). From random weights, batch norm has to learn, and does.

    Args:
        trunk: the shared network; `Trunk.split` must be able to split it.
        num_classes: outputs per region, including the background (0).
        size: of the input in pixels: one number, or (height, width).
        tap: the map to split after; None for the last one of stride 16.
        anchor_sizes: square roots of the anchors' areas, in pixels; each comes in three ratios.
        rpn_depth: channels of the proposal network, see RegionProposals.
        rpn_candidates: anchors that enter its suppression, see RegionProposals.
        proposals: regions proposed per image, in training and inference.
        regions: regions per image to train on, sampled from the proposals and the true boxes.
        positive: the largest share of these regions that are objects, 0..1.
        crop: height and width of a region's features, in cells.
        share_boxes: predict one box per region for all classes, which needs fewer examples to
            learn.
        nms_iou: IoU above which the lower-scored of two boxes of one class is dropped.
        candidates: best (region, class) pairs of an image that enter suppression.
        detections: largest number of boxes in the answer for an image.

    Raises:
        InputError: the trunk has no such map, cannot be split after it, or ends there.
    """

    # one output per class; with one box per class, the outputs for boxes are by class too
    class_layers = ("class_predictor.", "box_predictor.")
    runs_stages = True  # the second stage runs on each region

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
        self.tap = tap if tap is not None else last_tap_of_stride(trunk, STRIDE)
        # in a tuple, which registers no modules: the trunk's are registered once, as `trunk`
        self.halves = trunk.split(self.tap)
        if not len(self.halves[1]):
            raise InputError(
                f"Faster R-CNN's second stage consists of the trunk's stages after {self.tap!r}, "
                f"but there are none: choose an earlier tap of {', '.join(trunk.taps)}"
            )
        self.num_classes = num_classes
        self.size = image_size(size)
        self.regions, self.positive = regions, positive
        self.crop, self.nms_iou = crop, nms_iou
        self.candidates, self.detections = candidates, detections
        self.coder = BoxCoder()

        with evaluating(trunk):
            features = trunk.features(torch.zeros(1, 3, *self.size), (self.tap,))
        channels, height, width = features[self.tap].shape[1:]
        self.rpn = RegionProposals(
            channels,
            (height, width),
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
        # the background starts as likely as it is among the sampled regions
        odds = (1 - positive) / positive * (num_classes - 1)
        self.class_predictor.bias.data[0] = torch.tensor(odds).log()

    def forward(self, images: Tensor) -> Outputs:
        """The first stage's outputs for normalised images float[B, 3, H, W]."""
        feature_map = self.trunk.features(images, (self.tap,))[self.tap]
        return Outputs(feature_map, *self.rpn(feature_map))

    def network(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Both stages, as in inference; the network's cost is counted on this method.

        It does not read the values of tensors, so it also runs on torch's meta device.
        """
        outputs = self(images)
        regions = self.rpn.propose(outputs.code, outputs.objectness)
        return self.classify(outputs.feature_map, regions.flatten(0, 1), images_of(regions))

    def classify(self, feature_map: Tensor, boxes: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Run the second stage on regions of any of the images.

        Args:
            feature_map: float[B, C, h, w], of the first stage.
            boxes: float[N, 4] xyxy in input pixels, the regions.
            image: int64[N], the image of each region.

        Returns:
            logits float[N, num_classes] and box codes float[N, num_classes - 1, 4] relative to
            the regions.
        """
        features = self.halves[1](roi_align(feature_map, boxes, image, self.size, self.crop))
        pooled = global_average(features)
        code = self.box_predictor(pooled).float().view(boxes.shape[0], -1, 4)
        # a view with one code per class, even if all classes share it
        code = code.expand(-1, self.num_classes - 1, -1)
        return self.class_predictor(pooled).float(), code

    def loss(
        self, outputs: Outputs, boxes: Tensor, labels: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Named loss terms `rpn_objectness`, `rpn_box`, `classification` and `box`.

        Both stages are trained at once, and no gradient passes through the proposals ("approximate
        joint training"). Each term is a sum divided by the number of sampled anchors or regions.
        Arguments as in `Detector.loss`.
        """
        feature_map, code, objectness = outputs
        terms = self.rpn.loss(code, objectness, boxes, valid)
        proposals = self.rpn.propose(code, objectness)
        regions, row, positive, sampled = self.sample_regions(proposals, boxes, valid)

        logits, code = self.classify(feature_map, regions.flatten(0, 1), images_of(regions))
        target = labels.gather(1, row).masked_fill(~positive, 0).flatten()
        column = (target - 1).clamp(min=0)[:, None, None].expand(-1, 1, 4)
        matched = boxes.gather(1, row[..., None].expand(-1, -1, 4))
        # Zero for the background. The code of a region without area is not finite, and multiplying
        # its loss by zero would leave the gradient not finite.
        wanted = torch.where(positive[..., None], self.coder.encode(matched, regions), 0.0)
        box = F.smooth_l1_loss(code.gather(1, column)[:, 0], wanted.flatten(0, 1), reduction="none")
        classification = F.cross_entropy(logits, target, reduction="none")
        count = sampled.sum().clamp(min=1)
        box = torch.where(positive.flatten(), box.sum(-1), 0.0).sum() / count
        classification = torch.where(sampled.flatten(), classification, 0.0).sum() / count
        return terms | {"classification": classification, "box": BOX_WEIGHT * box}

    @torch.no_grad()
    def sample_regions(
        self, proposals: Tensor, boxes: Tensor, valid: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sample the regions to train on from proposals and true boxes.

        A region is positive if its IoU with a box is at least 0.5, else background.

        Args:
            proposals: float[B, P, 4], `boxes` float[B, M, 4], both xyxy in input pixels.
            valid: bool[B, M], False for padding rows of `boxes`.

        Returns:
            regions float[B, n, 4]; the row of the box that each overlaps most, int64[B, n]; whether
            it is positive, bool[B, n]; and bool[B, n], False for rows beyond those that could be
            drawn.
        """
        candidates = torch.cat([proposals, boxes], 1)
        overlap = iou(boxes, candidates).masked_fill(~valid[..., None], -1.0)
        best, row = overlap.max(1)
        positive = best >= 0.5
        negative = ~positive
        negative[:, proposals.shape[1] :] = False  # neither true boxes nor padding are background
        index, sampled = balanced_sample(positive, negative, self.regions, self.positive)
        regions = candidates.gather(1, index[..., None].expand(-1, -1, 4))
        return regions, row.gather(1, index), positive.gather(1, index) & sampled, sampled

    def detect(self, outputs: Outputs) -> dict[str, Tensor]:
        """Final boxes of a batch, see `Detector.detect`; scores are softmax probabilities."""
        proposals = self.rpn.propose(outputs.code, outputs.objectness)
        feature_map = croppable(outputs.feature_map)  # once for all passes
        per_pass = REGIONS_PER_PASS_CPU if proposals.device.type == "cpu" else REGIONS_PER_PASS
        regions, image = proposals.flatten(0, 1), images_of(proposals)
        if is_exporting():  # a number of passes would fix the number of images
            logits, code = self.classify(feature_map, regions, image)
        else:
            passes = zip(regions.split(per_pass), image.split(per_pass), strict=True)
            parts = [self.classify(feature_map, *part) for part in passes]
            logits, code = (torch.cat(part) for part in zip(*parts, strict=True))

        classes = self.num_classes - 1
        batch = proposals.shape[0]
        scores = logits.softmax(-1)[:, 1:].reshape(batch, -1)
        score, pair = best(scores, min(self.candidates, scores.shape[1]))
        labels = pair % classes + 1
        pairs, rows = (i[..., None].expand(-1, -1, 4) for i in (pair, pair // classes))
        code = code.reshape(batch, -1, 4).gather(1, pairs)
        boxes = clip(self.coder.decode(code, proposals.gather(1, rows)), self.rpn.edges)
        found = final_boxes(boxes, score, labels, self.nms_iou, self.detections)
        return found | {"scores": found["scores"].clamp(min=0)}


def images_of(regions: Tensor) -> Tensor:
    """int64[B * n]: the image (0..B-1) of each of the regions [B, n, 4]."""
    rows = torch.arange(regions.shape[0], device=regions.device)
    return rows[:, None].expand(regions.shape[:2]).flatten()

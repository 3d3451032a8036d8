"""The base of one-stage detectors, which predict a box and classes at each of their anchors."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from backbone.errors import InputError
from backbone.evaluating import evaluating
from backbone.trunk import Trunk
from tasks.detection.boxes import BoxCoder, clip, edges, final_boxes
from tasks.detection.detector import Detector
from tasks.images.files import image_size

# The logit at which every class starts out, that of probability 0.01, so that the thousands of
# background anchors do not dominate the first steps (the prior of arXiv 1708.02002, section 3.3).
PRIOR = math.log(0.01 / (1 - 0.01))


class Coder(Protocol):
    """The meaning of a network's outputs for a box, relative to its anchor."""

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """The four numbers [..., 4] of boxes xyxy [..., 4] relative to anchors [..., 4]."""

    def values(self, code: Tensor) -> Tensor:
        """The four numbers [..., 4] that the network's output [..., n] stands for."""

    def decode(self, code: Tensor, anchors: Tensor) -> Tensor:
        """Boxes xyxy [..., 4] from the network's output [..., n]."""


class AnchorDetector(Detector):
    """A single-stage detector. Classes are sigmoids, and output 0 is the background.

    A subclass calls this constructor, builds its layers, calls `set_anchors`, and defines `laid`,
    `predictions` and `loss`.

    Args:
        trunk: the shared network.
        num_classes: outputs per anchor, including the background (0).
        size: of the input in pixels: one number, or (height, width).
        taps: the trunk's maps that are read, finest first.
        nms_iou: IoU above which the lower-scored of two boxes of one class is dropped.
        candidates: best (anchor, class) pairs of an image that enter suppression.
        detections: largest number of boxes in the answer for an image.

    Attributes:
        anchors: float[A, 4] xyxy in input pixels, in the order of the outputs.
        coder: of boxes relative to them.

    Raises:
        InputError: the trunk does not have these maps.
    """

    anchors: Tensor
    edges: Tensor
    coder: Coder

    def __init__(
        self,
        trunk: Trunk,
        num_classes: int,
        size: int | Sequence[int],
        taps: Sequence[str],
        nms_iou: float,
        candidates: int,
        detections: int,
    ):
        super().__init__()
        self.trunk = trunk
        self.taps = list(taps)
        self.num_classes = num_classes
        self.size = image_size(size)
        self.nms_iou, self.candidates, self.detections = nms_iou, candidates, detections
        self.coder = BoxCoder()
        for tap in self.taps:
            if tap not in trunk.feature_info:
                raise InputError(
                    f"task.head.taps: the trunk has no map {tap!r}; it has {', '.join(trunk.taps)}"
                )
            if self.taps.count(tap) > 1:
                raise InputError(f"task.head.taps: {tap} is named twice; name each map once")

    @property
    def like_trunk(self) -> dict[str, Any]:
        """The trunk's padding and batch norm options, for layers that match its own."""
        names = ("padding", "bn_eps", "bn_momentum")
        return {name: self.trunk.options[name] for name in names if name in self.trunk.options}

    def map_shapes(self) -> list[tuple[int, int]]:
        """(height, width) of the maps that have anchors, from a trial run."""
        with evaluating(self):
            maps = self.maps(torch.zeros(1, 3, *self.size))
        return [(m.shape[2], m.shape[3]) for m in maps]

    def set_anchors(self, anchors: Tensor) -> None:
        """Set float[A, 4] xyxy in input pixels as the anchors."""
        self.register_buffer("anchors", anchors, persistent=False)
        self.register_buffer("edges", edges(self.size), persistent=False)

    def tapped(self, images: Tensor) -> list[Tensor]:
        """The trunk's maps at the taps, for normalised images."""
        features = self.trunk.features(images, self.taps)
        return [features[tap] for tap in self.taps]

    @abstractmethod
    def laid(self, tapped: Sequence[Tensor]) -> list[Tensor]:
        """The maps that have anchors, finest first, from the trunk's maps."""

    @abstractmethod
    def predictions(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The outputs of `forward` for the maps that have anchors."""

    def maps(self, images: Tensor) -> list[Tensor]:
        """The feature maps that have anchors, finest first, for normalised images."""
        return self.laid(self.tapped(images))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Box codes float[B, A, n] and logits float[B, A, num_classes] for normalised images.

        `coder` defines what the n numbers of a code mean.
        """
        return self.predictions(self.maps(images))

    def network(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """`forward`: all layers that run in inference."""
        return self(images)

    def detect(self, outputs: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Final boxes of a batch, see `Detector.detect`; scores are sigmoids of class logits."""
        code, logits = outputs
        logits = logits[..., 1:]
        # The best K (anchor, class) pairs are among the K anchors with the highest single scores:
        # two small selections replace one over all anchors x classes.
        k = min(self.candidates, logits.shape[1])
        anchor = logits.amax(-1).topk(k, dim=1).indices
        best = logits.gather(1, anchor[..., None].expand(-1, -1, logits.shape[-1]))
        score, pair = best.flatten(1).topk(k, dim=1)
        labels = pair % logits.shape[-1] + 1
        anchor = anchor.gather(1, pair // logits.shape[-1])
        code = code.gather(1, anchor[..., None].expand(-1, -1, code.shape[-1]))
        boxes = clip(self.coder.decode(code, self.anchors[anchor]), self.edges)
        found = final_boxes(boxes, score, labels, self.nms_iou, self.detections)
        return found | {"scores": found["scores"].sigmoid()}


def rows(output: Tensor, width: int) -> Tensor:
    """A predictor's output float[B, n * width, h, w] as rows of anchors float[B, h * w * n, width].

    For a channels_last output the permutation is free, and the reshape is a view.
    """
    return output.permute(0, 2, 3, 1).reshape(output.shape[0], -1, width)

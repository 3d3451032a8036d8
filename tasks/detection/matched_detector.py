"""Detectors whose anchors learn the boxes that they overlap."""

from abc import abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.detection.anchor_detector import AnchorDetector
from tasks.detection.boxes import BoxCoder, match


class MatchedDetector(AnchorDetector):
    """An anchor detector with SSD's matching and box loss; a subclass gives `classify`.

    Attributes:
        box_weight: weight of the box loss.
    """

    coder: BoxCoder
    box_weight: ClassVar[float] = 1.0

    @abstractmethod
    def classify(self, logits: Tensor, target: Tensor) -> Tensor:
        """The class loss of each anchor, float[B, A].

        Args:
            logits: float[B, A, num_classes].
            target: int64[B, A], the output of each anchor's category, 0 for background.
        """

    def loss(
        self, outputs: tuple[Tensor, Tensor], boxes: Tensor, labels: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Named loss terms `classification` and `box`.

        Both are sums over anchors divided by the batch's number of matched anchors (at least 1).
        Arguments as in `Detector.loss`.
        """
        code, logits = outputs
        assigned = match(boxes, valid, self.anchors)
        positive = assigned >= 0
        row = assigned.clamp(min=0)
        target = labels.gather(1, row).masked_fill(~positive, 0)
        matches = positive.sum().clamp(min=1)

        matched = boxes.gather(1, row[..., None].expand(-1, -1, 4))
        wanted = self.coder.encode(matched, self.anchors)
        box = F.smooth_l1_loss(code, wanted, reduction="none").sum(-1)
        # `where`, not a product: the term of an unmatched anchor may be infinite
        box = torch.where(positive, box, 0.0).sum() / matches
        per_anchor = self.classify(logits, target)
        return {"classification": per_anchor.sum() / matches, "box": self.box_weight * box}

"""Training and scoring a detector."""

import math
from typing import Any

import torch
from torch import Tensor

from tasks.data.module import Batch, Labels
from tasks.detection.data import CocoData
from tasks.detection.detector import Detector
from tasks.detection.evaluation.metric import CocoAP, CocoResult
from tasks.detection.presenter import BoxPresenter
from tasks.training.task import Task


class Detection(Task[CocoData]):
    """A detector scored by COCO AP.

    Args:
        head: a detector, `SSD` for one.
        labels: `ids` are the category ids of the annotation file.
        options: see Task.
    """

    head: Detector
    category_ids: Tensor
    monitor = "AP"
    presenter = BoxPresenter

    def __init__(self, head: Detector, labels: Labels, **options: Any):
        super().__init__(head, labels, **options)
        ids = torch.zeros(labels.num_classes, dtype=torch.int64)
        ids[labels.outputs] = torch.tensor(labels.ids, dtype=torch.int64)
        self.register_buffer("category_ids", ids, persistent=False)

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """Normalised images with random flips and colours, and the batch with its boxes to match.

        The whole input is mirrored, padding included, so a padded image moves to the right.
        """
        images, flipped = self.preprocess.augment(batch["image"])
        boxes, width = batch["boxes"], images.shape[-1]
        mirrored = torch.stack(
            [width - boxes[..., 2], boxes[..., 1], width - boxes[..., 0], boxes[..., 3]], -1
        )
        return images, batch | {"boxes": torch.where(flipped[:, None, None], mirrored, boxes)}

    def terms(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """The head's loss terms for the batch's boxes."""
        boxes = batch["boxes"]
        rows = torch.arange(boxes.shape[1], device=boxes.device)
        valid = rows < batch["count"][:, None]
        return self.head.loss(outputs, boxes, batch["labels"], valid)

    def network(self, images: Tensor) -> Any:
        """All stages of the head."""
        return self.head.network(images)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Boxes of a batch, best first, without those that lie in the padding of an image.

        Returns:
            boxes float[B, N, 4] xyxy in pixels of the original images, clipped to them, scores
            float[B, N] in 0..1, labels int64[B, N] category ids, and count int64[B]: an image's
            rows from `count` on pad.
        """
        found = self.head.detect(self.head(self.preprocess(batch["image"])))
        # factors and upper bounds of x and y, from (height, width)
        size = batch["size"].flip(1)[:, None, None]
        factor = size / batch["extent"].flip(1)[:, None, None]
        corners = found["boxes"].unflatten(2, (2, 2)) * factor
        boxes = torch.minimum(corners.clamp_(min=0), size).flatten(2)
        rows = torch.arange(boxes.shape[1], device=boxes.device)
        kept = (boxes[..., 2:] > boxes[..., :2]).all(-1) & (rows < found["count"][:, None])
        order = kept.view(torch.uint8).argsort(dim=1, descending=True, stable=True)
        return {
            "boxes": boxes.gather(1, order[..., None].expand(-1, -1, 4)),
            "scores": found["scores"].gather(1, order),
            "labels": self.category_ids[found["labels"].gather(1, order)],
            "count": kept.sum(1),
        }

    def choose(self, result: CocoResult) -> dict[str, float]:
        """The score `threshold` of best F1 over all categories together, if there is one."""
        threshold = result.errors.threshold
        return {"threshold": threshold} if math.isfinite(threshold) else {}

    def make_metric(self, data: CocoData, split: str) -> CocoAP:
        """COCO AP over the images that this evaluation covers; its targets are image ids."""
        limit: int | float | None = None
        if (trainer := self._trainer) is not None:  # a teacher has none, and scores every image
            limit = trainer.limit_test_batches if trainer.testing else trainer.limit_val_batches
        return CocoAP(data.ground_truth(split, data.evaluated(split, limit)))

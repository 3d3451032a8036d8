"""Training and scoring a detector."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.detection.data import CocoData
from tasks.detection.detector import Detector
from tasks.detection.evaluation.metric import CocoAP, CocoResult
from tasks.detection.mosaic import mosaic
from tasks.detection.presenter import BoxPresenter
from tasks.detection.scale_jitter import moved
from tasks.training.task import Task


class Detection(Task[CocoData]):
    """A detector scored by COCO AP.

    Args:
        head: a detector, such as `SSD`.
        labels: `ids` are the category ids of the annotation file.
        mosaic: probability that four images replace one in training, see `mosaic`.
        mosaic_until: share of the epochs after which there are no more mosaics.
        options: see Task.
    """

    head: Detector
    category_ids: Tensor
    monitor = "AP"
    presenter = BoxPresenter
    deploys: ClassVar[Mapping[str, str]] = {
        "boxes": "left, top, right and bottom in pixels of the input",
        "scores": "of each box, 0..1, best first",
        "labels": "of each box, one of the ids of labels",
        "count": "how many rows are boxes; the rows after them mean nothing",
    }

    def __init__(
        self,
        head: Detector,
        labels: Labels,
        mosaic: float = 0.0,
        mosaic_until: float = 0.9,
        **options: Any,
    ):
        super().__init__(head, labels, **options)
        self.mosaic, self.mosaic_until = mosaic, mosaic_until
        ids = torch.zeros(labels.num_classes, dtype=torch.int64)
        ids[labels.outputs] = torch.tensor(labels.ids, dtype=torch.int64)
        self.register_buffer("category_ids", ids, persistent=False)

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """Normalised images with the augmentation's changes, and the batch with matching boxes.

        The whole input is mirrored, including padding, so a padded image moves to the right.
        """
        pixels = batch["image"]
        if "corner" in batch:
            pixels, boxes = moved(pixels, batch["boxes"], batch["corner"])
            batch = batch | {"boxes": boxes}
        if self.mosaic and self.makes_mosaics:
            pixels, batch = mosaic(pixels, batch, self.mosaic)
        images, flipped = self.preprocess.augment(pixels)
        boxes, width = batch["boxes"], images.shape[-1]
        mirrored = torch.stack(
            [width - boxes[..., 2], boxes[..., 1], width - boxes[..., 0], boxes[..., 3]], -1
        )
        return images, batch | {"boxes": torch.where(flipped[:, None, None], mirrored, boxes)}

    @property
    def makes_mosaics(self) -> bool:
        """Whether the present epoch has mosaics."""
        if self._trainer is None or self._trainer.max_epochs is None:
            return True
        return self._trainer.current_epoch < self.mosaic_until * self._trainer.max_epochs

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
        """Boxes of a batch, best first, without those that lie in an image's padding.

        Returns:
            boxes float[B, N, 4] xyxy in pixels of the original images, clipped to them, scores
            float[B, N] in 0..1, labels int64[B, N] category ids, and count int64[B]: an image's
            rows from `count` on are padding.
        """
        return placed(self.found(batch["image"]), batch["size"], batch["extent"])

    def found(self, images: Tensor) -> dict[str, Tensor]:
        """The head's boxes in pixels of the input, with category ids; see `Detector.detect`."""
        found = self.head.detect(self.head(self.preprocess(images)))
        return found | {"labels": self.category_ids[found["labels"]]}

    def deploy(self, images: Tensor) -> dict[str, Tensor]:
        """The result of `predict`, but in pixels of the input, including any padding."""
        found = self.found(images)
        size = torch.tensor([self.head.size], device=found["boxes"].device)
        return placed(found, size, size)

    def deployed(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """The result of `predict`."""
        return placed(outputs, batch["size"], batch["extent"])

    def choose(self, result: CocoResult) -> dict[str, float]:
        """The score `threshold` of best F1 over all categories together, if there is one."""
        threshold = result.errors.threshold
        return {"threshold": threshold} if math.isfinite(threshold) else {}

    def make_metric(self, data: CocoData, split: str) -> CocoAP:
        """COCO AP over the images that this evaluation covers; its targets are image ids."""
        limit: int | float | None = None
        if (trainer := self._trainer) is not None:  # a teacher has none, and scores all images
            limit = trainer.limit_test_batches if trainer.testing else trainer.limit_val_batches
        return CocoAP(data.ground_truth(split, data.evaluated(split, limit)))


def placed(found: dict[str, Tensor], size: Tensor, extent: Tensor) -> dict[str, Tensor]:
    """Boxes of a batch in pixels of the original images, without those that lie outside them.

    Args:
        found: boxes float[B, N, 4] xyxy in pixels of the input and clipped to it, `scores` and
            `labels` [B, N], and count int64[B]: an image's rows from `count` on are padding.
        size: [B, 2], height and width of the original images, or [1, 2] for all of them.
        extent: likewise, of the part of the input that each image fills.

    Returns:
        The same names; boxes are clipped to the images.
    """
    # factors and upper bounds of x and y, from (height, width)
    size, extent = (sides.flip(1)[:, None, None] for sides in (size, extent))
    corners = found["boxes"].unflatten(2, (2, 2)) * (size / extent)
    boxes = torch.minimum(corners, size).flatten(2)
    rows = torch.arange(boxes.shape[1], device=boxes.device)
    kept = (boxes[..., 2:] > boxes[..., :2]).all(-1) & (rows < found["count"][:, None])
    # those that are kept come first; some runtimes have no sort
    many = boxes.shape[1]
    order = torch.where(kept, rows - many, rows).topk(many, dim=1, largest=False).indices
    return {
        "boxes": boxes.gather(1, order[..., None].expand(-1, -1, 4)),
        "scores": found["scores"].gather(1, order),
        "labels": found["labels"].gather(1, order),
        "count": kept.sum(1),
    }

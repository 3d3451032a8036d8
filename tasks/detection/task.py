"""Training and scoring a detector."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from tasks.data.module import Labels
from tasks.detection.data import CocoData
from tasks.detection.drawing import draw_boxes
from tasks.detection.evaluation.metric import CocoAP
from tasks.detection.plots import precision_recall
from tasks.images.files import fit, open_image
from tasks.images.preprocessing import Preprocess
from tasks.images.sheets import contact_sheet
from tasks.training.recipe import Recipe
from tasks.training.task import Batch, Task


class Detection(Task):
    """A detector scored by COCO AP.

    The head answers `head(images) -> outputs`, `head.loss(outputs, boxes, labels, valid)`,
    `head.detect(outputs)` and `head.network(images)`; see `tasks.detection.ssd.SSD`.

    Args:
        head, labels, recipe, seed: see Task.
        keep_aspect: images are scaled by one factor and padded, as by the data (see CocoData).
        augment: flip images and vary their colours in training, by the amounts that follow
            (see Preprocess).
    """

    monitor = "AP"

    def __init__(
        self,
        head: nn.Module,
        labels: Labels,
        recipe: Recipe,
        seed: int,
        keep_aspect: bool = False,
        augment: bool = True,
        flip: float = 0.5,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
    ):
        super().__init__(head, labels, recipe, seed)
        self.keep_aspect, self.augment = keep_aspect, augment
        self.preprocess = Preprocess(
            head.trunk.normalization, flip, brightness, contrast, saturation
        )
        ids = torch.zeros(labels.num_classes, dtype=torch.int64)
        ids[labels.outputs] = torch.tensor(labels.ids, dtype=torch.int64)
        self.register_buffer("category_ids", ids, persistent=False)

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """Normalised images, flipped and coloured at random, with the boxes of what they show.

        The whole input is mirrored: a padded image then stands at the right.
        """
        if not self.augment:
            return self.preprocess(batch["image"]), batch
        images, flipped = self.preprocess.augment(batch["image"])
        boxes, width = batch["boxes"], images.shape[-1]
        mirrored = torch.stack(
            [width - boxes[..., 2], boxes[..., 1], width - boxes[..., 0], boxes[..., 3]], -1
        )
        return images, batch | {"boxes": torch.where(flipped[:, None, None], mirrored, boxes)}

    def terms(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """The head's terms for boxes in input pixels."""
        boxes = batch["boxes"]
        rows = torch.arange(boxes.shape[1], device=boxes.device)
        valid = rows < batch["count"][:, None]
        return self.head.loss(outputs, boxes, batch["labels"], valid)

    def network(self, images: Tensor) -> Any:
        """All stages of the head."""
        return self.head.network(images)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Boxes of a batch, best first; boxes that lie in the padding are left out.

        Returns:
            boxes float[B, N, 4] xyxy in pixels of the original images and inside them, scores
            float[B, N] in 0..1, labels int64[B, N] category ids, count int64[B]: rows after it are
            padding.
        """
        found = self.head.detect(self.head(self.preprocess(batch["image"])))
        # (height, width) -> (width, height, width, height), what each edge of a box is bounded by
        size, extent = (batch[name].flip(1).repeat(1, 2)[:, None] for name in ("size", "extent"))
        boxes = torch.minimum((found["boxes"] * (size / extent)).clamp(min=0), size)
        rows = torch.arange(boxes.shape[1], device=boxes.device)
        kept = (boxes[..., 2:] > boxes[..., :2]).all(-1) & (rows < found["count"][:, None])
        order = kept.int().argsort(dim=1, descending=True, stable=True)
        return {
            "boxes": boxes.gather(1, order[..., None].expand(-1, -1, 4)),
            "scores": found["scores"].gather(1, order),
            "labels": self.category_ids[found["labels"].gather(1, order)],
            "count": kept.sum(1),
        }

    def target(self, batch: Batch) -> Tensor:
        """Image ids: the metric holds the ground truth, with what training leaves out."""
        return batch["image_id"]

    def extent(self, width: int, height: int, size: tuple[int, int]) -> tuple[int, int]:
        """What an image takes up inside the input."""
        return fit(width, height, size) if self.keep_aspect else size

    def describe(self, prediction: dict[str, Tensor], index: int, least: float = 0.3) -> dict:
        """One image's boxes with a score of at least `least`, as plain values for JSON."""
        boxes, scores, labels = (prediction[k][index] for k in ("boxes", "scores", "labels"))
        kept = scores[: prediction["count"][index]] >= least
        names = dict(zip(self.labels.ids, self.labels.names, strict=True))
        rows = zip(
            boxes[: len(kept)][kept].tolist(),
            scores[: len(kept)][kept].tolist(),
            labels[: len(kept)][kept].tolist(),
            strict=True,
        )
        return {
            "boxes": [
                {
                    "category_id": category,
                    "category": names.get(category, str(category)),
                    "score": round(score, 4),
                    "xyxy": [round(value, 1) for value in box],
                }
                for box, score, category in rows
            ]
        }

    def tell(self, answer: dict) -> str:
        """How many boxes, and the best of them."""
        found = answer["boxes"]
        best = ", ".join(f"{box['category']} {box['score']:.2f}" for box in found[:5])
        return f"{len(found)} boxes" + (f": {best}" if best else "")

    def draw(self, image: Image.Image, answer: dict, truth: Sequence = ()) -> Image.Image:
        """The image with the boxes of `describe`, and true boxes (xyxy) dashed."""
        found = answer["boxes"]
        return draw_boxes(
            image,
            [box["xyxy"] for box in found],
            [box["category_id"] for box in found],
            [f"{box['category']} {box['score']:.2f}" for box in found],
            truth,
        )

    def plot(self, data: CocoData, folder: Path, images: int = 12) -> None:
        """Precision over recall, and validation images with predicted and true boxes."""
        precision_recall(self.result.precision, folder / "precision_recall.png")
        dataset, index = data.datasets["val"], data.indices["val"]
        chosen = np.linspace(0, len(dataset) - 1, min(images, len(dataset))).astype(int)
        batch = data.collate([dataset[int(i)] for i in chosen])
        self.eval()  # the trainer leaves a task as it was before the test, and that is in training
        with torch.inference_mode():
            prediction = self.predict({k: v.to(self.device) for k, v in batch.items()})
        pictures = [
            self.draw(
                open_image(index.path(i), exif=False),
                self.describe(prediction, row),
                index.boxes[index.offsets[i] : index.offsets[i + 1]],
            )
            for row, i in enumerate(chosen)
        ]
        contact_sheet(pictures, columns=4, path=folder / "predictions.png")

    def make_metric(self, data: CocoData, split: str) -> CocoAP:
        """COCO AP over the images that this evaluation will see."""
        trainer = self.trainer
        limit = trainer.limit_test_batches if trainer.testing else trainer.limit_val_batches
        return CocoAP(data.ground_truth(split, data.evaluated(split, limit)))

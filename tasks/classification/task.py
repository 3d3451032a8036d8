"""Training and scoring an image classifier."""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from tasks.classification.metrics import Accuracy
from tasks.classification.plots import confusion_matrix
from tasks.data.image_data import ImageData
from tasks.data.module import Labels
from tasks.images.crops import central_box
from tasks.images.files import Box, open_image
from tasks.images.preprocessing import Preprocess
from tasks.images.sheets import captioned, contact_sheet
from tasks.training.recipe import Recipe
from tasks.training.task import Batch, Task


class Classification(Task):
    """A classifier scored by top-1, top-5 and mean per-class accuracy.

    Args:
        head: images -> logits float[B, C]; see `backbone.classifier.Classifier`.
        labels, recipe, seed: see Task.
        crop_fraction: central part of an image that evaluation looks at, see `central_box`.
        augment: flip images and vary their colours in training, by the amounts that follow
            (see Preprocess). Random crops are the loaders'.
        label_smoothing: share of the target spread over all classes (arXiv 1512.00567, section 7).
        mixup: both parameters of the Beta distribution that weighs the two images of a pair
            (arXiv 1710.09412); 0 for no mixing.
    """

    monitor = "top1"

    def __init__(
        self,
        head: nn.Module,
        labels: Labels,
        recipe: Recipe,
        seed: int,
        crop_fraction: float = 0.875,
        augment: bool = True,
        flip: float = 0.5,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
    ):
        super().__init__(head, labels, recipe, seed)
        self.crop_fraction, self.augment = crop_fraction, augment
        self.label_smoothing, self.mixup = label_smoothing, mixup
        self.preprocess = Preprocess(
            head.trunk.normalization, flip, brightness, contrast, saturation
        )

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """Normalised images, flipped, coloured and mixed at random.

        A mixed batch says for each image the `share` of its own, float[B], and the `label` of its
        `partner`, int64[B].
        """
        images, batch = super().augmented(batch)
        if not self.mixup:
            return images, batch
        partner = torch.randperm(len(images), device=images.device)
        parameter = torch.full((len(images),), self.mixup, device=images.device)
        # unchecked: a check would wait for the device
        share = torch.distributions.Beta(parameter, parameter, validate_args=False).sample()
        images = torch.lerp(images[partner], images, share[:, None, None, None])
        return images, batch | {"share": share, "partner": batch["label"][partner]}

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of logits float[B, C] and labels int64[B]."""
        if "share" not in batch:
            return {"classification": self.cross_entropy(outputs, batch["label"])}
        own, other = (
            self.cross_entropy(outputs, batch[name], reduction="none")
            for name in ("label", "partner")
        )
        return {"classification": torch.lerp(other, own, batch["share"]).mean()}

    def cross_entropy(self, logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        """In fp32, with label smoothing."""
        return F.cross_entropy(
            logits.float(), labels, reduction=reduction, label_smoothing=self.label_smoothing
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """The five most probable classes of each image, or all where there are fewer.

        Returns:
            labels int64[B, k] and probabilities float[B, k], best first.
        """
        logits = self.head(self.preprocess(batch["image"])).float()
        best = logits.softmax(1).topk(min(5, logits.shape[1]))
        return {"labels": best.indices, "probabilities": best.values}

    def target(self, batch: Batch) -> Tensor:
        """Rows of the split: the metric holds its labels."""
        return batch["image_id"]

    def view(self, width: int, height: int, size: tuple[int, int]) -> Box:
        """The central part that evaluation looks at."""
        return central_box(width, height, self.crop_fraction, size)

    def describe(self, prediction: dict[str, Tensor], index: int) -> dict[str, Any]:
        """One image's best classes, as plain values for JSON."""
        rows = zip(
            prediction["labels"][index].tolist(),
            prediction["probabilities"][index].tolist(),
            strict=True,
        )
        return {
            "classes": [
                {
                    "id": self.labels.ids[label],
                    "name": self.labels.names[label],
                    "probability": round(probability, 4),
                }
                for label, probability in rows
            ]
        }

    def tell(self, answer: dict[str, Any]) -> str:
        """The best classes and their probabilities, in one line."""
        return ", ".join(f"{c['name']} {c['probability']:.3f}" for c in answer["classes"])

    def draw(self, image: Image.Image, answer: dict[str, Any]) -> Image.Image:
        """The image above its best classes, each with a bar of its probability."""
        classes = answer["classes"]
        lines = [f"{c['probability']:.3f}  {c['name']}" for c in classes]
        return captioned(image, lines, [c["probability"] for c in classes])

    def plot(self, data: ImageData, folder: Path, images: int = 12) -> None:
        """The confusion matrix, and the most confident mistakes as pictures."""
        names = self.labels.names
        confusion_matrix(self.result.confusion, names, folder / "confusion_matrix.png")
        index = data.indices[data.reported]
        pictures = [
            captioned(
                open_image(index.path(mistake.image_id)),
                [
                    f"said {mistake.probability:.2f}  {names[mistake.predicted]}",
                    f"is  {names[mistake.true]}",
                ],
            )
            for mistake in self.result.mistakes[:images]
        ]
        if pictures:
            contact_sheet(pictures, columns=4, path=folder / "most_confident_mistakes.png")

    def make_metric(self, data: ImageData, split: str) -> Accuracy:
        """Accuracy on a split."""
        return Accuracy(data.indices[split].labels, self.labels.num_classes)

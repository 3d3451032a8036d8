"""Training and scoring a network that says what can be seen of a face."""

from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from tasks.data.module import Labels
from tasks.faces.attribute_data import AttributeData
from tasks.faces.attribute_metrics import AttributeScores, majority_baseline
from tasks.faces.attribute_plots import attribute_bars, faces_sheet
from tasks.images.crops import central_box
from tasks.images.files import Box
from tasks.images.preprocessing import Preprocess
from tasks.images.sheets import captioned
from tasks.training.recipe import Recipe
from tasks.training.task import Batch, Task


class FaceAttributes(Task):
    """Many yes-or-no answers about one face, each for itself.

    The MobileNet paper's student of a large in-house network (arXiv 1704.04861, section 4.6,
    Table 12), here trainable from labels too. Scored by mean average precision.

    Args:
        head: images -> logits float[B, A]; see `backbone.classifier.Classifier`.
        labels: the attributes.
        recipe, seed: see Task.
        crop_fraction: central part of an image that evaluation looks at, see `central_box`.
        augment: flip images and vary their colours in training, by the amounts that follow
            (see Preprocess). Random crops are the loaders'.
    """

    monitor = "mean_ap"

    def __init__(
        self,
        head: nn.Module,
        labels: Labels,
        recipe: Recipe,
        seed: int,
        crop_fraction: float = 1.0,
        augment: bool = True,
        flip: float = 0.5,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
    ):
        super().__init__(head, labels, recipe, seed)
        self.crop_fraction, self.augment = crop_fraction, augment
        self.preprocess = Preprocess(
            head.trunk.normalization, flip, brightness, contrast, saturation
        )

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of each attribute, the mean over those that are known.

        Args:
            outputs: logits float[B, A].
            batch: with `label` int[B, A]: 1, 0, or -1 for unknown.
        """
        labels = batch["label"]
        known = labels >= 0
        each = F.binary_cross_entropy_with_logits(
            outputs.float(), labels.clamp(min=0).float(), reduction="none"
        )
        return {"attributes": (each * known).sum() / known.sum().clamp(min=1)}

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """The `probabilities` float[B, A] of all attributes."""
        return {"probabilities": self.head(self.preprocess(batch["image"])).float().sigmoid()}

    def scored(self, batch: Batch) -> dict[str, Tensor]:
        """The answer, and the probabilities of a teacher that knows these images."""
        prediction, taught = self.predict(batch), self.teacher_outputs(batch)
        if taught is not None:
            prediction["teacher"] = taught.float().sigmoid()
        return prediction

    def target(self, batch: Batch) -> Tensor:
        """Rows of the split: the metric holds its labels."""
        return batch["image_id"]

    def view(self, width: int, height: int, size: tuple[int, int]) -> Box:
        """The central part that evaluation looks at."""
        return central_box(width, height, self.crop_fraction, size)

    def describe(self, prediction: dict[str, Tensor], index: int) -> dict[str, Any]:
        """One image's probability of every attribute, as plain values for JSON."""
        probabilities = prediction["probabilities"][index].tolist()
        return {
            "attributes": {
                name: round(probability, 4)
                for name, probability in zip(self.labels.names, probabilities, strict=True)
            }
        }

    def tell(self, answer: dict[str, Any]) -> str:
        """The attributes that are rather there than not, most probable first."""
        seen = likely(answer["attributes"])
        return ", ".join(f"{name} {p:.2f}" for name, p in seen) or "none of the attributes"

    def draw(self, image: Image.Image, answer: dict[str, Any]) -> Image.Image:
        """The image above its most probable attributes, each with a bar of its probability."""
        rows = sorted(answer["attributes"].items(), key=lambda row: -row[1])[:8]
        lines = [f"{p:.2f}  {name.replace('_', ' ')}" for name, p in rows]
        return captioned(image, lines, [p for _, p in rows])

    def plot(self, data: AttributeData, folder: Path) -> None:
        """Faces with what was said of them, and each attribute's score as bars and as a table."""
        faces_sheet(self.result, data.indices[data.reported], folder / "faces.png")
        attribute_bars(self.result.per_attribute, folder / "attributes.png")
        self.result.write_table(folder / "attributes.csv")

    def baselines(self, data: AttributeData) -> dict[str, dict[str, float]]:
        """Always the more frequent answer of the training images."""
        scored = data.indices[data.reported].labels
        return {"majority": majority_baseline(trained(data), scored)}

    def make_metric(self, data: AttributeData, split: str) -> AttributeScores:
        """Mean average precision on a split."""
        return AttributeScores(data.indices[split].labels, self.labels.names, trained(data))


def trained(data: AttributeData) -> np.ndarray | None:
    """Labels of the training images, where there are any."""
    return data.indices["train"].labels if "train" in data.indices else None


def likely(attributes: dict[str, float], least: float = 0.5) -> list[tuple[str, float]]:
    """Attributes of a probability of at least `least`, most probable first."""
    seen = [(name, p) for name, p in attributes.items() if p >= least]
    return sorted(seen, key=lambda row: -row[1])

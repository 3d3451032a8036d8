"""Training and scoring a network that recognises attributes of faces."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from tasks.data.batches import Batch
from tasks.faces.attribute_data import AttributeData
from tasks.faces.attribute_metrics import AttributeScores, majority_baseline
from tasks.faces.attribute_presenter import AttributePresenter
from tasks.training.metric import Prediction
from tasks.training.task import Task


class FaceAttributes(Task[AttributeData]):
    """Many independent yes-or-no answers about one face.

    The MobileNet paper's student of a large in-house network (arXiv 1704.04861, section 4.6,
    Table 12); here it can also be trained on labels. Scored by mean average precision.

    The head gives logits float[B, A]; see `backbone.classifier.Classifier`.
    """

    monitor = "mean_ap"
    falling = frozenset({"teacher_difference"})
    presenter = AttributePresenter
    deploys: ClassVar[Mapping[str, str]] = {"probabilities": "of each attribute, 0..1"}

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy, averaged over the known labels.

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

    def predict(self, batch: Batch) -> Prediction:
        """The `probabilities` float[B, A] of all attributes."""
        return {"probabilities": self.head(self.preprocess(batch["image"])).float().sigmoid()}

    def scored(self, batch: Batch) -> Prediction:
        """The answer, with the probabilities of a teacher if it has these images."""
        prediction, taught = self.predict(batch), self.teacher_outputs(batch)
        if taught is not None:
            prediction["teacher"] = taught.float().sigmoid()
        return prediction

    def baselines(self, data: AttributeData) -> dict[str, dict[str, float]]:
        """Scores of always giving the answer that is more frequent in training."""
        scored = data.indices[data.reported].labels
        return {"majority": majority_baseline(train_labels(data), scored)}

    def make_metric(self, data: AttributeData, split: str) -> AttributeScores:
        """Mean average precision on a split."""
        return AttributeScores(data.indices[split].labels, self.labels.names, train_labels(data))


def train_labels(data: AttributeData) -> np.ndarray | None:
    """Labels int8[M, A] of the training images, if there are any."""
    return data.indices["train"].labels if "train" in data.indices else None

"""Training and scoring a network that recognises attributes of faces."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from backbone.head import Head
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.faces.attribute_data import AttributeData
from tasks.faces.attribute_metrics import AttributeScores, majority_baseline
from tasks.faces.attribute_presenter import AttributePresenter
from tasks.training.metric import Prediction
from tasks.training.task import Task
from tasks.training.weighting import BALANCED, Weights, loss_weights, weights_by_hand


class FaceAttributes(Task[AttributeData]):
    """Many independent yes-or-no answers about one face.

    The MobileNet paper's student of a large in-house network (arXiv 1704.04861, section 4.6, Table
    12); here it can also be trained on labels. Scored by mean average precision.

    Args:
        head: images -> logits float[B, A]; see `backbone.classifier.Classifier`.
        positive_weights: weight of images with each attribute relative to those without it, scaled
            so that the mean over the attribute's training images is 1; `balanced`: both count
            alike, if there are both.
        focal: gamma of the focal loss (arXiv 1708.02002): the loss of an answer whose truth has
            probability p counts (1 - p)^gamma times; 0: cross-entropy.
        options: see Task.

    Raises:
        InputError: weights are given for attributes that do not exist.
    """

    answer_weights: Tensor | None  # float[2, A] of a training: without the attribute, and with it

    monitor = "mean_ap"
    falling = frozenset({"teacher_difference"})
    presenter = AttributePresenter
    deploys: ClassVar[Mapping[str, str]] = {
        "probabilities": "of each attribute by itself, 0..1, in the order of labels"
    }

    def __init__(
        self,
        head: Head,
        labels: Labels,
        positive_weights: Weights = None,
        focal: float = 0.0,
        **options: Any,
    ):
        super().__init__(head, labels, **options)
        self.focal = focal
        self.balanced = positive_weights == BALANCED
        weights = weights_by_hand(positive_weights, labels, "task.module.positive_weights")
        self.by_hand = None if weights is None else np.stack([np.ones_like(weights), weights], 1)
        self.register_buffer("answer_weights", None, persistent=False)

    def on_fit_start(self) -> None:
        """Weight the answers for each attribute according to its training images."""
        super().on_fit_start()
        if self.balanced or self.by_hand is not None:
            train = self.data.indices["train"]
            counts = np.stack([train.known - train.counts, train.counts], 1)  # int64[A, 2]
            weights = loss_weights(self.by_hand, counts)
            self.answer_weights = weights.T.contiguous().to(self.device)

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy, focal and weighted, averaged over the known labels.

        Args:
            outputs: logits float[B, A].
            batch: with `label` int[B, A]: 1, 0, or -1 for unknown.
        """
        labels = batch["label"]
        known, true = labels >= 0, labels.clamp(min=0).float()
        each = F.binary_cross_entropy_with_logits(outputs.float(), true, reduction="none")
        if self.focal:
            wrong = torch.where(true > 0, -outputs.float(), outputs.float()).sigmoid()
            each = each * wrong**self.focal
        if self.answer_weights is not None:
            lacks, has = self.answer_weights
            each = each * torch.where(true > 0, has, lacks)
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

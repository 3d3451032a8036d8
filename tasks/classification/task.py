"""Training and scoring an image classifier."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from backbone.errors import InputError
from backbone.head import Head
from tasks.classification.calibration import log_sums
from tasks.classification.metrics import Accuracy, AccuracyResult
from tasks.classification.mixing import mix
from tasks.classification.presenter import ClassPresenter
from tasks.data.batches import Batch
from tasks.data.image_data import ImageData
from tasks.data.image_index import ImageIndex
from tasks.data.labels import Labels
from tasks.training.task import Task
from tasks.training.weighting import BALANCED, Weights, loss_weights, weights_by_hand

SMALLEST = torch.finfo(torch.float32).tiny  # the smallest probability in a logarithm


class Classification(Task[ImageData[ImageIndex]]):
    """A classifier scored by top-1, top-5 and mean per-class accuracy.

    Args:
        head: images -> logits float[B, C]; see `backbone.classifier.Classifier`.
        label_smoothing: share of the target spread over all classes (arXiv 1512.00567, section 7).
        mixup: alpha of the Beta(alpha, alpha) distribution from which the share of each image in a
            mixture of two is drawn (arXiv 1710.09412); 0 for no mixing.
        cutmix: likewise, for the area that CutMix leaves of an image (arXiv 1905.04899), see `mix`.
        class_weights: weight of each class's images in the loss, scaled so that the mean over the
            training images is 1; `balanced`: all classes count alike.
        focal: gamma of the focal loss (arXiv 1708.02002): the loss of an image whose class has
            probability p counts (1 - p)^gamma times; 0: cross-entropy.
        monitor: the score that picks the best checkpoint, top1 or mean_class_accuracy.
        options: see Task.

    Raises:
        InputError: weights are given for classes that do not exist.
    """

    class_weights: Tensor | None  # float[C], of a training
    presenter = ClassPresenter
    deploys: ClassVar[Mapping[str, str]] = {
        "probabilities": "of each label, 0..1, in the order of labels"
    }

    def __init__(
        self,
        head: Head,
        labels: Labels,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        class_weights: Weights = None,
        focal: float = 0.0,
        monitor: str = "top1",
        **options: Any,
    ):
        super().__init__(head, labels, **options)
        self.label_smoothing, self.focal = label_smoothing, focal
        self.mixup, self.cutmix = mixup, cutmix
        self.monitor = monitor
        self.balanced = class_weights == BALANCED
        self.by_hand = weights_by_hand(class_weights, labels, "task.module.class_weights")
        self.register_buffer("class_weights", None, persistent=False)

    def on_fit_start(self) -> None:
        """Weight the classes according to their training images."""
        super().on_fit_start()
        if self.balanced or self.by_hand is not None:
            weights = loss_weights(self.by_hand, self.data.indices["train"].counts)
            self.class_weights = weights.to(self.device)

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """Normalised images, randomly flipped, coloured and mixed.

        A mixed batch also has, for each image, its own `share` in the mixture, float[B], and the
        class of the other image, `partner` int64[B].
        """
        images, batch = super().augmented(batch)
        if not (self.mixup or self.cutmix):
            return images, batch
        images, share, partner = mix(images, self.mixup, self.cutmix)
        return images, batch | {"share": share, "partner": batch["label"][partner]}

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of logits float[B, C] and labels int64[B]."""
        if "share" in batch:
            own, other = (self.losses(outputs, batch[name]) for name in ("label", "partner"))
            loss = torch.lerp(other, own, batch["share"]).mean()
        elif self.focal or self.class_weights is not None:
            # not divided by the batch's own weights, so that the mean over processes is that of all
            loss = self.losses(outputs, batch["label"]).mean()
        else:
            loss = self.cross_entropy(outputs, batch["label"])
        return {"classification": loss}

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss float[B] of each image: its cross-entropy, focal and weighted by its class."""
        losses = self.cross_entropy(logits, labels, reduction="none")
        if self.focal:
            right = logits.float().softmax(1).gather(1, labels[:, None])[:, 0]
            losses = losses * (1 - right).clamp(min=0) ** self.focal
        if self.class_weights is not None:
            losses = losses * self.class_weights[labels]
        return losses

    def cross_entropy(self, logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        """Cross-entropy in fp32, with label smoothing."""
        return F.cross_entropy(
            logits.float(), labels, reduction=reduction, label_smoothing=self.label_smoothing
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """The five most probable classes of each image, or all if there are fewer.

        The probabilities are at the temperature that validation fitted; see `choose`.

        Returns:
            labels int64[B, k] and probabilities float[B, k], best first.
        """
        logits = self.head(self.preprocess(batch["image"])).float()
        return most_probable(logits / self.temperature)

    def scored(self, batch: Batch) -> dict[str, Tensor]:
        """The network's own answer, and the values that measure its calibration."""
        return calibrated(self.head(self.preprocess(batch["image"])).float(), batch["label"])

    def deploy(self, images: Tensor) -> dict[str, Tensor]:
        """The `probabilities` float[B, C] of all classes, at the fitted temperature."""
        logits = self.head(self.preprocess(images)).float()
        return {"probabilities": (logits / self.temperature).softmax(1)}

    def deployed(self, outputs: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """The result of `scored`, or that of `predict` for images without labels."""
        # logits up to a constant, which no answer depends on
        logits = outputs["probabilities"].clamp(min=SMALLEST).log()
        if "label" not in batch:
            return most_probable(logits)
        return calibrated(logits * self.temperature, batch["label"])

    def take_choices(self, chosen: Mapping[str, float]) -> None:
        """Use the settings that a checkpoint's validation chose.

        Raises:
            InputError: the temperature is not above 0.
        """
        if chosen.get("temperature", 1.0) <= 0:
            raise InputError(f"its temperature is {chosen['temperature']}, which is not above 0")
        super().take_choices(chosen)

    @property
    def temperature(self) -> float:
        """The temperature that divides the logits of an answer: fitted in validation, or 1."""
        return self.chosen.get("temperature", 1.0)

    def choose(self, result: AccuracyResult) -> dict[str, float]:
        """The `temperature` that fits the probabilities best."""
        if result.calibration is None or not len(result.calibration.correct):
            return {}
        return {"temperature": result.calibration.temperature()}

    def make_metric(self, data: ImageData[ImageIndex], split: str) -> Accuracy:
        """Accuracy on a split."""
        return Accuracy(data.indices[split].labels, self.labels.num_classes)


def calibrated(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """`most_probable`, and the values that measure calibration: `true_logit` and `log_sums`.

    Args:
        logits: float[B, C].
        labels: int64[B], the true classes.
    """
    true = logits.gather(1, labels[:, None])[:, 0] - logits.amax(1)
    return most_probable(logits) | {"true_logit": true, "log_sums": log_sums(logits)}


def most_probable(logits: Tensor) -> dict[str, Tensor]:
    """The five largest of logits float[B, C], or all if there are fewer.

    Returns:
        labels int64[B, k] and probabilities float[B, k], best first.
    """
    best = logits.softmax(1).topk(min(5, logits.shape[1]))
    return {"labels": best.indices, "probabilities": best.values}

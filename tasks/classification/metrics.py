"""Accuracy over a whole data set, the confusion matrix, and the mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from tasks.classification.calibration import Calibration
from tasks.runs.bootstrap import Resampling, Scorer, shares
from tasks.training.metric import TensorMetric


@dataclass(frozen=True)
class Mistake:
    """An image whose most probable class is wrong.

    Args:
        image_id: its row in the split.
        true: its class.
        predicted: the most probable class.
        probability: of that class.
    """

    image_id: int
    true: int
    predicted: int
    probability: float


@dataclass(frozen=True)
class AccuracyResult:
    """The result of an evaluation.

    Args:
        metrics: `top1`; `top5` if there are more than five classes; `mean_class_accuracy`, the mean
            over the classes with images, so that frequent classes do not dominate. 0..1.
        confusion: int64[C, C], images by true class (row) and predicted class (column).
        mistakes: most confident first.
        calibration: of the probabilities; None if only the answers were added.
        resamplings: the same scores for other draws of the images.
    """

    metrics: dict[str, float]
    confusion: np.ndarray
    mistakes: list[Mistake]
    calibration: Calibration | None = None
    resamplings: Sequence[Resampling] = ()


class Accuracy(TensorMetric):
    """Top-1, top-5 and mean per-class accuracy.

    Args:
        labels: int64[N], the true class of each image of the split.
        num_classes: C.
    """

    def __init__(self, labels: np.ndarray, num_classes: int):
        self.labels, self.num_classes = labels, num_classes
        super().__init__(np.zeros(0, np.int64), np.zeros((0, 1), np.int64), np.zeros(0, np.float32))

    def update(self, prediction: dict[str, Tensor], target: Tensor) -> None:
        """Add a batch without waiting for the device.

        Args:
            prediction: `labels` int64[B, k] best first, `probabilities` float[B, k]; for the
                calibration also `true_logit` float[B] and `log_sums` float[B, 21], see Calibration.
            target: image_id int64[B], rows of the split.
        """
        rest = [prediction[name] for name in ("true_logit", "log_sums") if name in prediction]
        best = prediction["probabilities"][:, 0]
        self.seen.append((target, prediction["labels"], best, *rest))

    def compute(self) -> AccuracyResult:
        """Score every image that was added."""
        images, answers, probability, *rest = self.state
        true = self.labels[images]
        correct = answers == true[:, None]
        count = np.bincount(true, minlength=self.num_classes)
        hits = np.bincount(true[correct[:, 0]], minlength=self.num_classes)
        present = count > 0
        metrics = {
            "top1": float(correct[:, 0].mean()),
            "top5": float(correct[:, :5].any(1).mean()),
            "mean_class_accuracy": float((hits[present] / count[present]).mean()),
        }
        if self.num_classes <= 5:
            del metrics["top5"]
        cell = true * self.num_classes + answers[:, 0]
        confusion = np.bincount(cell, minlength=self.num_classes**2)
        order = images.argsort(kind="stable")  # the same for any number of processes
        top5 = correct[order, :5].any(1) if self.num_classes > 5 else None
        resampling = Resampling(
            "images",
            images[order],
            [true[order]],
            lambda: accuracy_scorer(true[order], correct[order, 0], top5),
        )
        wrong = np.flatnonzero(~correct[:, 0])
        # ties are in the order of the images, so that the number of processes does not matter
        wrong = wrong[np.lexsort((images[wrong], -probability[wrong]))]
        rows = zip(
            images[wrong].tolist(),
            true[wrong].tolist(),
            answers[wrong, 0].tolist(),
            probability[wrong].tolist(),
            strict=True,
        )
        return AccuracyResult(
            metrics,
            confusion.reshape(self.num_classes, self.num_classes),
            [Mistake(*row) for row in rows],
            Calibration(correct[:, 0], *(v.astype(np.float64) for v in rest)) if rest else None,
            [resampling],
        )


def accuracy_scorer(true: np.ndarray, top1: np.ndarray, top5: np.ndarray | None) -> Scorer:
    """The scores of `Accuracy` as a function of how often each of N images counts.

    Args:
        true: int64[N], the class of each image.
        top1, top5: bool[N], whether it is the first answer, or one of five; None: not scored.
    """

    def scores(counts: np.ndarray) -> dict[str, np.ndarray]:
        found = {"top1": shares(counts, top1)}
        if top5 is not None:
            found["top5"] = shares(counts, top5)
        means = np.empty(len(counts))
        for k, row in enumerate(counts):
            images, hits = np.bincount(true, row), np.bincount(true, row * top1)
            means[k] = (hits[images > 0] / images[images > 0]).mean()
        return found | {"mean_class_accuracy": means}

    return scores

"""Scores of face attributes, one by one and on average, and agreement with a teacher."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from torch import Tensor

from backbone.errors import InputError
from backbone.files import write_atomically
from tasks.faces.attribute_resampling import attribute_scorer
from tasks.runs.bootstrap import Resampling
from tasks.training.metric import TensorMetric

NAN = float("nan")


@dataclass(frozen=True)
class AttributeScore:
    """Scores of one attribute on the images with a known label; undefined scores are NaN."""

    name: str
    count: int
    """Images whose label is known."""
    positives: int
    """Images that have the attribute."""
    ap: float
    """Average precision; undefined if all or none of the images have the attribute."""
    accuracy: float
    """Share of right answers; a probability of at least 0.5 is a yes."""
    balanced_accuracy: float
    """Mean of the accuracies on images with and without it; undefined if `ap` is."""
    majority: float
    """Accuracy of always giving the answer that is more frequent in training."""
    teacher_ap: float = NAN
    """The teacher's average precision."""
    teacher_agreement: float = NAN
    """Share of all images, labelled or not, with the same answer as the teacher's."""


@dataclass(frozen=True)
class AttributeResult:
    """The result of an evaluation of n images.

    Args:
        metrics: 0..1. `mean_ap`, `accuracy` and `balanced_accuracy` are means over the attributes
            that they are defined for. With a teacher, `teacher_agreement` is the share of equal
            answers over all images and attributes, and `teacher_difference` the mean absolute
            difference of the probabilities.
        per_attribute: A scores.
        undefined: names of the attributes without an average precision, left out of `mean_ap`.
        images: int64[n], rows of the split.
        labels: int8[n, A]: 1, 0, or -1 for unknown.
        probabilities: float32[n, A].
        teacher: float32[n, A], the teacher's probabilities, if there is one.
    """

    metrics: dict[str, float]
    per_attribute: list[AttributeScore]
    undefined: list[str]
    images: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    teacher: np.ndarray | None = None

    @property
    def resamplings(self) -> list[Resampling]:
        """The same scores for other draws of the images."""
        values = self.labels, self.probabilities, self.teacher
        return [Resampling("images", self.images, [self.labels], lambda: attribute_scorer(*values))]

    def write_table(self, path: Path) -> None:
        """Write `per_attribute` as CSV; undefined scores are blank."""
        names = [field.name for field in fields(AttributeScore)]
        with write_atomically(path) as partial, partial.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for score in self.per_attribute:
                values = asdict(score).values()
                writer.writerow(["" if value != value else value for value in values])


class AttributeScores(TensorMetric):
    """Mean average precision over attributes, accuracy, and agreement with a teacher.

    Unknown labels are ignored.

    Args:
        labels: int8[N, A] of the split: 1, 0, or -1 for unknown.
        names: of the attributes.
        train_labels: int8[M, A], for the majority answers; see `majority_answers`.
    """

    def __init__(
        self, labels: np.ndarray, names: Sequence[str], train_labels: np.ndarray | None = None
    ):
        self.labels, self.names = labels, list(names)
        self.majority = majority_answers(train_labels, labels)
        none = np.zeros((0, len(names)), np.float32)
        super().__init__(np.zeros(0, np.int64), none, none[:, :0])

    def update(self, prediction: dict[str, Tensor], target: Tensor) -> None:
        """Add a batch without waiting for the device.

        Args:
            prediction: `probabilities` float[B, A]; with a teacher also its probabilities,
                `teacher` float[B, A].
            target: image_id int64[B], rows of the split.
        """
        probabilities = prediction["probabilities"]
        teacher = prediction.get("teacher", probabilities[:, :0])
        self.seen.append((target, probabilities, teacher))

    def compute(self) -> AttributeResult:
        """Score every image that was added.

        Raises:
            InputError: no attribute has an average precision.
        """
        images, probabilities, taught = self.state
        order = images.argsort(kind="stable")  # the same for any number of processes
        images, probabilities = images[order], probabilities[order]
        teacher = taught[order] if taught.shape[1] else None
        labels = self.labels[images]
        teachers = [None] * len(self.names) if teacher is None else teacher.T
        columns = (self.names, labels.T, probabilities.T, self.majority, teachers)
        scores = [score(*values) for values in zip(*columns, strict=True)]
        undefined = [row.name for row in scores if np.isnan(row.ap)]
        if len(undefined) == len(scores):
            raise InputError(
                f"no attribute is both present and absent among the {len(images):,} scored "
                "images, so average precision is undefined for all attributes; score more images"
            )
        metrics = {
            "mean_ap": mean(row.ap for row in scores),
            "accuracy": mean(row.accuracy for row in scores),
            "balanced_accuracy": mean(row.balanced_accuracy for row in scores),
        }
        if teacher is not None:
            metrics["teacher_agreement"] = mean(row.teacher_agreement for row in scores)
            metrics["teacher_difference"] = float(np.abs(probabilities - teacher).mean())
        return AttributeResult(metrics, scores, undefined, images, labels, probabilities, teacher)


def average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """The sum of (R_n - R_n-1) P_n over falling thresholds n: precision P, recall R, R_-1 = 0.

    Equal scores share one threshold, and nothing is interpolated, as in scikit-learn.

    Args:
        scores: float[N], higher is more probable.
        labels: bool[N], at least one of them true.
    """
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], labels[order].cumsum()
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))  # of each run of equals
    hits = hits[last]
    return float((np.diff(hits, prepend=0) * (hits / (last + 1))).sum() / hits[-1])


def score(
    name: str,
    labels: np.ndarray,
    probabilities: np.ndarray,
    majority: bool,
    teacher: np.ndarray | None = None,
) -> AttributeScore:
    """Score one attribute from labels int8[n], with -1 for unknown, and probabilities float[n]."""
    known = labels >= 0
    true, answers = labels[known] == 1, probabilities[known] >= 0.5
    count, positives = len(true), int(true.sum())
    right = answers == true
    ranked = 0 < positives < count
    beside = {}
    if teacher is not None:
        beside["teacher_agreement"] = float(((probabilities >= 0.5) == (teacher >= 0.5)).mean())
        beside["teacher_ap"] = average_precision(teacher[known], true) if ranked else NAN
    return AttributeScore(
        name,
        count,
        positives,
        ap=average_precision(probabilities[known], true) if ranked else NAN,
        accuracy=float(right.mean()) if count else NAN,
        balanced_accuracy=float(right[true].mean() + right[~true].mean()) / 2 if ranked else NAN,
        majority=float((true == majority).mean()) if count else NAN,
        **beside,
    )


def mean(values: Iterable[float]) -> float:
    """The mean of the values that are defined."""
    return float(np.nanmean(list(values)))


def majority_answers(train_labels: np.ndarray | None, labels: np.ndarray) -> np.ndarray:
    """bool[A]: whether most images with a known label have each attribute.

    Args:
        train_labels: int8[M, A], in which they are counted; None if there are none.
        labels: int8[N, A] of the scored images, counted for attributes without training labels.
            Networks do not have this advantage.
    """
    share = base_rates(labels)
    if train_labels is not None:
        trained = base_rates(train_labels)
        share = np.where(np.isnan(trained), share, trained)
    return share >= 0.5


def base_rates(labels: np.ndarray) -> np.ndarray:
    """float64[A]: share of the images with a known label that have each attribute, or NaN."""
    known = (labels >= 0).sum(0)
    return np.where(known > 0, (labels == 1).sum(0) / np.maximum(known, 1), NAN)


def majority_baseline(train_labels: np.ndarray | None, labels: np.ndarray) -> dict[str, float]:
    """Scores of always giving the answer that is more frequent in training.

    All images then have the same score, so the average precision of an attribute is the share of
    images that have it, and its balanced accuracy is a half.

    Args:
        train_labels: int8[M, A], see `majority_answers`.
        labels: int8[N, A] of the scored images.
    """
    answers = majority_answers(train_labels, labels)
    rates = base_rates(labels)
    ranked = (rates > 0) & (rates < 1)
    return {
        "mean_ap": float(rates[ranked].mean()),
        "accuracy": mean(np.where(answers, rates, 1 - rates)),
        "balanced_accuracy": 0.5,
    }

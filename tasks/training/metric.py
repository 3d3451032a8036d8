"""Scores over a whole data set, collected batch by batch and over several processes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from tasks.runs.bootstrap import RESAMPLES, Resampling, Scorer

Prediction = dict[str, Tensor]
T = TypeVar("T")


class MetricResult(Protocol):
    """What a metric computes; a family's own result holds more, for its pictures.

    A result with an attribute `resamplings`, a list of `Resampling`, has intervals for its scores.
    """

    @property
    def metrics(self) -> dict[str, float]:
        """The scores by their names in the literature; shares are fractions 0..1."""
        ...


class Metric(Protocol):
    """A score over a whole data set, never an average of per-batch scores."""

    @property
    def state(self) -> Any:
        """What another process needs to merge this one's share; it can be pickled."""
        ...

    def update(self, prediction: Prediction, target: Tensor) -> None:
        """Take in one batch.

        Args:
            prediction: what the task's `predict` gave, and `image_id` int64[B], see DataModule.
            target: what the task's `target` gave for the same batch.
        """
        ...

    def merge(self, states: Sequence[Any]) -> None:
        """Become the sum of all processes' shares, this one's included."""
        ...

    def compute(self) -> MetricResult:
        """The scores of everything that was taken in."""
        ...


@dataclass(frozen=True)
class Scores:
    """A result that holds the scores, and how they are resampled."""

    metrics: dict[str, float]
    resamplings: Sequence[Resampling] = ()


class Collector(ABC):
    """A metric that keeps what it takes in, and scores all of it at the end.

    A subclass gives `score`. The intervals of its scores are those of `score` on other draws of the
    images, `resamples` of them: lower it where `score` takes long.
    """

    resamples: ClassVar[int] = RESAMPLES

    def __init__(self) -> None:
        self.state: list[dict[str, np.ndarray]] = []

    def update(self, prediction: Prediction, target: Tensor) -> None:
        """Take in one batch."""
        rows = {**prediction, "target": target}
        self.state.append({name: values.cpu().numpy() for name, values in rows.items()})

    def merge(self, states: Sequence[list[dict[str, np.ndarray]]]) -> None:
        """Become the sum of all processes' shares."""
        self.state = [part for state in states for part in state]

    def compute(self) -> MetricResult:
        """Score everything that was taken in."""
        names = self.state[0] if self.state else ()
        seen = {k: np.concatenate([part[k] for part in self.state]) for k in names}
        result = self.score(seen)
        if not isinstance(result, Scores) or "image_id" not in seen:
            return result
        order = seen["image_id"].argsort(kind="stable")  # whatever the number of processes
        ranked = {name: values[order] for name, values in seen.items()}
        resampling = Resampling(
            "images",
            ranked["image_id"],
            [ranked["target"]],
            lambda: self.scorer(ranked),
            self.resamples,
        )
        return Scores(result.metrics, [*result.resamplings, resampling])

    def scorer(self, seen: dict[str, np.ndarray]) -> Scorer:
        """`score` as a function of how often each image counts; NaN where it fails."""

        def one(counts: np.ndarray) -> dict[str, float]:
            rows = np.repeat(np.arange(len(counts)), counts)
            try:
                with np.errstate(all="ignore"):
                    return self.score({name: values[rows] for name, values in seen.items()}).metrics
            except Exception:  # undefined for these images, such as those of a single class
                return {}

        def scores(counts: np.ndarray) -> dict[str, np.ndarray]:
            drawn = [one(row) for row in counts]
            names = {name: None for metrics in drawn for name in metrics}
            nan = float("nan")
            return {n: np.array([float(m.get(n, nan)) for m in drawn]) for n in names}

        return scores

    @abstractmethod
    def score(self, seen: dict[str, np.ndarray]) -> MetricResult:
        """The result over a whole split.

        Args:
            seen: each tensor of the predictions, `image_id` and `target`, with one row per image.
        """


def compute_over_processes(metric: Metric, processes: int) -> MetricResult:
    """The scores of what all processes took in, the same in each."""
    if processes > 1:
        metric.merge(gather_all(metric.state, processes))
    return metric.compute()


def gather_all(value: T, processes: int) -> list[T]:
    """The values of all processes, in the order of their ranks."""
    values = [value] * processes
    if processes > 1:
        torch.distributed.all_gather_object(values, value)
    return values

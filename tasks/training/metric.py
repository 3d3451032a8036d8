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
    """The result of a metric; a family's own result contains more, for its pictures.

    If a result has an attribute `resamplings`, a list of `Resampling`, its scores get intervals.
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
        """Add one batch.

        Args:
            prediction: the result of the task's `predict`, and `image_id` int64[B], see DataModule.
            target: the result of the task's `target` for the same batch.
        """
        ...

    def merge(self, states: Sequence[Any]) -> None:
        """Become the sum of all processes' shares, including this one's."""
        ...

    def compute(self) -> MetricResult:
        """The scores of everything that was added."""
        ...


@dataclass(frozen=True)
class Scores:
    """A result that consists of scores, and how they are resampled."""

    metrics: dict[str, float]
    resamplings: Sequence[Resampling] = ()


class TensorMetric:
    """The base of a metric that keeps tensors of each image, on their device until it scores them.

    Args:
        none: the `state` without images.
    """

    def __init__(self, *none: np.ndarray):
        self.none = none
        self.seen: list[tuple[Tensor, ...]] = []  # of each batch, the rows of its images first

    @property
    def state(self) -> tuple[np.ndarray, ...]:
        """The tensors of all batches; fractions are float32."""
        if not self.seen:
            return self.none
        found = (torch.cat(tensors).cpu() for tensors in zip(*self.seen, strict=True))
        return tuple((x.float() if x.is_floating_point() else x).numpy() for x in found)

    def merge(self, states: Sequence[tuple[np.ndarray, ...]]) -> None:
        """Become the sum of all processes' shares."""
        self.seen = [tuple(map(torch.from_numpy, state)) for state in states if len(state[0])]


class Collector(ABC):
    """A metric that keeps everything that it gets, and scores it at the end.

    A subclass defines `score`. The intervals are computed with `score` on other draws of the
    images, `resamples` in number: lower it if `score` is slow.
    """

    resamples: ClassVar[int] = RESAMPLES

    def __init__(self) -> None:
        self.state: list[dict[str, np.ndarray]] = []

    def update(self, prediction: Prediction, target: Tensor) -> None:
        """Add one batch."""
        rows = {**prediction, "target": target}
        self.state.append({name: values.cpu().numpy() for name, values in rows.items()})

    def merge(self, states: Sequence[list[dict[str, np.ndarray]]]) -> None:
        """Become the sum of all processes' shares."""
        self.state = [part for state in states for part in state]

    def compute(self) -> MetricResult:
        """Score everything that was added."""
        names = self.state[0] if self.state else ()
        seen = {k: np.concatenate([part[k] for part in self.state]) for k in names}
        result = self.score(seen)
        if not isinstance(result, Scores) or "image_id" not in seen:
            return result
        order = seen["image_id"].argsort(kind="stable")  # the same for any number of processes
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
        """`score` as a function of how often each image counts; NaN if it fails."""

        def one(counts: np.ndarray) -> dict[str, float]:
            rows = np.repeat(np.arange(len(counts)), counts)
            try:
                with np.errstate(all="ignore"):
                    return self.score({name: values[rows] for name, values in seen.items()}).metrics
            # undefined for these images, for example if all are of a single class
            except Exception:
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
    """The scores of everything that all processes added, the same in each process."""
    if processes > 1:
        metric.merge(gather_all(metric.state, processes))
    return metric.compute()


def gather_all(value: T, processes: int) -> list[T]:
    """The values of all processes, in the order of their ranks."""
    values = [value] * processes
    if processes > 1:
        torch.distributed.all_gather_object(values, value)
    return values

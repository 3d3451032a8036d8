"""Scores over a whole data set, collected batch by batch and over several processes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

Prediction = dict[str, Tensor]
T = TypeVar("T")


class MetricResult(Protocol):
    """What a metric computes; a family's own result holds more, for its pictures."""

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
            prediction: what the task's `predict` gave.
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
    """A result that holds the scores and nothing more."""

    metrics: dict[str, float]


class Collector(ABC):
    """A metric that keeps what it takes in, and scores all of it at the end.

    A subclass gives `score`.
    """

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
        return self.score({k: np.concatenate([part[k] for part in self.state]) for k in names})

    @abstractmethod
    def score(self, seen: dict[str, np.ndarray]) -> MetricResult:
        """The result over a whole split.

        Args:
            seen: each tensor of the predictions, and `target`, with one row per image.
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

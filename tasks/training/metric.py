"""Scores of a whole data set, collected batch by batch and over several processes."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

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
        """Score everything that was taken in."""
        ...


def compute_over_processes(metric: Metric, processes: int) -> MetricResult:
    """Score what all processes took in."""
    if processes > 1:
        metric.merge(gather_all(metric.state, processes))
    return metric.compute()


def gather_all(value: T, processes: int) -> list[T]:
    """The values of all processes, in the order of their ranks."""
    values = [value] * processes
    if processes > 1:
        torch.distributed.all_gather_object(values, value)
    return values

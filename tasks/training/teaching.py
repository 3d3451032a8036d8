"""The interfaces between a student and its teacher.

`tasks.distillation` implements them; a task only has a `Teaching` and asks it for loss terms.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from backbone.head import Head
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.images.preprocessing import Preprocess
from tasks.training.metric import MetricResult

Terms = Callable[[Any, Batch], dict[str, Tensor]]


class Student(Protocol):
    """The parts of a task that its teacher uses."""

    head: Head
    labels: Labels
    outputs_are_labels: bool
    preprocess: Preprocess


@dataclass(frozen=True)
class Surroundings:
    """The run in which a teacher teaches.

    Args:
        data: what the student learns from.
        device: of the student.
        processes: number of processes in the run.
        is_main: whether this process prints.
        forward: context manager that networks run in, such as autocast.
        to_device: moves a batch to the device.
    """

    data: DataModule
    device: torch.device
    processes: int
    is_main: bool
    forward: Callable[[], AbstractContextManager[Any]]
    to_device: Callable[[Any], Batch]


class Teaching(Protocol):
    """A teacher for a student. Its network is in no optimizer and in no checkpoint.

    A teaching that is a module is registered as the student's `teaching`. Its own trained parts,
    such as the projection of a feature map, are optimised, averaged and kept in last.ckpt with the
    student, and left out when a model is rebuilt.
    """

    def prepare(self, student: Student) -> None:
        """Read the teacher and compare it with the student, once, when the run is built.

        Raises:
            InputError: teacher and student do not fit together.
        """
        ...

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Get the teacher ready for a device and for the data, once per run.

        Raises:
            InputError: the teacher cannot teach on these images.
        """
        ...

    def run(self, head: Head, images: Tensor) -> Any:
        """The outputs of a student that `terms` compares."""
        ...

    def terms(self, outputs: Any, images: Tensor, batch: Batch, own: Terms) -> dict[str, Tensor]:
        """The teacher's loss term, and the labels' terms if they have a weight.

        Args:
            outputs: what `run` returned for the student and the `images` of a training batch.
            own: (outputs, batch) -> the task's own terms.
        """
        ...

    def outputs(self, images: Tensor, batch: Batch, split: str) -> Tensor | None:
        """The teacher's outputs float[B, D] for a batch of a split; None if it has none."""
        ...

    def result(self, surroundings: Surroundings) -> MetricResult | None:
        """What the teacher itself scores on the reported split; None if it cannot be asked.

        Without a `begin` before, a teacher is not ready.
        """
        ...

    def describe(self) -> Mapping[str, Any]:
        """Facts about the teacher for a result, as plain values."""
        ...

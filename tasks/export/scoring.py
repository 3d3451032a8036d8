"""A task's own score on labelled images, whether PyTorch answers or an exported file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tasks.data.batches import Batch
from tasks.data.module import DataModule
from tasks.export.run_data import run_data
from tasks.training.learner import Learner
from tasks.training.metric import Prediction
from tasks.training.model import Model
from tasks.training.task import Task

AT_ONCE = 8  # images per call

Run = Callable[[np.ndarray], dict[str, np.ndarray]]
"""Outputs by name, as `Task.deploy` has them, for contiguous pixels uint8[B, h, w, 3]."""


@dataclass(frozen=True)
class Scorer:
    """Scores answers by what picks a task's best checkpoint, on the split that its runs report.

    Args:
        task: whose metric it is.
        data: set up; its labels are the task's.
        at_once: images per call.
    """

    task: Task[Any]
    data: DataModule
    at_once: int = AT_ONCE

    @classmethod
    def of_run(cls, model: Model, root: Path | None = None, instead: str = "") -> "Scorer":
        """A scorer with the data of the run that wrote a model's checkpoint, see `run_data`."""
        data = run_data(model.checkpoint, root, instead)
        assert isinstance(model.task, Task)  # a joint task, which has no one data set, is refused
        return cls(model.task, data)

    @property
    def name(self) -> str:
        """Of the score, such as top1 or AP."""
        return self.task.monitor

    @property
    def images(self) -> int:
        """How many images are scored."""
        return len(self.data.datasets[self.data.reported])

    def __call__(self, run: Run) -> float:
        """The score of an exported file's answers."""

        def answer(batch: Batch) -> Prediction:
            pixels = np.ascontiguousarray(batch["image"].permute(0, 2, 3, 1).numpy())
            outputs = {name: torch.from_numpy(value) for name, value in run(pixels).items()}
            return self.task.deployed(outputs, batch)

        return self._score(answer)

    def of(self, task: Learner[Any]) -> float:
        """The score of a task's answers in PyTorch."""
        return self._score(task.scored)

    def lost(self, before: float, after: float) -> float:
        """How much worse a score is, in points: hundredths, or the unit of a score that has one."""
        worse = before - after if self.task.mode == "max" else after - before
        return worse if self.name in self.task.units else 100 * worse

    def _score(self, answer: Callable[[Batch], Prediction]) -> float:
        metric = self.task.make_metric(self.data, self.data.reported)
        with torch.inference_mode():
            for batch in self._batches():
                metric.update(answer(batch), self.task.target(batch))
        return float(metric.compute().metrics[self.name])

    def _batches(self) -> Iterator[Batch]:
        for start in range(0, self.images, self.at_once):
            rows = range(start, min(start + self.at_once, self.images))
            yield self.data.batch(self.data.reported, rows)

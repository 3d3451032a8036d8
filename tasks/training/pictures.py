"""The pictures of a finished run."""

import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from tasks.data.batches import Batch
from tasks.runs.plots import learning_curves
from tasks.training.fit import Run
from tasks.training.metric import Prediction
from tasks.training.presenter import Picture


def draw_pictures(run: Run, baselines: Mapping[str, Mapping[str, float]]) -> None:
    """Draw a run's pictures into its `plots`.

    If a picture fails, a warning names it, and the others are still drawn.

    Args:
        baselines: scores of answers that need no network, by name.
    """
    task, data, plots = run.task, run.data, run.directory.plots

    def predict(batch: Batch) -> Prediction:
        task.eval()  # after a test, the trainer restores the task's training mode
        with torch.inference_mode():
            return task.predict({name: value.to(task.device) for name, value in batch.items()})

    def curves(path: Path) -> None:
        learning_curves(run.directory.path / "metrics.csv", path, task.units)

    pictures: dict[str, Picture] = {"learning_curves.png": curves} if run.trains else {}
    try:
        plots.mkdir(parents=True, exist_ok=True)
        pictures |= task.present().pictures(task.result, data, predict, baselines)
    except Exception as error:
        print(f"warning: the pictures of {plots} were not drawn: {error}", file=sys.stderr)
    for name, draw in pictures.items():
        try:
            draw(plots / name)
        except Exception as error:
            print(f"warning: {plots / name} was not drawn: {error}", file=sys.stderr)

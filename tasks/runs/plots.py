"""The learning curves of a run, and how its figures are written."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from backbone.files import write_atomically
from tasks.runs.metrics_csv import read_metrics

__all__ = ["learning_curves", "plt", "save_figure"]

matplotlib.rcParams["text.parse_math"] = False  # a $ in a class name is a dollar


def learning_curves(metrics: Path, output: Path, units: Mapping[str, str]) -> None:
    """Draw training losses and validation scores over optimizer steps.

    Args:
        metrics: a metrics.csv.
        output: the PNG to write.
        units: of the scores that are not shares, which are left out: name -> unit.
    """
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in read_metrics(metrics):
        curves.setdefault(row["name"], []).append((row["step"], row["value"]))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name, points in curves.items():
        stage, _, label = name.partition("/")
        steps, values = zip(*points, strict=True)
        if stage == "train":
            left.plot(steps, values, label=label)
        elif stage == "val" and min(values) >= 0 and label not in units:
            right.plot(steps, values, marker="o", markersize=3, label=label)
    positive = any(y > 0 for line in left.lines for y in line.get_ydata())
    scale = "log" if positive else "linear"
    left.set(xlabel="optimizer step", ylabel="training loss", yscale=scale)
    right.set(xlabel="optimizer step", ylabel="validation score", ylim=(0, None))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=7, ncols=2)
    save_figure(figure, output)


def save_figure(figure: Figure, output: Path) -> None:
    """Write a figure as PNG, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    with write_atomically(output) as partial:
        figure.savefig(partial, dpi=120, format="png")
    plt.close(figure)

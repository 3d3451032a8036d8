"""The learning curves of a run, and how its figures are written."""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from backbone.files import write_atomically
from tasks.runs.metrics_csv import read_metrics

__all__ = ["learning_curves", "plain_log_ticks", "plt", "save_figure"]

matplotlib.rcParams["text.parse_math"] = False  # a $ in a class name is a dollar


TOTAL = "train/loss"
COLOURS = 10  # of Matplotlib's cycle


class PlainLogFormatter(LogFormatter):
    """Tick labels of logarithmic axes as plain numbers; Matplotlib's default writes them in TeX."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """`0.1`, `1`, `1,000`; empty where the axis has no room for a label."""
        return f"{x:,.10g}" if super().__call__(x, pos) else ""


def learning_curves(metrics: Path, output: Path, units: Mapping[str, str]) -> None:
    """Draw training losses and validation scores over optimizer steps.

    Args:
        metrics: a metrics.csv.
        output: the PNG to write.
        units: name -> unit of the scores that are not shares; these scores are left out.
    """
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in read_metrics(metrics):
        curves.setdefault(row["name"], []).append((row["step"], row["value"]))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name, points in curves.items():
        stage, _, label = name.partition("/")
        steps, values = zip(*points, strict=True)
        if stage == "train":
            if name == TOTAL or points != curves.get(TOTAL):  # a single term is the loss itself
                left.plot(steps, values, label=label)
        elif stage == "val" and min(values) >= 0 and label not in units:
            # ten colours, and then the same with another mark and line
            style = "o-" if len(right.lines) < COLOURS else "s:"
            right.plot(steps, values, style, markersize=3, label=label)
    positive = any(y > 0 for line in left.lines for y in line.get_ydata())
    scale = "log" if positive else "linear"
    left.set(xlabel="optimizer step", ylabel="training loss", yscale=scale)
    scores = [y for line in right.lines for y in line.get_ydata() if math.isfinite(y)]
    top = max(scores, default=0.0)
    right.set(xlabel="optimizer step", ylabel="validation score", ylim=(0, 1.05 * top or None))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=7, ncols=2)
    save_figure(figure, output)


def plain_log_ticks(figure: Figure) -> None:
    """Label a figure's logarithmic axes and colour bars with plain numbers."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), LogFormatter):
                axis.set_major_formatter(PlainLogFormatter())
                axis.set_minor_formatter(PlainLogFormatter(minor_thresholds=(1, 0.4)))


def save_figure(figure: Figure, output: Path, dpi: int = 120) -> None:
    """Write a figure as PNG, whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    plain_log_ticks(figure)
    with write_atomically(output) as partial, warnings.catch_warnings():
        # a script that the font lacks is drawn as boxes; the picture shows it without a warning
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        figure.savefig(partial, dpi=dpi, format="png")
    plt.close(figure)

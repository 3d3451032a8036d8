"""The learning curves of a run, and how its figures are written."""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator

from backbone.files import write_atomically
from tasks.runs.metrics_csv import read_metrics

__all__ = ["learning_curves", "plain_log_ticks", "plt", "save_figure"]

matplotlib.rcParams["text.parse_math"] = False  # a $ in a class name is a dollar


TOTAL = "loss"
SCORE = "validation score"
COLOURS = 10  # of Matplotlib's cycle
FEW = 4  # curves, whose legend fits between them
TALL = 18  # curves, whose legend is as high as the figure

Curve = list[tuple[int, float]]


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
        units: name -> unit of the scores that are not shares; each unit gets its own axes.
    """
    curves: dict[str, Curve] = {}
    for row in read_metrics(metrics):
        curves.setdefault(row["name"], []).append((row["step"], row["value"]))
    losses = _named(curves, "train/")
    terms = {n: c for n, c in losses.items() if n == TOTAL or c != losses.get(TOTAL)}
    panels: dict[str, dict[str, Curve]] = {"training loss": terms, SCORE: {}}
    for name, points in _named(curves, "val/").items():
        if min(value for _, value in points) >= 0:
            title = f"validation, {units[name]}" if name in units else SCORE
            panels.setdefault(title, {})[name] = points
    if len(panels) > 2 and not panels[SCORE]:
        del panels[SCORE]
    width = 1 + sum(5 + 2 * (len(lines) // TALL) for lines in panels.values())
    figure, axes = plt.subplots(
        1, len(panels), figsize=(width, 4), layout="constrained", sharex=True, squeeze=False
    )
    for panel, (title, lines) in zip(axes[0], panels.items(), strict=True):
        for name, points in lines.items():
            # ten colours, and then the same with another mark and line
            style = "-" if len(panel.lines) < COLOURS else ":"
            mark = "o" if len(panel.lines) < COLOURS else "s"
            panel.plot(*zip(*points, strict=True), style, label=name)
            if lines is not terms or len(points) == 1:
                panel.lines[-1].set(marker=mark, markersize=3)
        values = [y for line in panel.lines for y in line.get_ydata() if math.isfinite(y)]
        panel.set(xlabel="optimizer step", ylabel=title)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if lines is terms:
            panel.set_yscale("log" if max(values, default=0.0) > 0 else "linear")
        else:
            panel.set_ylim(0, 1.05 * max(values, default=0.0) or None)
        panel.grid(alpha=0.3)
        if len(lines) > FEW:  # beside the curves, which it would hide
            columns = 1 + len(lines) // TALL
            panel.legend(fontsize=7, ncols=columns, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        elif lines:
            # losses fall, and scores are drawn above 0
            place = "upper right" if lines is terms else "lower right"
            panel.legend(fontsize=7, ncols=2, loc=place)
    save_figure(figure, output)


def _named(curves: Mapping[str, Curve], prefix: str) -> dict[str, Curve]:
    """The curves whose names begin with a prefix, without it."""
    return {n.removeprefix(prefix): c for n, c in curves.items() if n.startswith(prefix)}


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

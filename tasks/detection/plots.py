"""Precision-recall curves of a detector, for all categories together and for each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tasks.runs.plots import plt, save_figure

DRAWN = 100  # most categories whose curves are drawn


def precision_recall(curves: Mapping[str, np.ndarray], output: Path) -> None:
    """Plot precision over recall.

    Args:
        curves: name -> float[P], precision at P evenly spaced recalls from 0 to 1.
        output: the file to write.
    """
    figure, axes = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
    for name, precision in curves.items():
        axes.plot(np.linspace(0, 1, len(precision)), precision.clip(min=0), label=name)
    axes.set(xlabel="recall", ylabel="precision, mean over categories", xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, output)


def per_category_curves(curves: Sequence[tuple[str, np.ndarray]], output: Path) -> None:
    """Plot each category's precision over recall at IoU 0.5, in small plots, best AP50 first.

    Args:
        curves: (name, float64[101]) for each category; -1 if it has no ground truth; it is then
            left out. If there are more than 100, the 50 best and the 50 worst are drawn.
        output: the file to write.
    """
    defined = [(name, curve) for name, curve in curves if curve.mean() >= 0]
    ordered = sorted(defined, key=lambda pair: -pair[1].mean())
    if len(ordered) > DRAWN:
        ordered = [*ordered[: DRAWN // 2], *ordered[-DRAWN // 2 :]]
    columns = min(max(len(ordered), 1), 10)
    rows = max(-(-len(ordered) // columns), 1)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(max(1.45 * columns, 4), 1.5 * rows + 0.7),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axes in grid.flat[len(ordered) :]:
        axes.axis("off")
    for axes, (name, curve) in zip(grid.flat, ordered, strict=False):
        axes.fill_between(np.linspace(0, 1, len(curve)), curve, alpha=0.3, linewidth=0)
        axes.plot(np.linspace(0, 1, len(curve)), curve, linewidth=1)
        short = name if len(name) <= 16 else f"{name[:15]}…"
        axes.set_title(f"{short}\n{100 * curve.mean():.1f}", fontsize=8)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=[0, 1], yticks=[0, 1])
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    some = "" if len(ordered) == len(defined) else f", the best and worst of {len(defined):,}"
    figure.supxlabel(f"recall; the number is AP50{some}", fontsize=9)
    figure.supylabel("precision at IoU 0.5", fontsize=9)
    save_figure(figure, output)


def threshold_curves(curves: np.ndarray, best: float, output: Path) -> None:
    """Plot precision, recall and F1 over the score threshold.

    Args:
        curves: float64[3, P], at P thresholds evenly spaced from 0 to 1.
        best: the threshold of best F1; NaN if there is none.
        output: the file to write.
    """
    figure, axes = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
    for name, values in zip(("precision", "recall", "F1"), curves, strict=True):
        axes.plot(np.linspace(0, 1, len(values)), values, label=name)
    if np.isfinite(best):
        axes.axvline(best, color="grey", linestyle=":", label=f"best F1 at {best:.3f}")
    axes.set(xlabel="score threshold", ylabel="all categories, IoU 0.5", xlim=(0, 1))
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, output)

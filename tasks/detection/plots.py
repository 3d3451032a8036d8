"""Precision-recall curves of a detector."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tasks.runs.plots import plt, save_figure


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

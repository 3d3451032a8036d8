"""Curves of a detector."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tasks.runs.plots import plt, save_figure


def precision_recall(curves: Mapping[str, np.ndarray], output: Path) -> None:
    """Precision over recall, one curve a name; each has 101 points from recall 0 to 1."""
    figure, axes = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
    for name, precision in curves.items():
        axes.plot(np.linspace(0, 1, len(precision)), precision.clip(min=0), label=name)
    axes.set(xlabel="recall", ylabel="precision, mean over categories", xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend()
    save_figure(figure, output)

"""The reliability of a classifier's probabilities as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tasks.classification.calibration import BINS, Reliability
from tasks.runs.plots import plt, save_figure


def reliability_curves(curves: Mapping[str, Reliability], output: Path) -> None:
    """Plot accuracy over confidence, above the number of images of each confidence.

    Args:
        curves: name of the probabilities -> their reliability; the first are the network's own.
        output: the file to write.
    """
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(5.5, 6), height_ratios=(3, 1), sharex=True, layout="constrained"
    )
    top.plot([0, 1], [0, 1], color="grey", linestyle=":", label="confidence = accuracy")
    edges = np.linspace(0, 1, BINS + 1)
    for name, curve in curves.items():
        some = curve.images > 0
        label = f"{name}: ECE {100 * curve.error:.1f}"
        top.plot(curve.confidence[some], curve.accuracy[some], "o-", markersize=4, label=label)
        bottom.stairs(curve.images, edges, fill=True, alpha=0.4)
    top.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
    bottom.set(xlabel="confidence, the probability of the answer", ylabel="images")
    top.legend(fontsize=8)
    top.grid(alpha=0.3)
    save_figure(figure, output)

"""The confusion matrix as a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tasks.runs.plots import plt, save_figure

LEGIBLE = 40  # classes whose names fit on the axes


def confusion_matrix(confusion: np.ndarray, names: Sequence[str], output: Path) -> None:
    """Draw int64[C, C] as shares of each true class (row); of many classes the most confused."""
    share = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    count = len(names)
    title = f"{confusion.sum():,} images"
    if count > LEGIBLE:
        wrong = share * (1 - np.eye(count))
        chosen = np.sort(np.argsort(-(wrong.sum(0) + wrong.sum(1)), kind="stable")[:LEGIBLE])
        title += f"; the {LEGIBLE} most confused of {count:,} classes"
        share, names = share[np.ix_(chosen, chosen)], [names[i] for i in chosen]
    side = 3.4 + 0.24 * len(names)
    figure, axes = plt.subplots(figsize=(side + 1.2, side), layout="constrained")
    drawn = axes.imshow(share, vmin=0, vmax=1, cmap="Blues")
    ticks = range(len(names))
    labels = [name if len(name) <= 24 else f"{name[:23]}…" for name in names]
    axes.set_xticks(ticks, labels, rotation=90, fontsize=8)
    axes.set_yticks(ticks, labels, fontsize=8)
    axes.set(xlabel="predicted class", ylabel="true class", title=title)
    if len(names) <= 20:
        for (row, column), value in np.ndenumerate(share):
            if value >= 0.005:
                shade = "white" if value > 0.5 else "black"
                text = f"{100 * value:.0f}"
                axes.text(column, row, text, ha="center", va="center", color=shade, fontsize=7)
    figure.colorbar(drawn, ax=axes, shrink=0.8, label="share of the true class")
    save_figure(figure, output)

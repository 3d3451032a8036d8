"""A confusion matrix as a picture, and as plain values that stay short."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tasks.runs.plots import plt, save_figure

LEGIBLE = 40  # up to this many classes, their names fit on the axes
WHOLE = 100  # up to this many classes, result.json holds the whole matrix
PAIRS = 1000  # for more classes, it holds this many of the pairs that are confused most often


def confusion_values(confusion: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """A confusion matrix int64[C, C], true classes in rows, for result.json.

    Returns:
        `most_confused`, the 20 most frequent pairs as {"true", "found", "count"}; `names`, of the
        rows and columns; and for up to 100 classes the whole `matrix`, for more of them `pairs`,
        [row, column, count] of the 1,000 most frequent pairs off the diagonal.
    """
    wrong = confusion * ~np.eye(len(confusion), dtype=bool)
    rows, columns = np.nonzero(wrong)
    counts = wrong[rows, columns]
    order = np.argsort(-counts, kind="stable")[:PAIRS]
    pairs = np.stack([rows, columns, counts], 1)[order].tolist()
    named = [{"true": names[r], "found": names[c], "count": count} for r, c, count in pairs[:20]]
    values: dict[str, Any] = {"most_confused": named, "names": list(names)}
    if len(confusion) <= WHOLE:
        return values | {"matrix": confusion.tolist()}
    return values | {"pairs": pairs}


def confusion_matrix(
    confusion: np.ndarray, names: Sequence[str], output: Path, about: str = "images"
) -> None:
    """Draw int64[C, C] as shares of each true class (row); if there are many, the most confused.

    Args:
        about: what was counted, for the title.
    """
    share = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    title = f"{confusion.sum():,} {about}"
    if len(names) > LEGIBLE:
        occurs = (confusion.sum(0) + confusion.sum(1)) > 0
        wrong = share * (1 - np.eye(len(names)))
        order = np.argsort(-(wrong.sum(0) + wrong.sum(1)), kind="stable")
        chosen = np.sort(order[occurs[order]][:LEGIBLE])
        kind = "most confused" if occurs.sum() > LEGIBLE else "that occur,"
        title += f"\nthe {len(chosen)} {kind} of {len(names):,} classes"
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

"""Pictures of face attributes: the score of each attribute, and faces with their answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tasks.data.module import Index
from tasks.faces.attribute_metrics import AttributeResult, AttributeScore
from tasks.images.files import open_image
from tasks.images.sheets import PAPER, captioned, contact_sheet
from tasks.runs.plots import plt, save_figure

STUDENT, TEACHER, CHANCE = "#4878a8", "#c05020", "#202020"
TILE = 576  # pixels along a side of a face with its lines
LINES = 8  # below a face


def attribute_bars(scores: Sequence[AttributeScore], output: Path) -> None:
    """Draw the average precision of each attribute, its base rate, and the teacher's if known.

    The best come first. Attributes without an average precision come last, with the reason.
    """
    ranked = sorted((s for s in scores if s.ap == s.ap), key=lambda s: -s.ap)
    rows = ranked + [s for s in scores if s.ap != s.ap]
    figure, axes = plt.subplots(figsize=(8, 1.7 + 0.24 * len(rows)), layout="constrained")
    at = np.arange(len(ranked))
    own = np.array([s.ap for s in ranked])
    teacher = np.array([s.teacher_ap for s in ranked])
    title = f"mean AP {100 * own.mean():.1f}"
    axes.barh(at, own, 0.72, color=STUDENT, label="this network")
    if not np.isnan(teacher).all():
        axes.scatter(teacher, at, 34, TEACHER, marker="D", edgecolors="white", linewidths=0.8,
                     zorder=3, clip_on=False, label="teacher")  # fmt: skip
        title += f", teacher {100 * np.nanmean(teacher):.1f}"
    rate = [s.positives / s.count for s in ranked]
    axes.vlines(rate, at - 0.36, at + 0.36, CHANCE, linewidth=1.6, label="share of images with it")
    for i, value in enumerate(own):
        axes.text(1.01, i, f"{100 * value:.1f}", va="center", fontsize=7.5, clip_on=False)
    for i, s in enumerate(rows[len(ranked) :], len(ranked)):
        why = "no labels" if not s.count else "all have it" if s.positives else "none has it"
        axes.text(0.01, i, f"undefined: {why}", va="center", fontsize=7.5, style="italic")
    axes.set_yticks(range(len(rows)), [s.name for s in rows], fontsize=8)
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.6), xlabel="average precision")
    axes.set_title(title, fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    save_figure(figure, output)


def faces_sheet(
    result: AttributeResult,
    names: Sequence[str],
    index: Index,
    output: Path,
    count: int = 12,
) -> None:
    """Draw faces, spread evenly over the split, above their answers.

    Args:
        result: of the split's evaluation.
        names: of the attributes.
        index: the split.
        output: PNG file to write.
        count: number of faces.
    """
    rows = np.unique(np.linspace(0, len(result.images) - 1, count).round().astype(int))
    tiles = []
    for row in rows:
        words = caption(names, result.probabilities[row], result.labels[row])
        if len(words) > LINES:
            words[LINES - 1 :] = [(f"and {len(words) - LINES + 1} more", 0.0)]
        tiles.append(_tile(open_image(index.path(int(result.images[row]))), words))
    contact_sheet(tiles, output, cell=TILE + 12)


def _tile(image: Image.Image, words: list[tuple[str, float]]) -> Image.Image:
    """A square of TILE pixels: a face, three fifths of its height, and the lines below it."""
    scale = 0.6 * TILE / max(image.size)  # small faces are enlarged
    size = round(image.width * scale), round(image.height * scale)
    top = Image.new("RGB", (TILE, round(0.6 * TILE)), PAPER)
    top.paste(image.resize(size), ((TILE - size[0]) // 2, 0))
    text, shares = zip(*words, strict=True) if words else ((), ())
    tile = Image.new("RGB", (TILE, TILE), PAPER)
    tile.paste(captioned(top, text, shares, longest=TILE))
    return tile


def caption(
    names: Sequence[str], probabilities: np.ndarray, labels: np.ndarray
) -> list[tuple[str, float]]:
    """The answers for a face as (line, probability), wrong ones first.

    Lists the attributes that are predicted, and those that are present but not predicted.

    Args:
        names: of the A attributes.
        probabilities: float[A].
        labels: int8[A]: 1, 0, or -1 for unknown.
    """
    wrong: list[tuple[str, float]] = []
    right: list[tuple[str, float]] = []
    for k in np.argsort(-probabilities, kind="stable"):
        probability, label = float(probabilities[k]), labels[k]
        if probability >= 0.5:
            mark = {0: "   WRONG", -1: "   (unknown)"}.get(int(label), "")
            (wrong if label == 0 else right).append(
                (f"{probability:.2f}  {names[k]}{mark}", probability)
            )
        elif label == 1:
            wrong.append((f"{probability:.2f}  {names[k]}   MISSED", probability))
    return wrong + right

"""Pictures of face verification."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tasks.faces.face_index import FaceIndex
from tasks.faces.pairs import Pairs
from tasks.faces.verification import FALSE_ACCEPT_RATES, PairScores, VerificationResult, roc
from tasks.images.files import open_image
from tasks.images.sheets import captioned, write_png
from tasks.images.view import View
from tasks.runs.plots import plt, save_figure

SIDE = 160  # pixels of a face in a pair's picture
WORST = 8  # pairs of each kind in the picture of the most wrong


def pair_pictures(
    result: VerificationResult, pairs: Pairs, index: FaceIndex
) -> dict[str, Callable[[Path], object]]:
    """File name -> function that writes the picture.

    Args:
        result: of a split with pairs.
        pairs: of the split.
        index: its images.
    """
    scores = result.pairs
    if scores is None:
        return {}
    return {
        "roc.png": lambda path: roc_curve(scores, pairs.title, path),
        "distances.png": lambda path: distance_histograms(scores, pairs.title, path),
        "most_wrong_pairs.png": lambda path: most_wrong(scores, result.scored, pairs, index, path),
    }


def roc_curve(scores: PairScores, title: str, output: Path) -> None:
    """Plot true over false accept rate, on a log axis down to the smallest possible rate."""
    far, tar = roc(scores.distance, scores.same)
    least = 1 / (~scores.same).sum()
    figure, axes = plt.subplots(figsize=(6, 4.6), layout="constrained")
    # points without any false accept are drawn at the left edge, at half a pair
    axes.step(np.maximum(far, least / 2), tar, where="post", color="tab:blue")
    axes.axvspan(least / 2, least, color="0.92", zorder=0)
    middle = least / 2**0.5
    axes.text(middle, 0.02, "no false accept", rotation=90, ha="center", fontsize=7, color="0.4")
    for name, rate in FALSE_ACCEPT_RATES.items():
        value = scores.metrics[f"tar_at_far_{name}"]
        axes.plot(
            max(rate, least / 2),
            value,
            "o",
            markersize=5,
            label=f"{100 * value:.1f}% at FAR {name}" + (" (0 accepts)" if rate < least else ""),
        )
    accuracy = scores.metrics["accuracy"]
    axes.set(
        xscale="log",
        xlim=(least / 2, 1),
        ylim=(0, 1.02),
        xlabel="false accept rate",
        ylabel="true accept rate",
        title=f"{title}: accuracy {100 * accuracy:.1f}%, AUC {scores.metrics['auc']:.4f}",
    )
    axes.grid(alpha=0.3, which="both")
    axes.legend(loc="lower right")
    save_figure(figure, output)


def distance_histograms(scores: PairScores, title: str, output: Path) -> None:
    """Plot the distances of matched and mismatched pairs, with the folds' thresholds."""
    edges = np.linspace(0, max(scores.distance.max(), 1e-6), 61).tolist()
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for same, name, colour in ((True, "matched", "tab:blue"), (False, "mismatched", "tab:red")):
        chosen = scores.distance[scores.same == same]
        label = f"{len(chosen):,} {name} pairs"
        axes.hist(chosen, edges, color=colour, alpha=0.55, label=label)
    low, high = scores.threshold.min(), scores.threshold.max()
    axes.axvspan(low, high, color="black", alpha=0.25)
    axes.axvline((low + high) / 2, color="black", linewidth=1, label="the folds' thresholds")
    axes.set(xlabel="squared distance of the embeddings", ylabel="pairs", title=title)
    axes.legend()
    save_figure(figure, output)


def most_wrong(
    scores: PairScores, scored: np.ndarray, pairs: Pairs, index: FaceIndex, output: Path
) -> None:
    """Draw the wrong pairs whose distances are farthest from the thresholds of their folds.

    Args:
        scores: of the scored pairs.
        scored: int64[n], the positions of these pairs among all pairs.
        pairs: all pairs.
        index: the images, framed as evaluation saw them.
        output: PNG file to write; nothing is written if no pair is wrong.
    """
    beyond = scores.distance - scores.threshold
    pictures = []
    for same, word in ((True, "taken for two people"), (False, "taken for one person")):
        wrong = np.flatnonzero((scores.same == same) & ((beyond >= 0) == same))
        for k in wrong[np.argsort(-abs(beyond[wrong]), kind="stable")][:WORST]:
            row = scored[k]
            rows = int(pairs.first[row]), int(pairs.second[row])
            apart, limit = scores.distance[k], scores.threshold[k]
            names = " / ".join(dict.fromkeys(_person(index, i) for i in rows))
            said = f"{word}: {apart:.2f}, threshold {limit:.2f}"
            faces = _side_by_side([_framed(index, i) for i in rows])
            pictures.append(captioned(faces, [names, said], longest=2 * SIDE + 4))
    if not pictures:
        return
    width, height = pictures[0].width + 6, pictures[0].height + 6
    sheet = Image.new("RGB", (4 * width, -(-len(pictures) // 4) * height), (32, 32, 32))
    for i, picture in enumerate(pictures):
        sheet.paste(picture, (i % 4 * width + 3, i // 4 * height + 3))
    write_png(sheet, output)


def _framed(index: FaceIndex, image: int) -> Image.Image:
    photograph = open_image(index.path(image))
    box = None if index.boxes is None else index.boxes[image].tolist()
    part = View(crop_fraction=1.0).region(*photograph.size, (SIDE, SIDE), box)
    return photograph.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=part)


def _side_by_side(faces: list[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (2 * SIDE + 4, SIDE), "white")
    for i, face in enumerate(faces):
        sheet.paste(face, (i * (SIDE + 4), 0))
    return sheet


def _person(index: FaceIndex, image: int) -> str:
    return index.classes[index.labels[image]][1].replace("_", " ")

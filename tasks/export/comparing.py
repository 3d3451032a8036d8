"""How far an exported file's answers are from PyTorch's, and how far they may be."""

from collections.abc import Mapping
from typing import Any

import numpy as np

DIFFERENCE = 1e-5  # of a probability, or of a component of an embedding
PIXELS, SCORE = 0.01, 1e-4  # of a box
COUNTED = 0.05  # the score above which every box must be found; see `_counted`
BOXES = ("boxes", "scores", "labels", "count")

Outputs = Mapping[str, np.ndarray]


def compare(expected: Outputs, found: Outputs) -> dict[str, Any]:
    """What the check found for each output; boxes with their scores and labels are one.

    Args:
        expected: PyTorch's answers, name -> one row per image. A name may begin with a head's, as
            in `objects.boxes`.
        found: the file's.

    Returns:
        Name -> plain values; `passed` is one of them.
    """
    report: dict[str, Any] = {}
    for head in dict.fromkeys(name.rpartition(".")[0] for name in expected):
        prefix = f"{head}." if head else ""
        ours, theirs = (
            {name.removeprefix(prefix): v for name, v in outputs.items() if name.startswith(prefix)}
            for outputs in (expected, found)
        )
        if set(BOXES) <= ours.keys():
            report[f"{prefix}boxes"] = compare_boxes(ours, theirs)
            rest = [name for name in ours if name not in BOXES]
        else:
            rest = [name for name in ours if "." not in name]
        decided = _decided(ours)
        for name in rest:
            rows = slice(None) if name == "probabilities" else decided
            report[f"{prefix}{name}"] = compare_values(ours[name][rows], theirs[name][rows])
    return report


def compare_values(expected: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    """The largest difference of two arrays, which whole numbers may not have at all."""
    if expected.shape != found.shape:
        return {"passed": False, "shape": list(found.shape), "expected": list(expected.shape)}
    off = np.abs(expected.astype(np.float64) - found.astype(np.float64))
    largest = float(off.max(initial=0.0))
    allowed = DIFFERENCE if np.issubdtype(expected.dtype, np.floating) else 0.0
    finite = bool(np.isfinite(largest))
    return {
        "passed": finite and largest <= allowed,
        "largest": largest if finite else None,
        "allowed": allowed,
    }


def compare_boxes(expected: Outputs, found: Outputs) -> dict[str, Any]:
    """How many boxes were found again, on both sides, and how far off they are.

    A box of one side is found if the other has one of the same label, all four edges within
    `PIXELS` and the score within `SCORE`. Without any box, nothing is compared, and the check is
    not passed.
    """
    counted = missed = 0
    above = _counted(expected, found)
    pixels = score = 0.0
    examples: list[str] = []
    for one, other, where in ((expected, found, "file"), (found, expected, "PyTorch")):
        for image in range(_images(expected)):
            ours, theirs = _boxes(one, image), _boxes(other, image)
            for box, value, label in zip(*ours, strict=True):
                if value <= above:
                    continue
                counted += one is expected
                near = _nearest(box, value, label, theirs)
                if near is None or not (near[0] <= PIXELS and near[1] <= SCORE):
                    missed += 1
                    said = "none of that label"
                    if near is not None:
                        said = f"{near[0]:.3g} px and {near[1]:.2g} in score off"
                    examples.append(
                        f"image {image}: label {label}, score {value:.3f} is not in the {where}'s "
                        f"answer (nearest: {said})"
                    )
                else:
                    pixels, score = max(pixels, near[0]), max(score, near[1])
    report = {
        "passed": missed == 0 and counted > 0,
        "above": above,
        "boxes": counted,
        "missed": missed,
        "largest_px": pixels,
        "allowed_px": PIXELS,
        "largest_score": score,
        "allowed_score": SCORE,
    }
    return report | ({"examples": examples[:5]} if examples else {})


def _counted(*sides: Outputs) -> float:
    """The score above which boxes are counted: 0.05, or half the best score if that is lower.

    A detector that has learnt little, or sees nothing that it knows, is compared as well.
    """
    best = max(
        (float(_boxes(side, i)[1].max(initial=0)) for side in sides for i in range(_images(side))),
        default=0,
    )
    return COUNTED if best > COUNTED else best / 2


def _images(outputs: Outputs) -> int:
    return len(outputs["count"])


def _boxes(outputs: Outputs, image: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, scores and labels of one image."""
    count = int(outputs["count"][image])
    return tuple(outputs[name][image][:count] for name in BOXES[:3])


def _nearest(
    box: np.ndarray, score: float, label: int, others: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[float, float] | None:
    """Pixels and score between a box and the one most like it of the same label."""
    boxes, scores = (values[others[2] == label] for values in others[:2])
    if not len(boxes):
        return None
    off = np.abs(boxes.astype(np.float64) - box).max(1)
    apart = np.abs(scores.astype(np.float64) - score)
    best = np.argmin(np.nan_to_num(off / PIXELS + apart / SCORE, nan=np.inf))
    return float(off[best]), float(apart[best])


def _decided(outputs: Outputs) -> np.ndarray:
    """bool[B]: whether one probability is the largest by more than rounding.

    What else a task derives from the most probable answer may differ where two are equal.
    """
    rows = len(next(iter(outputs.values())))
    if "probabilities" not in outputs or outputs["probabilities"].shape[1] < 2:
        return np.ones(rows, bool)
    second, first = np.partition(outputs["probabilities"], -2, axis=1)[:, -2:].T
    decided: np.ndarray = first - second > 2 * DIFFERENCE
    return decided

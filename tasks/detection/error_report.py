"""A detector's evaluation by category and by image, in values and in pictures."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tasks.data.labels import Labels
from tasks.detection.coco.index import decoded
from tasks.detection.data import CocoData
from tasks.detection.drawing import Mark, draw_marks, open_annotated
from tasks.detection.evaluation.errors import IGNORED, INVENTED, MISSED, RIGHT, WRONG, Errors
from tasks.detection.evaluation.metric import CocoResult
from tasks.detection.plots import per_category_curves, threshold_curves
from tasks.images.sheets import captioned, contact_sheet
from tasks.runs.confusion import confusion_matrix, confusion_values
from tasks.training.presenter import Picture

WORST = 20  # images
SIDE = 640  # pixels, the longer side of an image on the sheet
BACKGROUND = "background"
# the marks on a photograph; a correct detection is white and thin
COLOURS = {
    WRONG: (255, 170, 0),
    INVENTED: (255, 60, 160),
    MISSED: (90, 200, 255),
    RIGHT: (235, 235, 235),
}


def findings(result: CocoResult, data: CocoData, labels: Labels) -> dict[str, Any]:
    """The results for categories, thresholds and images, as plain values.

    Returns:
        `per_category`, a row for each; `threshold`, the score of best F1 over all categories
        together, with precision and recall there, and the split `chosen_on`, which is the scored
        one; `confusion`, see `confusion_values`, with the background last; `worst_images`; and
        `summary`, lines for the report.
    """
    errors, names = result.errors, _names(result.errors, labels)
    overall, points = errors.overall, errors.points
    truth = result.ground_truth
    single = truth.box_category[~truth.crowd]
    per_category = [
        {
            "id": category,
            "name": names[k],
            "boxes": int((single == category).sum()),
            "AP": _value(result.per_category[category]),
            "AP50": _value(result.per_category_precision[category].mean()),
            "f1": _value(points.f1[k]),
            "precision": _value(points.precision[k]),
            "recall": _value(points.recall[k]),
            "threshold": _value(points.threshold[k], 6),
            "precision_at_recall": _eleven_points(result.per_category_precision[category]),
        }
        for k, category in enumerate(errors.categories.tolist())
    ]
    threshold = {
        "score": _value(errors.threshold, 6),
        "f1": _value(overall.f1[0]),
        "precision": _value(overall.precision[0]),
        "recall": _value(overall.recall[0]),
        "iou": 0.5,
        "chosen_on": data.reported,
    }
    return {
        "per_category": per_category,
        "threshold": threshold,
        "confusion": confusion_values(errors.confusion, [*names, BACKGROUND]),
        "worst_images": _worst_images(errors, data),
        "summary": _summary(errors, threshold),
    }


def error_pictures(result: CocoResult, data: CocoData, labels: Labels) -> dict[str, Picture]:
    """Curves by category and over thresholds, confused categories, and the worst images."""

    def per_category(path: Path) -> None:
        names = _names(result.errors, labels)
        curves = result.per_category_precision.values()
        per_category_curves(list(zip(names, curves, strict=True)), path)

    def confusion(path: Path) -> None:
        errors = result.errors
        about = f"objects and detections at score {errors.threshold:.2f}"
        confusion_matrix(errors.confusion, [*_names(errors, labels), BACKGROUND], path, about)

    pictures: dict[str, Picture] = {
        "precision_recall_per_category.png": per_category,
        "score_threshold.png": lambda path: threshold_curves(
            result.errors.curves, result.errors.threshold, path
        ),
        "confusion_matrix.png": confusion,
    }
    if _worst_rows(result.errors, data):
        pictures["worst_images.png"] = lambda path: worst_images(result, data, labels, path)
    return pictures


def worst_images(result: CocoResult, data: CocoData, labels: Labels, path: Path) -> None:
    """Write a sheet of the images with the most errors, each error marked."""
    index = data.indices["val"]
    drawn = []
    for row, position in _worst_rows(result.errors, data):
        image = open_annotated(index, row)
        scale = SIDE / max(image.size)  # small images are enlarged, so that captions are legible
        image = image.resize([max(round(side * scale), 1) for side in image.size])
        marks = error_marks(result, int(result.errors.images[position]), labels, scale)
        lines = [f"image {index.image_ids[row]}", _counts(result.errors, position)]
        drawn.append(captioned(draw_marks(image, marks), lines))
    contact_sheet(drawn, path, cell=480)


def error_marks(
    result: CocoResult, image_id: int, labels: Labels, scale: float = 1.0
) -> list[Mark]:
    """The marks of one image's detections and missed objects, the correct ones first.

    Args:
        scale: of the picture that they are drawn on, relative to the image.
    """
    truth, found, errors = result.ground_truth, result.detections, result.errors
    names = dict(zip(labels.ids, labels.names, strict=True))
    marks = []
    for row in np.flatnonzero((truth.box_image == image_id) & (errors.box_fate == MISSED)):
        caption = f"missed {names[int(truth.box_category[row])]}"
        box = _corners(truth.boxes[row] * scale)
        marks.append(Mark(box, caption, COLOURS[MISSED], dashed=True))
    for row in np.flatnonzero((found.image == image_id) & (errors.found_fate != IGNORED)):
        fate, name = errors.found_fate[row], names[int(found.category[row])]
        caption = "" if fate == RIGHT else f"{name} {found.scores[row]:.2f}"
        if fate == WRONG:
            caption += f", is {names[int(truth.box_category[errors.found_box[row]])]}"
        marks.append(Mark(_corners(found.boxes[row] * scale), caption, COLOURS[str(fate)]))
    return sorted(marks, key=lambda mark: bool(mark.caption))


def _eleven_points(precision: np.ndarray) -> list[float] | None:
    """The precision at recall 0, 0.1 ... 1; None if it is undefined."""
    return precision[::10].round(4).tolist() if precision[0] >= 0 else None


def _worst_rows(errors: Errors, data: CocoData) -> list[tuple[int, int]]:
    """(row in the split, position in `errors.images`) of the worst images that have errors."""
    ids = data.indices["val"].image_ids
    row_of = dict(zip(ids.tolist(), range(len(ids)), strict=True))
    total = errors.missed + errors.invented + errors.wrong
    worst = [p for p in errors.worst[:WORST].tolist() if total[p]]
    return [(row_of[int(errors.images[position])], position) for position in worst]


def _worst_images(errors: Errors, data: CocoData) -> list[dict[str, Any]]:
    index = data.indices["val"]
    return [
        {
            "image_id": int(index.image_ids[row]),
            "file": decoded(index.file_names[row]),
            "missed": int(errors.missed[position]),
            "invented": int(errors.invented[position]),
            "wrong": int(errors.wrong[position]),
        }
        for row, position in _worst_rows(errors, data)
    ]


def _summary(errors: Errors, threshold: Mapping[str, Any]) -> list[str]:
    if threshold["score"] is None:
        return ["no detection is correct at IoU 0.5: there is no best score threshold"]
    objects = int((errors.box_fate != IGNORED).sum())
    right = int((errors.box_fate == RIGHT).sum())
    shares = ", ".join(f"{name} {100 * threshold[name]:.1f}" for name in ("precision", "recall"))
    return [
        f"best F1 {100 * threshold['f1']:.1f} at score {threshold['score']:.3f}, chosen on the "
        f"scored images: {shares}",
        f"there, of {objects:,} objects: {right:,} right, {errors.wrong.sum():,} of a wrong "
        f"category, {errors.missed.sum():,} missed; and {errors.invented.sum():,} invented",
    ]


def _counts(errors: Errors, position: int) -> str:
    counts = {MISSED: errors.missed, INVENTED: errors.invented, WRONG: errors.wrong}
    return ", ".join(f"{n[position]} {name}" for name, n in counts.items() if n[position])


def _names(errors: Errors, labels: Labels) -> list[str]:
    names = dict(zip(labels.ids, labels.names, strict=True))
    return [names.get(c, str(c)) for c in errors.categories.tolist()]


def _corners(xywh: np.ndarray) -> list[float]:
    return [*xywh[:2].tolist(), *(xywh[:2] + xywh[2:]).tolist()]


def _value(value: float, digits: int = 4) -> float | None:
    """A score for JSON; None if it is undefined: NaN, or pycocotools' -1."""
    return None if math.isnan(value) or value < 0 else round(float(value), digits)

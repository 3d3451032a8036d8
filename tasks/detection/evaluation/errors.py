"""The errors of a detector: missed objects, invented ones, and ones of a wrong category."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tasks.detection.evaluation.arrays import Detections, GroundTruth
from tasks.detection.evaluation.fast import arranged
from tasks.detection.evaluation.matching import match_greedily, sorted_found, sorted_truth
from tasks.detection.evaluation.operating import OperatingPoints, best_points, curves, ranked

IOU = np.array([0.5])  # from this IoU on, a detection and an object are the same thing
THRESHOLDS = np.linspace(0, 1, 201)

RIGHT, WRONG, INVENTED, MISSED, IGNORED = "right", "wrong", "invented", "missed", "ignored"


@dataclass(frozen=True)
class Errors:
    """The detections of at least a certain score, compared with the objects at IoU 0.5.

    Within each image, detections first take objects of their own category, as COCOeval matches
    them. The remaining detections then take objects of other categories, best score first: these
    are of the wrong category. Detections without an object are invented, and objects without a
    detection are missed. So a second box on an object is invented. A detection inside a crowd is
    ignored.

    Args:
        categories: int64[K], category ids in ascending order.
        images: int64[N], image ids in ascending order.
        points: the score threshold of best F1 for each category.
        overall: the same over all categories together; one group.
        curves: float64[3, 201], precision, recall and F1 of all categories together over the
            thresholds 0, 0.005 ... 1.
        threshold: the score from which detections are counted: the overall threshold. It is NaN if
            no detection is correct; then none are counted.
        confusion: int64[K + 1, K + 1], objects by true category (row) and found category (column);
            the last ones are the background: missed objects are in its column, invented ones in its
            row.
        missed, invented, wrong: int64[N], of each image.
        box_fate: str[M], of each ground-truth box: right, wrong, missed, or ignored (crowds).
        found_fate: str[D], of each detection: right, wrong, invented or ignored; detections below
            the threshold are ignored too.
        found_box: int64[D], the ground-truth box that a right or wrong detection took; else -1.
    """

    categories: np.ndarray
    images: np.ndarray
    points: OperatingPoints
    overall: OperatingPoints
    curves: np.ndarray
    threshold: float
    confusion: np.ndarray
    missed: np.ndarray
    invented: np.ndarray
    wrong: np.ndarray
    box_fate: np.ndarray
    found_fate: np.ndarray
    found_box: np.ndarray

    @cached_property
    def worst(self) -> np.ndarray:
        """int64[N], positions in `images`, most errors first; equal ones keep their order."""
        return np.argsort(-(self.missed + self.invented + self.wrong), kind="stable")


def find_errors(ground_truth: GroundTruth, detections: Detections) -> Errors:
    """Find the best score threshold, and the errors of the detections above it.

    Detections beyond the best 100 of an image and category, and those of categories that are not in
    the ground truth, are left out, as in COCO's metric.
    """
    truth, found, images, categories = arranged(ground_truth, detections)
    truth = truth._replace(ignored=truth.ignored[:, :1])  # for objects of any area
    matches = match_greedily(truth, found, IOU)
    partner = np.full(found.row.size, -1)  # position in `truth`
    partner[matches.detection] = matches.box
    counts = ~truth.ignored[:, 0]
    correct = (partner >= 0) & (counts[partner] if counts.size else False)
    ignored = (partner >= 0) & ~correct

    category = found.group // max(images, 1)
    expected = np.bincount(truth.group[counts] // max(images, 1), minlength=categories)
    kept = ~ignored
    points = best_points(ranked(category[kept], found.scores[kept], correct[kept]), expected)
    together = ranked(np.zeros(kept.sum(), np.int64), found.scores[kept], correct[kept])
    total = expected.sum(keepdims=True)
    overall = best_points(together, total)
    threshold = overall.threshold[0]

    above = found.scores >= threshold
    right = correct & above
    taken = np.zeros(truth.row.size, bool)
    taken[partner[right]] = True
    free, spare = np.flatnonzero(counts & ~taken), np.flatnonzero(above & kept & ~correct)
    image = truth.group[free] % max(images, 1)
    others = sorted_truth(
        image, truth.boxes[free], truth.crowd[free], np.zeros((free.size, 1), bool)
    )
    left = sorted_found(
        found.group[spare] % max(images, 1), found.boxes[spare], found.scores[spare]
    )
    second = match_greedily(others, left, IOU)
    hit = second.box >= 0
    wrong = spare[left.row[second.detection[hit]]]  # positions in `found`
    mistaken = free[others.row[second.box[hit]]]  # positions in `truth`

    box_fate = np.full(truth.row.size, IGNORED, dtype="<U8")
    box_fate[free], box_fate[mistaken] = MISSED, WRONG
    box_fate[taken & counts] = RIGHT
    found_fate = np.full(found.row.size, IGNORED, dtype="<U8")
    found_fate[spare], found_fate[wrong], found_fate[right] = INVENTED, WRONG, RIGHT
    partner[~right] = -1
    partner[wrong] = mistaken

    missed, invented = box_fate == MISSED, found_fate == INVENTED
    true_category = truth.group // max(images, 1)
    confusion = np.zeros((categories + 1, categories + 1), np.int64)
    np.add.at(confusion, (true_category[partner[right]], category[right]), 1)
    np.add.at(confusion, (true_category[mistaken], category[wrong]), 1)
    confusion[:-1, -1] = np.bincount(true_category[missed], minlength=categories)
    confusion[-1, :-1] = np.bincount(category[invented], minlength=categories)

    def per_image(group: np.ndarray) -> np.ndarray:
        return np.bincount(group % max(images, 1), minlength=images)

    return Errors(
        categories=np.unique(ground_truth.category_ids),
        images=np.unique(ground_truth.image_ids),
        points=points,
        overall=overall,
        curves=curves(together, int(total.sum()), THRESHOLDS),
        threshold=float(threshold),
        confusion=confusion,
        missed=per_image(truth.group[missed]),
        invented=per_image(found.group[invented]),
        wrong=per_image(truth.group[mistaken]),
        box_fate=_as_given(truth.row, box_fate, truth.row.size, IGNORED),
        found_fate=_as_given(found.row, found_fate, detections.scores.size, IGNORED),
        found_box=_as_given(found.row, _looked_up(truth.row, partner), detections.scores.size, -1),
    )


def _as_given(row: np.ndarray, values: np.ndarray, size: int, rest: str | int) -> np.ndarray:
    """Values of sorted boxes, in the order in which all `size` boxes were given."""
    given = np.full(size, rest, values.dtype)
    given[row] = values
    return given


def _looked_up(row: np.ndarray, position: np.ndarray) -> np.ndarray:
    """`row` at each position; -1 where the position is -1."""
    return np.append(row, -1)[position]

"""The errors of a detector: missed objects, invented ones, and ones of a wrong category."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tasks.detection.evaluation.arrays import Detections, GroundTruth
from tasks.detection.evaluation.matching import (
    SortedFound,
    SortedTruth,
    match_greedily,
    sorted_found,
    sorted_truth,
)
from tasks.detection.evaluation.operating import OperatingPoints, best_points, curves, ranked
from tasks.detection.evaluation.precision_recall import arranged

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
    true_category, true_image = np.divmod(truth.group, max(images, 1))
    category, image = np.divmod(found.group, max(images, 1))

    # detections of the objects' own category, at any score
    partner = np.full(found.row.size, -1)  # position in `truth`
    matches = match_greedily(truth, found, IOU)
    partner[matches.detection] = matches.box
    single = ~truth.ignored[:, 0]
    correct = np.append(single, False)[partner]
    counted = (partner < 0) | correct  # not inside a crowd

    # the scores from which they count
    scores, hits = found.scores[counted], correct[counted]
    expected = np.bincount(true_category[single], minlength=categories)
    points = best_points(ranked(category[counted], scores, hits), expected)
    together = ranked(np.zeros(scores.size, np.int64), scores, hits)
    overall = best_points(together, expected.sum(keepdims=True))
    threshold = overall.threshold[0]

    # the rest of them, on objects of other categories
    above = found.scores >= threshold
    right = correct & above
    taken = np.zeros(truth.row.size, bool)
    taken[partner[right]] = True
    free, spare = np.flatnonzero(single & ~taken), np.flatnonzero(above & counted & ~correct)
    wrong, mistaken = _of_other_categories(truth, found, free, spare, (true_image, image))
    partner[~right] = -1
    partner[wrong] = mistaken

    box_fate = _fates(truth.row.size, (free, MISSED), (mistaken, WRONG), (taken, RIGHT))
    found_fate = _fates(found.row.size, (spare, INVENTED), (wrong, WRONG), (right, RIGHT))
    missed, invented = box_fate == MISSED, found_fate == INVENTED
    confusion = np.zeros((categories + 1, categories + 1), np.int64)
    np.add.at(confusion, (true_category[partner[right]], category[right]), 1)
    np.add.at(confusion, (true_category[mistaken], category[wrong]), 1)
    confusion[:-1, -1] = np.bincount(true_category[missed], minlength=categories)
    confusion[-1, :-1] = np.bincount(category[invented], minlength=categories)
    return Errors(
        categories=np.unique(ground_truth.category_ids),
        images=np.unique(ground_truth.image_ids),
        points=points,
        overall=overall,
        curves=curves(together, int(expected.sum()), THRESHOLDS),
        threshold=float(threshold),
        confusion=confusion,
        missed=np.bincount(true_image[missed], minlength=images),
        invented=np.bincount(image[invented], minlength=images),
        wrong=np.bincount(true_image[mistaken], minlength=images),
        box_fate=_as_given(truth.row, box_fate, truth.row.size, IGNORED),
        found_fate=_as_given(found.row, found_fate, detections.scores.size, IGNORED),
        found_box=_as_given(found.row, _looked_up(truth.row, partner), detections.scores.size, -1),
    )


def _of_other_categories(
    truth: SortedTruth,
    found: SortedFound,
    free: np.ndarray,
    spare: np.ndarray,
    images: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """The detections that take an object whatever its category, and these objects.

    Args:
        truth, found: all of them.
        free, spare: the positions of the objects and of the detections that are left.
        images: int64[G] and int64[D], the image of each object and of each detection.

    Returns:
        int64[W], positions in `found`, and int64[W], positions in `truth`.
    """
    single = np.zeros((free.size, 1), bool)
    objects = sorted_truth(images[0][free], truth.boxes[free], truth.crowd[free], single)
    left = sorted_found(images[1][spare], found.boxes[spare], found.scores[spare])
    matches = match_greedily(objects, left, IOU)
    hit = matches.box >= 0
    return spare[left.row[matches.detection[hit]]], free[objects.row[matches.box[hit]]]


def _fates(size: int, *groups: tuple[np.ndarray, str]) -> np.ndarray:
    """str[size], the fate of each group of boxes; a later group takes boxes from earlier ones."""
    fates = np.full(size, IGNORED, dtype="<U8")
    for boxes, fate in groups:
        fates[boxes] = fate
    return fates


def _as_given(row: np.ndarray, values: np.ndarray, size: int, rest: str | int) -> np.ndarray:
    """Values of sorted boxes, in the order in which all `size` boxes were given."""
    given = np.full(size, rest, values.dtype)
    given[row] = values
    return given


def _looked_up(row: np.ndarray, position: np.ndarray) -> np.ndarray:
    """`row` at each position; -1 where the position is -1."""
    return np.append(row, -1)[position]

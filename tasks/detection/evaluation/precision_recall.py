"""COCOeval's matching and precision tables for all images and categories at once.

The rules are those of pycocotools' COCOeval for boxes; tests check that the results are equal.

Letters in shapes: T IoU thresholds, R recall points, K categories, A area ranges, M limits on the
detections per image and category.
"""

import numpy as np

from tasks.detection.evaluation.arrays import Detections, GroundTruth
from tasks.detection.evaluation.matching import (
    Matches,
    SortedFound,
    SortedTruth,
    match_greedily,
    rank_in_run,
    sorted_found,
    sorted_truth,
)

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0.0, 1.0, 101)
MAX_DETECTIONS = (1, 10, 100)
# all, small, medium, large, in square pixels; both ends belong to the range
AREA_RANGES = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]])


def precision_and_recall(
    ground_truth: GroundTruth, detections: Detections
) -> tuple[np.ndarray, np.ndarray]:
    """The tables of a set of boxes.

    Returns:
        precision float64[T,R,K,A] at the largest limit and recall float64[T,K,A,M], categories in
        ascending order; -1 if no ground truth of a category counts.
    """
    truth, found, images, categories = arranged(ground_truth, detections)
    return _tables(truth, found, match_greedily(truth, found, IOU_THRESHOLDS), images, categories)


def arranged(
    ground_truth: GroundTruth, detections: Detections
) -> tuple[SortedTruth, SortedFound, int, int]:
    """Both sides sorted for matching by category and image, and the numbers of these two.

    A box's group is its category's position times the number of images, plus its image's position,
    both in ascending order of ids. Detections of categories that are not in the ground truth, and
    those beyond the best 100 of an image and category, are left out.
    """
    images = np.unique(ground_truth.image_ids)
    categories = np.unique(ground_truth.category_ids)

    def group_of(image: np.ndarray, category: np.ndarray) -> np.ndarray:
        return np.searchsorted(categories, category) * images.size + np.searchsorted(images, image)

    truth = sorted_truth(
        group_of(ground_truth.box_image, ground_truth.box_category),
        ground_truth.boxes,
        ground_truth.crowd,
        ground_truth.crowd[:, None] | ~inside_ranges(ground_truth.area),
    )
    known = np.flatnonzero(np.isin(detections.category, categories))
    found = sorted_found(
        group_of(detections.image[known], detections.category[known]),
        detections.boxes[known],
        detections.scores[known],
        MAX_DETECTIONS[-1],
    )
    return truth, found._replace(row=known[found.row]), images.size, categories.size


def _tables(
    truth: SortedTruth, found: SortedFound, matches: Matches, images: int, categories: int
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall as `precision_and_recall` returns them."""
    areas, thresholds = len(AREA_RANGES), IOU_THRESHOLDS.size
    every = np.arange(categories)
    expected = np.zeros((categories, areas))  # ground-truth boxes that count
    np.add.at(expected, truth.group // images, ~truth.ignored)

    # COCOeval's order: by category, then falling score, then image, then rank in the image
    category = found.group // images
    order = np.lexsort((-found.scores, category))
    position = np.empty_like(order)
    position[order] = np.arange(order.size)
    by_position = np.argsort(position[matches.detection])
    index, _, correct, ignored = (part[by_position] for part in matches)

    # The number of detections that count, up to each one: all with an area inside the range, with a
    # correction for those that matched: an ignored match never counts, a correct one always does.
    counts = inside_ranges(found.boxes[:, 2] * found.boxes[:, 3])
    inside = counts[index][:, :, None]
    change = (correct | (inside & ~ignored)).astype(np.int8) - inside
    total, change = running_sum(counts[order]), running_sum(change)
    total_start = total[np.searchsorted(category, every)]  # [K,A]
    change_start = change[np.searchsorted(category[index], every)]  # [K,A,T]

    # Only correct detections shape the interpolated curve: any other one lowers the precision.
    area, threshold, hit = np.nonzero(correct.transpose(1, 2, 0))
    k = category[index[hit]]
    correct_so_far = rank_in_run((area * thresholds + threshold) * categories + k) + 1
    counted = total[position[index[hit]] + 1, area] - total_start[k, area]
    counted += change[hit + 1, area, threshold] - change_start[k, area, threshold]
    point = np.searchsorted(RECALL_POINTS, correct_so_far / expected[k, area], side="right") - 1
    precision = np.zeros((thresholds, RECALL_POINTS.size, categories, areas))
    value = correct_so_far / (counted + np.spacing(1))
    np.maximum.at(precision, (threshold, point, k, area), value)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]

    recall = np.zeros((thresholds, categories, areas, len(MAX_DETECTIONS)))
    for m, most in enumerate(MAX_DETECTIONS):
        first = found.rank[index[hit]] < most
        np.add.at(recall, (threshold[first], k[first], area[first], m), 1)
    recall /= np.maximum(expected, 1)[..., None]
    defined = expected > 0
    return np.where(defined, precision, -1.0), np.where(defined[..., None], recall, -1.0)


def inside_ranges(area: np.ndarray) -> np.ndarray:
    """bool[N, A]: the area ranges that each area float64[N], in square pixels, lies in."""
    return (area[:, None] >= AREA_RANGES[:, 0]) & (area[:, None] <= AREA_RANGES[:, 1])


def running_sum(values: np.ndarray) -> np.ndarray:
    """Sums int32[N+1,...] of the rows before each row, and of all rows."""
    sums = np.zeros((len(values) + 1, *values.shape[1:]), np.int32)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums

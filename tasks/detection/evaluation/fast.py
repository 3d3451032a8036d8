"""COCOeval's matching and precision tables for all images and categories at once.

The rules are those of pycocotools' COCOeval for boxes; tests check that the results are equal. It
is fast for three reasons: only boxes of the same image and category are compared; only detections
that overlap a ground-truth box by the lowest threshold take part in the matching; and one step
matches the r-th of them in all images and categories, for all IoU thresholds and area ranges.

Letters in shapes: T IoU thresholds, R recall points, K categories, A area ranges, M limits on the
detections per image and category, G ground-truth boxes, D detections, P pairs of these two, C
detections that may match.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tasks.detection.evaluation.arrays import Detections, GroundTruth

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0.0, 1.0, 101)
MAX_DETECTIONS = (1, 10, 100)
# all, small, medium, large, in square pixels; both ends belong to the range
AREA_RANGES = np.array([[0, 1e5**2], [0, 32**2], [32**2, 96**2], [96**2, 1e5**2]])
MAX_PAIRS = 1 << 20  # compared at a time; bounds the memory to a few hundred MB


class _Truth(NamedTuple):
    """Ground truth sorted by category, then image, then as given (of equal IoUs the last wins)."""

    group: np.ndarray  # int64[G] category index x images + image index
    boxes: np.ndarray  # float64[G,4] xywh
    crowd: np.ndarray  # bool[G]
    ignored: np.ndarray  # bool[G,A] crowds, and boxes whose area is outside the range


class _Found(NamedTuple):
    """Detections sorted by category, then image, then falling score, then as given."""

    group: np.ndarray  # int64[D]
    boxes: np.ndarray  # float64[D,4] xywh
    scores: np.ndarray  # float64[D]
    rank: np.ndarray  # int64[D] rank in its group from 0, below the largest limit
    inside: np.ndarray  # bool[D,A] area inside the range


class _Matches(NamedTuple):
    """Matches of the detections that overlap a ground-truth box of their group."""

    detection: np.ndarray  # int64[C] row of _Found
    correct: np.ndarray  # bool[C,A,T] matched to a ground-truth box that counts
    ignored: np.ndarray  # bool[C,A,T] matched to one that does not count


def fast_evaluate(
    ground_truth: GroundTruth, detections: Detections
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate boxes; returns the same two tables as `pycocotools_evaluate`.

    Returns:
        precision float64[T,R,K,A] at the largest limit and recall float64[T,K,A,M], categories in
        ascending order; -1 where a category has no ground truth that counts.
    """
    images = np.unique(ground_truth.image_ids)
    categories = np.unique(ground_truth.category_ids)

    def group_of(image: np.ndarray, category: np.ndarray) -> np.ndarray:
        return np.searchsorted(categories, category) * images.size + np.searchsorted(images, image)

    group = group_of(ground_truth.box_image, ground_truth.box_category)
    order = np.argsort(group, kind="stable")
    crowd = ground_truth.crowd[order]
    ignored = crowd[:, None] | ~_inside(ground_truth.area[order])
    truth = _Truth(group[order], ground_truth.boxes[order], crowd, ignored)

    known = np.flatnonzero(np.isin(detections.category, categories))
    group = group_of(detections.image[known], detections.category[known])
    order = np.lexsort((-detections.scores[known], group))
    rank = _rank_in_run(group[order])
    order, rank = order[rank < MAX_DETECTIONS[-1]], rank[rank < MAX_DETECTIONS[-1]]
    boxes = detections.boxes[known[order]]
    inside = _inside(boxes[:, 2] * boxes[:, 3])
    found = _Found(group[order], boxes, detections.scores[known[order]], rank, inside)

    chunks = [_match(truth, found, *pairs) for pairs in _close_pairs(truth, found)]
    matches = _Matches(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))
    return _tables(truth, found, matches, images.size, categories.size)


def _close_pairs(
    truth: _Truth, found: _Found
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield (detection int64[P], ground truth int64[P], IoU float64[P]) of pairs that may match.

    Each piece holds whole groups and about MAX_PAIRS comparisons, sorted by detection.
    """
    first = np.searchsorted(truth.group, found.group)
    number = np.searchsorted(truth.group, found.group, side="right") - first
    start_of_group = np.arange(found.group.size) - found.rank
    piece = (np.cumsum(number) - number)[start_of_group] // MAX_PAIRS
    cuts = [0, *(np.flatnonzero(np.diff(piece)) + 1), found.group.size]
    for lo, hi in pairwise(cuts):
        detection = np.repeat(np.arange(lo, hi), number[lo:hi])
        box = first[detection] + _rank_in_run(detection)
        iou = _iou(found.boxes[detection], truth.boxes[box], truth.crowd[box])
        close = iou >= IOU_THRESHOLDS[0]
        yield detection[close], box[close], iou[close]


def _iou(found: np.ndarray, truth: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """IoU float64[P] of two lists of xywh boxes; with a crowd, the part of `found` inside it.

    The same operations as in pycocotools' C code, in the same order, so that ties stay ties.
    """
    corner = np.minimum(found[:, :2] + found[:, 2:], truth[:, :2] + truth[:, 2:])
    width, height = (corner - np.maximum(found[:, :2], truth[:, :2])).T
    overlap = np.where((width > 0) & (height > 0), width * height, 0)
    area = found[:, 2] * found[:, 3]
    union = np.where(crowd, area, area + truth[:, 2] * truth[:, 3] - overlap)
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=overlap > 0)


def _match(
    truth: _Truth, found: _Found, detection: np.ndarray, box: np.ndarray, iou: np.ndarray
) -> _Matches:
    """Greedy matching of whole groups.

    In the order of their scores, detections take the free box of highest IoU among those that
    count, or else among the ignored ones. A crowd can be taken any number of times.
    """
    index, row = np.unique(detection, return_inverse=True)
    step = _rank_in_run(found.group[index])
    order = np.lexsort((box, iou, row, step[row]))  # a detection's best pair is its last
    row, box, iou = row[order], box[order], iou[order]
    by_step = np.argsort(step, kind="stable")
    index, step = index[by_step], step[by_step]

    pairs = box.size
    start = np.append(np.flatnonzero(np.diff(row, prepend=-1)), pairs)  # of each detection's pairs
    reached = iou[:, None] >= IOU_THRESHOLDS
    # Larger is better, 0 is no match; the pair's number can be recovered from it.
    preference = np.arange(1, pairs + 1)[:, None] + pairs * ~truth.ignored[box]
    best = np.zeros((index.size, len(AREA_RANGES), IOU_THRESHOLDS.size), preference.dtype)
    lowest = box.min(initial=truth.crowd.size)
    free = np.ones((max(box.max(initial=0) + 1 - lowest, 0), *best.shape[1:]), bool)

    for lo, hi in pairwise(np.searchsorted(step, np.arange(step.max(initial=-1) + 2))):
        at = slice(start[lo], start[hi])
        usable = free[box[at] - lowest] & reached[at, None]
        choice = np.where(usable, preference[at, :, None], 0)
        choice = best[lo:hi] = np.maximum.reduceat(choice, start[lo:hi] - start[lo])
        taken = box[(choice - 1) % pairs]
        used = np.nonzero((choice > 0) & ~truth.crowd[taken])
        free[taken[used] - lowest, used[1], used[2]] = False
    return _Matches(index, best > pairs, (best > 0) & (best <= pairs))


def _tables(
    truth: _Truth, found: _Found, matches: _Matches, images: int, categories: int
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall as `fast_evaluate` returns them."""
    areas, thresholds = len(AREA_RANGES), IOU_THRESHOLDS.size
    every = np.arange(categories)
    expected = np.zeros((categories, areas))  # ground-truth boxes that count
    np.add.at(expected, truth.group // images, ~truth.ignored)

    # COCOeval's order: by category, then falling score, then image, then rank in the image.
    category = found.group // images
    order = np.lexsort((-found.scores, category))
    position = np.empty_like(order)
    position[order] = np.arange(order.size)
    index, correct, ignored = (part[np.argsort(position[matches.detection])] for part in matches)

    # The number of detections that count, up to each one: all with an area inside the range, with a
    # correction for those that matched: an ignored match never counts, a correct one always does.
    inside = found.inside[index][:, :, None]
    change = (correct | (inside & ~ignored)).astype(np.int8) - inside
    total, change = _running_sum(found.inside[order]), _running_sum(change)
    total_start = total[np.searchsorted(category, every)]  # [K,A]
    change_start = change[np.searchsorted(category[index], every)]  # [K,A,T]

    # Only correct detections shape the interpolated curve: any other lowers the precision.
    area, threshold, hit = np.nonzero(correct.transpose(1, 2, 0))
    k = category[index[hit]]
    correct_so_far = _rank_in_run((area * thresholds + threshold) * categories + k) + 1
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


def _inside(area: np.ndarray) -> np.ndarray:
    return (area[:, None] >= AREA_RANGES[:, 0]) & (area[:, None] <= AREA_RANGES[:, 1])


def _rank_in_run(values: np.ndarray) -> np.ndarray:
    """0, 1, 2... within each run of equal values."""
    new = np.ones(values.size, bool)
    new[1:] = values[1:] != values[:-1]
    start = np.flatnonzero(new)
    return np.arange(values.size) - np.repeat(start, np.diff(start, append=values.size))


def _running_sum(values: np.ndarray) -> np.ndarray:
    """Sums int32[N+1,...] of the rows before each row, and of all."""
    sums = np.zeros((len(values) + 1, *values.shape[1:]), np.int32)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums

"""COCO's matching of detections to ground truth, in all images and categories at once.

It is fast for three reasons: only boxes of the same group are compared; only detections that
overlap a ground-truth box by the lowest threshold take part; and one step matches the r-th of these
in all groups, for all IoU thresholds and area ranges.

Letters in shapes: T IoU thresholds, A area ranges, G ground-truth boxes, D detections, P pairs of
these two, C detections that may match.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

MAX_PAIRS = 1 << 20  # pairs compared at a time; bounds the memory to a few hundred MB


class SortedTruth(NamedTuple):
    """Ground truth sorted by group, then in the given order (of equal IoUs the last one wins)."""

    row: np.ndarray  # int64[G] where each box was given
    group: np.ndarray  # int64[G] boxes of one group may match each other
    boxes: np.ndarray  # float64[G,4] xywh
    crowd: np.ndarray  # bool[G]
    ignored: np.ndarray  # bool[G,A] crowds, and boxes whose area is outside the range


class SortedFound(NamedTuple):
    """Detections sorted by group, then by falling score, then in the given order."""

    row: np.ndarray  # int64[D] where each detection was given
    group: np.ndarray  # int64[D]
    boxes: np.ndarray  # float64[D,4] xywh
    scores: np.ndarray  # float64[D]
    rank: np.ndarray  # int64[D] rank in its group from 0


class Matches(NamedTuple):
    """Matches of the detections that overlap a ground-truth box of their group."""

    detection: np.ndarray  # int64[C] position in SortedFound
    # int64[C] position in SortedTruth, for the first area and threshold; -1: no match
    box: np.ndarray
    correct: np.ndarray  # bool[C,A,T] matched to a ground-truth box that counts
    ignored: np.ndarray  # bool[C,A,T] matched to one that does not count


def sorted_truth(
    group: np.ndarray, boxes: np.ndarray, crowd: np.ndarray, ignored: np.ndarray
) -> SortedTruth:
    """Ground truth in the form for `match_greedily`; see SortedTruth for the arguments."""
    row = np.argsort(group, kind="stable")
    return SortedTruth(row, group[row], boxes[row], crowd[row], ignored[row])


def sorted_found(
    group: np.ndarray, boxes: np.ndarray, scores: np.ndarray, most: int | None = None
) -> SortedFound:
    """Detections in the form for `match_greedily`: the best `most` of each group, or None: all."""
    row = np.lexsort((-scores, group))
    rank = rank_in_run(group[row])
    if most is not None:
        row, rank = row[rank < most], rank[rank < most]
    return SortedFound(row, group[row], boxes[row], scores[row], rank)


def match_greedily(truth: SortedTruth, found: SortedFound, thresholds: np.ndarray) -> Matches:
    """Match greedily, as COCOeval does.

    In the order of their scores, detections take the free box with the highest IoU among those that
    count, or else among the ignored ones. A crowd can be taken any number of times.

    Args:
        truth, found: see `sorted_truth` and `sorted_found`.
        thresholds: float64[T], rising; a pair with a lower IoU does not match.
    """
    pieces = _close_pairs(truth, found, thresholds[0])
    chunks = [_match(truth, found, thresholds, *pairs) for pairs in pieces]
    return Matches(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))


def rank_in_run(values: np.ndarray) -> np.ndarray:
    """0, 1, 2... within each run of equal values."""
    new = np.ones(values.size, bool)
    new[1:] = values[1:] != values[:-1]
    start = np.flatnonzero(new)
    return np.arange(values.size) - np.repeat(start, np.diff(start, append=values.size))


def _close_pairs(
    truth: SortedTruth, found: SortedFound, lowest: float
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
        box = first[detection] + rank_in_run(detection)
        iou = _iou(found.boxes[detection], truth.boxes[box], truth.crowd[box])
        close = iou >= lowest
        yield detection[close], box[close], iou[close]


def _iou(found: np.ndarray, truth: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """IoU float64[P] of two lists of xywh boxes; with a crowd, the part of `found` inside it.

    The operations are those of pycocotools' C code, in the same order, so that ties stay ties.
    """
    corner = np.minimum(found[:, :2] + found[:, 2:], truth[:, :2] + truth[:, 2:])
    width, height = (corner - np.maximum(found[:, :2], truth[:, :2])).T
    overlap = np.where((width > 0) & (height > 0), width * height, 0)
    area = found[:, 2] * found[:, 3]
    union = np.where(crowd, area, area + truth[:, 2] * truth[:, 3] - overlap)
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=overlap > 0)


def _match(
    truth: SortedTruth,
    found: SortedFound,
    thresholds: np.ndarray,
    detection: np.ndarray,
    box: np.ndarray,
    iou: np.ndarray,
) -> Matches:
    """`match_greedily` for whole groups, from their close pairs."""
    index, row = np.unique(detection, return_inverse=True)
    step = rank_in_run(found.group[index])
    order = np.lexsort((box, iou, row, step[row]))  # a detection's best pair comes last
    row, box, iou = row[order], box[order], iou[order]
    by_step = np.argsort(step, kind="stable")
    index, step = index[by_step], step[by_step]

    pairs = box.size
    start = np.append(np.flatnonzero(np.diff(row, prepend=-1)), pairs)  # of each detection's pairs
    reached = iou[:, None] >= thresholds
    # Larger is better, and 0 is no match; the pair's number can be recovered from the value.
    preference = np.arange(1, pairs + 1)[:, None] + pairs * ~truth.ignored[box]
    best = np.zeros((index.size, truth.ignored.shape[1], thresholds.size), preference.dtype)
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
    first = best[:, 0, 0]
    partner = np.where(first > 0, box[(first - 1) % max(pairs, 1)] if pairs else -1, -1)
    return Matches(index, partner, best > pairs, (best > 0) & (best <= pairs))

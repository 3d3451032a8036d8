"""The score threshold at which detections are best: precision, recall and F1 over thresholds.

F1 is 2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class OperatingPoints:
    """The best F1 of each of K groups of detections; NaN if none is defined.

    Args:
        threshold: float64[K]; detections with at least this score are kept.
        precision, recall, f1: float64[K], of the kept detections, 0..1.
    """

    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


class Ranking(NamedTuple):
    """Detections that count, by group and falling score, with sums within their group."""

    group: np.ndarray  # int64[D]
    scores: np.ndarray  # float64[D]
    true: np.ndarray  # int64[D], correct ones up to and including this one
    false: np.ndarray  # int64[D], incorrect ones up to and including this one


def ranked(group: np.ndarray, scores: np.ndarray, correct: np.ndarray) -> Ranking:
    """Rank detections within their groups.

    Args:
        group: int64[D]. scores: float64[D]. correct: bool[D].
    """
    order = np.lexsort((-scores, group))
    group, scores, correct = group[order], scores[order], correct[order]
    start = np.searchsorted(group, group)  # of each detection's group
    true = np.concatenate([[0], np.cumsum(correct)])
    within = true[1:] - true[start]
    return Ranking(group, scores, within, np.arange(group.size) - start + 1 - within)


def best_points(ranking: Ranking, expected: np.ndarray) -> OperatingPoints:
    """The threshold of best F1 in each group; of equal ones the highest.

    It is halfway between the lowest kept score and the next lower one, so that rounding keeps the
    same detections.

    Args:
        expected: int64[K], the number of objects in each group.
    """
    group, scores, true, false = ranking
    f1 = 2 * true / np.maximum(true + false + expected[group], 1)
    same_group = np.append(group[1:] == group[:-1], False)[: group.size]
    following = np.append(scores[1:], 0.0)[: group.size]
    # a threshold keeps all detections with the same score, or none
    possible = ~(same_group & (following == scores))
    rows = np.flatnonzero(possible & (true > 0))
    points = np.full((4, expected.size), np.nan)
    if rows.size:
        order = rows[np.lexsort((-scores[rows], -f1[rows], group[rows]))]
        first = order[np.flatnonzero(np.diff(group[order], prepend=-1))]
        lower = np.where(same_group[first], following[first], scores[first])
        points[:, group[first]] = [
            (scores[first] + lower) / 2,
            true[first] / (true[first] + false[first]),
            true[first] / np.maximum(expected[group[first]], 1),
            f1[first],
        ]
    return OperatingPoints(*points)


def curves(ranking: Ranking, expected: int, thresholds: np.ndarray) -> np.ndarray:
    """Precision, recall and F1 over thresholds, for a ranking of one group.

    Args:
        expected: the number of objects.
        thresholds: float64[P].

    Returns:
        float64[3, P]; without detections the precision is NaN.
    """
    kept = np.searchsorted(-ranking.scores, -thresholds, side="right")
    true, false = (np.concatenate([[0], sums])[kept] for sums in (ranking.true, ranking.false))
    found = true + false
    precision = np.divide(true, found, out=np.full(found.size, np.nan), where=found > 0)
    f1 = 2 * true / np.maximum(found + expected, 1)
    return np.stack([precision, true / max(expected, 1), f1])

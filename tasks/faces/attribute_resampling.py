"""The scores of face attributes if each image counts a given number of times."""

from collections.abc import Callable

import numpy as np

from tasks.runs.bootstrap import Scorer, shares


def weighted_average_precision(
    scores: np.ndarray, labels: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """`average_precision` as a function of counts int32[B, N] -> float64[B].

    NaN if all or none of the images that count have the attribute.

    Args:
        scores: float[N]. labels: bool[N].
    """
    order = np.argsort(-scores, kind="stable")
    positive = labels[order]
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)[: len(order)])

    def average(counts: np.ndarray) -> np.ndarray:
        ranked = counts[:, order]
        hits, seen = (ranked * positive).cumsum(1)[:, last], ranked.cumsum(1)[:, last]
        gained = np.diff(hits, prepend=0)
        total, every = hits[:, -1], seen[:, -1]
        area = (gained * (hits / np.maximum(seen, 1))).sum(1) / np.maximum(total, 1)
        return np.where((total > 0) & (total < every), area, np.nan)

    return average


def attribute_scorer(
    labels: np.ndarray, probabilities: np.ndarray, teacher: np.ndarray | None
) -> Scorer:
    """The scores of `AttributeScores` as a function of how often each image counts.

    Args:
        labels: int8[N, A]: 1, 0, or -1 for unknown.
        probabilities, teacher: float32[N, A].
    """
    known, true, answers = labels >= 0, labels == 1, probabilities >= 0.5
    averages = [
        (np.flatnonzero(rows), weighted_average_precision(scores[rows], labelled[rows]))
        for rows, scores, labelled in zip(known.T, probabilities.T, true.T, strict=True)
        if rows.any()
    ]
    columns = {
        "known": known,
        "right": known & (answers == true),
        "positive": true,
        "found": true & answers,
        "negative": known & ~true,
        "left": known & ~true & ~answers,
    }
    beside = {}
    if teacher is not None:
        beside["teacher_agreement"] = (answers == (teacher >= 0.5)).mean(1)
        beside["teacher_difference"] = np.abs(probabilities - teacher).mean(1)

    def scores(counts: np.ndarray) -> dict[str, np.ndarray]:
        sums = {name: shares(counts, values) for name, values in columns.items()}
        ratios = [(sums["right"], sums["known"], 1.0)]
        ratios += [(sums["found"], sums["positive"], 0.5), (sums["left"], sums["negative"], 0.5)]
        parts = [
            np.divide(hits, total, out=np.full(hits.shape, np.nan), where=total > 0) * weight
            for hits, total, weight in ratios
        ]
        precision = np.stack([average(counts[:, rows]) for rows, average in averages], 1)
        found = {
            "mean_ap": defined_mean(precision),
            "accuracy": defined_mean(parts[0]),
            "balanced_accuracy": defined_mean(parts[1] + parts[2]),
        }
        return found | {name: shares(counts, values) for name, values in beside.items()}

    return scores


def defined_mean(values: np.ndarray) -> np.ndarray:
    """Means float64[B] of the entries of each row that are not NaN; NaN for a row without any."""
    defined = ~np.isnan(values)
    number = defined.sum(1)
    mean = np.where(defined, values, 0).sum(1) / np.maximum(number, 1)
    return np.where(number > 0, mean, np.nan)

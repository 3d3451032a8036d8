"""The scores of pairs of faces if each pair counts a given number of times."""

import numpy as np

from tasks.runs.bootstrap import Scorer


def pair_scorer(
    distance: np.ndarray, same: np.ndarray, fold: np.ndarray, rates: dict[str, float]
) -> Scorer:
    """The scores of `score_pairs` as a function of how often each pair counts.

    Folds without a pair that counts are left out. If all pairs that count are matched, or none, the
    scores are NaN.

    Args:
        distance: float[P]. same: bool[P]. fold: int64[P].
        rates: name -> false accept rate, see `tar_at_far`.
    """
    order = np.argsort(distance, kind="stable")
    distance, same, fold = distance[order], same[order], fold[order]
    folds = np.unique(fold)

    def scores(counts: np.ndarray) -> dict[str, np.ndarray]:
        counts = counts[:, order]
        accuracies = []
        for k in folds:
            held = fold == k
            others = ~held if len(folds) > 1 else held
            threshold = weighted_best_threshold(distance[others], same[others], counts[:, others])
            right = (distance[held] < threshold[:, None]) == same[held]
            number = counts[:, held].sum(1)
            share = (counts[:, held] * right).sum(1) / np.maximum(number, 1)
            accuracies.append(np.where(number > 0, share, np.nan))
        found = {"accuracy": np.nanmean(accuracies, axis=0)}
        matched, mismatched = counts * same, counts * ~same
        defined = matched.any(1) & mismatched.any(1)
        for name, rate in rates.items():
            found[f"tar_at_far_{name}"] = _tar_at_far(distance, matched, mismatched, rate)
        last = np.flatnonzero(np.append(np.diff(distance) != 0, True))  # equal distances together
        accepted, falsely = matched.cumsum(1)[:, last], mismatched.cumsum(1)[:, last]
        total, wrong = (np.maximum(s[:, -1:], 1) for s in (accepted, falsely))
        tar, far = (np.pad(s, ((0, 0), (1, 0))) for s in (accepted / total, falsely / wrong))
        found["auc"] = (np.diff(far) * (tar[:, 1:] + tar[:, :-1]) / 2).sum(1)
        over = far - (1 - tar)
        k = np.maximum((over >= 0).argmax(1), 1)
        rows = np.arange(len(over))
        rise = over[rows, k] - over[rows, k - 1]
        part = -over[rows, k - 1] / np.where(rise > 0, rise, 1)
        found["eer"] = far[rows, k - 1] + part * (far[rows, k] - far[rows, k - 1])
        return {name: np.where(defined, values, np.nan) for name, values in found.items()}

    return scores


def weighted_best_threshold(
    distance: np.ndarray, same: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """`best_threshold` float64[B] for counts int32[B, P] of pairs in the order of their distances.

    Args:
        distance: float[P], rising. same: bool[P].
    """
    rows, pairs = np.arange(len(counts)), len(distance)
    right = np.pad((counts * np.where(same, 1, -1)).cumsum(1), ((0, 0), (1, 0)))
    cut = np.append(True, np.append(np.diff(distance) != 0, True))
    places = np.flatnonzero(cut)
    k = places[right[:, places].argmax(1)]
    # the nearest pair that counts on either side
    after = np.where(counts > 0, np.arange(pairs), pairs)
    after = np.minimum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
    following = np.append(distance, np.inf)[np.pad(after, ((0, 0), (0, 1)), constant_values=pairs)]
    lower, upper = distance[np.maximum(k - 1, 0)], following[rows, k]
    beyond = np.where(np.isinf(upper), np.nextafter(lower, np.inf), (lower + upper) / 2)
    return np.asarray(np.where(k == 0, upper, beyond))


def _tar_at_far(
    distance: np.ndarray, matched: np.ndarray, mismatched: np.ndarray, rate: float
) -> np.ndarray:
    """`tar_at_far` float64[B] of pairs in the order of their distances; counts int[B, P]."""
    allowed = (rate * mismatched.sum(1) + 1e-9).astype(np.int64)
    limit = distance[(mismatched.cumsum(1) > allowed[:, None]).argmax(1)]
    nearer = distance < limit[:, None]
    return np.asarray((matched * nearer).sum(1) / np.maximum(matched.sum(1), 1))

"""Are two faces of the same person? LFW's protocol, and the receiver operating characteristic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from scipy.stats import rankdata
from torch import Tensor

from backbone.errors import InputError
from tasks.faces.pair_resampling import pair_scorer
from tasks.faces.pairs import Pairs
from tasks.runs.bootstrap import Resampling, shares
from tasks.training.metric import TensorMetric

FALSE_ACCEPT_RATES = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}


def roc(distance: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The receiver operating characteristic: (false accept rate, true accept rate), from 0 to 1.

    After (0, 0), which accepts no pair, there is one point for each distinct distance: it accepts
    all pairs up to that distance.

    Args:
        distance: float[P].
        same: bool[P], with matched and mismatched pairs.

    Returns:
        float[T + 1] each, for T distinct distances.
    """
    order = np.argsort(distance, kind="stable")
    distance, same = distance[order], same[order]
    last = np.append(distance[1:] != distance[:-1], True)  # equal distances belong together
    accepted, falsely = same.cumsum()[last], (~same).cumsum()[last]
    far, tar = falsely / (~same).sum(), accepted / same.sum()
    return np.append(0.0, far), np.append(0.0, tar)


def allowed_accepts(mismatched: int, rate: float) -> int:
    """How many mismatched pairs may be accepted at a false accept rate, rounded down."""
    return int(rate * mismatched + 1e-9)


def tar_at_far(distance: np.ndarray, same: np.ndarray, rate: float) -> float:
    """The largest true accept rate at a false accept rate of at most `rate`, in [0, 1).

    With 3,000 mismatched pairs a rate of 1e-4 allows no false accept: it is then FAR 0/3000.
    """
    mismatched = np.sort(distance[~same])
    return float((distance[same] < mismatched[allowed_accepts(len(mismatched), rate)]).mean())


def area_under_roc(distance: np.ndarray, same: np.ndarray) -> float:
    """Area under the ROC: how often a matched pair is nearer than a mismatched one; ties half."""
    ranks = rankdata(distance)[~same]
    matched, mismatched = int(same.sum()), len(ranks)
    return float((ranks.sum() - mismatched * (mismatched + 1) / 2) / (matched * mismatched))


def equal_error_rate(distance: np.ndarray, same: np.ndarray) -> float:
    """The rate at which false accepts and false rejects are equal, interpolated linearly."""
    far, tar = roc(distance, same)
    over = far - (1 - tar)  # rises from -1 to 1
    k = int(np.argmax(over >= 0))
    share = -over[k - 1] / (over[k] - over[k - 1])
    return float(far[k - 1] + share * (far[k] - far[k - 1]))


def best_threshold(distance: np.ndarray, same: np.ndarray) -> float:
    """The threshold with the most correct decisions; pairs with a smaller distance are accepted.

    The candidates are half-way between neighbouring distances. Of equally good ones the smallest is
    taken, which accepts the fewest pairs.
    """
    order = np.argsort(distance, kind="stable")
    distance, same = distance[order], same[order]
    # gain in correct decisions from accepting the first k pairs, k = 0..P
    right = np.append(0, np.where(same, 1, -1).cumsum())
    cut = np.append(True, np.append(distance[1:] != distance[:-1], True))
    k = np.flatnonzero(cut)[right[cut].argmax()]
    if k == 0:
        return float(distance[0])
    if k == len(distance):
        return float(np.nextafter(distance[-1], np.inf))
    return float((distance[k - 1] + distance[k]) / 2)


def fold_accuracies(
    distance: np.ndarray, same: np.ndarray, fold: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy of each fold at the threshold that is best for the other folds; and the threshold.

    A single fold is scored at its own best threshold, which makes its accuracy optimistic.

    Returns:
        accuracies float[F], thresholds float[F].
    """
    accuracies, thresholds = [], []
    folds = np.unique(fold)
    for k in folds:
        held = fold == k
        others = ~held if len(folds) > 1 else held
        threshold = best_threshold(distance[others], same[others])
        thresholds.append(threshold)
        accuracies.append(((distance[held] < threshold) == same[held]).mean())
    return np.array(accuracies), np.array(thresholds)


@dataclass(frozen=True)
class PairScores:
    """How well distances separate matched from mismatched pairs.

    Args:
        metrics: `accuracy`, the mean over the folds; `accuracy_stderr`, the standard error of that
            mean, if there are several folds; `tar_at_far_1e-2`, `1e-3`, `1e-4`; `auc`; `eer`. 0..1.
        distance: float[P], squared distances of unit-length embeddings, 0..4.
        same: bool[P].
        threshold: float[P], the threshold of each pair's fold.
        note: how the scores were computed.
    """

    metrics: dict[str, float]
    distance: np.ndarray
    same: np.ndarray
    threshold: np.ndarray
    note: str


def score_pairs(distance: np.ndarray, same: np.ndarray, fold: np.ndarray) -> PairScores:
    """Score squared distances by LFW's protocol.

    Args:
        distance: float[P].
        same: bool[P], whether a pair is matched.
        fold: int64[P].

    Raises:
        InputError: there are no matched or no mismatched pairs.
    """
    mismatched = int((~same).sum())
    if not 0 < mismatched < len(same):
        raise InputError(
            f"{len(same) - mismatched:,} matched and {mismatched:,} mismatched pairs: a score "
            "needs both. Raise trainer.limit_val_batches or trainer.limit_test_batches if set"
        )
    accuracies, thresholds = fold_accuracies(distance, same, fold)
    metrics = {"accuracy": float(accuracies.mean())}
    if len(accuracies) > 1:
        metrics["accuracy_stderr"] = float(accuracies.std(ddof=1) / len(accuracies) ** 0.5)
    for name, rate in FALSE_ACCEPT_RATES.items():
        metrics[f"tar_at_far_{name}"] = tar_at_far(distance, same, rate)
    metrics |= {"auc": area_under_roc(distance, same), "eer": equal_error_rate(distance, same)}
    number = np.searchsorted(np.unique(fold), fold)
    note = how_scored(len(accuracies), mismatched)
    return PairScores(metrics, distance, same, thresholds[number], note)


def how_scored(folds: int, mismatched: int) -> str:
    """How a score over these numbers of folds and mismatched pairs is computed, in words."""
    threshold = (
        f"{folds} folds, each at the threshold best for the others"
        if folds > 1
        else "one fold, at its own best threshold, which makes its accuracy optimistic"
    )
    accepts = ", ".join(
        f"{name} is {allowed_accepts(mismatched, rate):,}"
        for name, rate in FALSE_ACCEPT_RATES.items()
    )
    return f"{threshold}; false accepts allowed of {mismatched:,} mismatched pairs: FAR {accepts}"


@dataclass(frozen=True)
class VerificationResult:
    """The result of an evaluation.

    Args:
        metrics: those of the pairs; with a teacher also `teacher_cosine`, the mean cosine between
            an embedding and the teacher's, which is 1 minus half their squared distance.
        pairs: scores of the pairs; None if the split has none.
        scored: int64[n], rows of the scored pairs: all of them unless batches were left out.
        teacher: the teacher's own scores on these pairs, if it has all their images.
        resamplings: the same scores for other draws of the pairs, or of the images.
    """

    metrics: dict[str, float]
    pairs: PairScores | None
    scored: np.ndarray
    teacher: dict[str, float] | None
    resamplings: Sequence[Resampling] = ()


class Verification(TensorMetric):
    """Embeddings of images, scored in pairs and against a teacher's.

    Args:
        pairs: rows of the split; None: the split's images have no identity.
    """

    def __init__(self, pairs: Pairs | None):
        self.pairs = pairs
        none = np.zeros((0, 0), np.float32)
        super().__init__(np.zeros(0, np.int64), none, none)

    def update(self, prediction: dict[str, Tensor], target: Tensor) -> None:
        """Add a batch without waiting for the device.

        Args:
            prediction: `embedding` float[B, D] of unit length, and perhaps `teacher` float[B, D].
            target: image_id int64[B], rows of the split.
        """
        embedding = prediction["embedding"].float()
        teacher = prediction.get("teacher", embedding[:, :0])
        self.seen.append((target, embedding, F.normalize(teacher.float(), dim=1)))

    def compute(self) -> VerificationResult:
        """Score the pairs of which both images were added."""
        images, embedding, teacher = self.state
        order = images.argsort(kind="stable")  # the same for any number of processes
        images, embedding, teacher = images[order], embedding[order], teacher[order]
        taught = teacher.shape[1] > 0
        agreement: dict[str, float] = {}
        resamplings = []
        if taught:
            cosine = (embedding * teacher).sum(1)
            agreement["teacher_cosine"] = float(cosine.mean())
            resamplings.append(
                Resampling(
                    "images",
                    images,
                    [teacher],
                    lambda: lambda counts: {"teacher_cosine": shares(counts, cosine)},
                )
            )
        pairs = self.pairs
        if pairs is None:
            return VerificationResult(agreement, None, np.zeros(0, np.int64), None, resamplings)
        rows = np.full(max(pairs.first.max(), pairs.second.max()) + 1, -1)
        rows[images[images < len(rows)]] = np.flatnonzero(images < len(rows))
        first, second = rows[pairs.first], rows[pairs.second]
        scored = np.flatnonzero((first >= 0) & (second >= 0))

        def score(of: np.ndarray) -> PairScores:
            apart = np.square(of[first[scored]] - of[second[scored]], dtype=np.float64).sum(1)
            return score_pairs(apart, pairs.same[scored], pairs.fold[scored])

        own = score(embedding)
        teachers = score(teacher).metrics | {"teacher_cosine": 1.0} if taught else None
        same, fold = own.same, pairs.fold[scored]
        of_pairs = Resampling(
            "pairs",
            np.stack([pairs.first[scored], pairs.second[scored]], 1),
            [same, fold],
            lambda: pair_scorer(own.distance, same, fold, FALSE_ACCEPT_RATES),
        )
        metrics = own.metrics | agreement
        return VerificationResult(metrics, own, scored, teachers, [of_pairs, *resamplings])

"""Are two faces of one person? LFW's protocol, and the curve of accepts against false accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import rankdata
from torch import Tensor

from backbone.errors import InputError
from tasks.faces.pairs import Pairs

VerificationState = tuple[np.ndarray, np.ndarray, np.ndarray]
FALSE_ACCEPT_RATES = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}


def roc(distance: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Receiver operating characteristic: (false accept rate, true accept rate), from 0 to 1.

    One point a threshold that accepts all pairs up to a distance, after (0, 0), which accepts none.

    Args:
        distance: float[P]. same: bool[P], with matched and mismatched pairs.
    """
    order = np.argsort(distance, kind="stable")
    distance, same = distance[order], same[order]
    last = np.append(distance[1:] != distance[:-1], True)  # equal ones are accepted together
    accepted, falsely = same.cumsum()[last], (~same).cumsum()[last]
    far, tar = falsely / (~same).sum(), accepted / same.sum()
    return np.append(0.0, far), np.append(0.0, tar)


def allowed_accepts(mismatched: int, rate: float) -> int:
    """How many of so many mismatched pairs a false accept rate lets pass: whole pairs only."""
    return int(rate * mismatched + 1e-9)


def tar_at_far(distance: np.ndarray, same: np.ndarray, rate: float) -> float:
    """Greatest true accept rate at a false accept rate of at most `rate`, 0 and up to below 1.

    Of 3,000 mismatched pairs a rate of 1e-4 allows none: that is the rate at FAR 0/3000.
    """
    mismatched = np.sort(distance[~same])
    return float((distance[same] < mismatched[allowed_accepts(len(mismatched), rate)]).mean())


def area_under_roc(distance: np.ndarray, same: np.ndarray) -> float:
    """Area under the ROC: how often a matched pair is nearer than a mismatched one, ties half."""
    ranks = rankdata(distance)[~same]
    matched, mismatched = int(same.sum()), len(ranks)
    return float((ranks.sum() - mismatched * (mismatched + 1) / 2) / (matched * mismatched))


def equal_error_rate(distance: np.ndarray, same: np.ndarray) -> float:
    """Where false accept and false reject rate meet on the ROC, straight between its points."""
    far, tar = roc(distance, same)
    over = far - (1 - tar)  # rises from -1 to 1
    k = int(np.argmax(over >= 0))
    share = -over[k - 1] / (over[k] - over[k - 1])
    return float(far[k - 1] + share * (far[k] - far[k - 1]))


def best_threshold(distance: np.ndarray, same: np.ndarray) -> float:
    """The threshold with most pairs right, where those nearer than it are accepted.

    Every threshold that parts the pairs differently is looked at, half-way between two distances.
    Of several that are equally good, the least: it accepts fewest.
    """
    order = np.argsort(distance, kind="stable")
    distance, same = distance[order], same[order]
    # right once the first k are accepted, k = 0..P
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
    """Accuracy of each fold at the threshold that is best for all others; and that threshold.

    A single fold has no other: its threshold is its own best, its accuracy so much too good.

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
    """How well distances tell matched from mismatched pairs.

    Args:
        metrics: `accuracy`, mean of the folds, and `accuracy_stderr`, the standard error of that
            mean, where there are several; `tar_at_far_1e-2`, `1e-3`, `1e-4`; `auc`; `eer`. 0..1.
        distance: float[P], squared, of unit-length embeddings: 0..4.
        same: bool[P].
        threshold: float[P], that of the pair's fold.
        note: what the figures rest on.
    """

    metrics: dict[str, float]
    distance: np.ndarray
    same: np.ndarray
    threshold: np.ndarray
    note: str


def score_pairs(distance: np.ndarray, same: np.ndarray, fold: np.ndarray) -> PairScores:
    """Score squared distances float[P] by LFW's protocol.

    Raises: InputError unless there are matched and mismatched pairs.
    """
    mismatched = int((~same).sum())
    if not 0 < mismatched < len(same):
        raise InputError(
            f"{len(same) - mismatched:,} matched and {mismatched:,} mismatched pairs: a score "
            "needs both. Where only some batches are looked at, allow more "
            "(trainer.limit_val_batches, trainer.limit_test_batches)"
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
    """What a score of so many folds and mismatched pairs rests on, in words."""
    threshold = (
        f"{folds} folds, each at the threshold best for the others"
        if folds > 1
        else "one fold, at its own best threshold, so its accuracy is too good"
    )
    accepts = ", ".join(
        f"{name} is {allowed_accepts(mismatched, rate):,}"
        for name, rate in FALSE_ACCEPT_RATES.items()
    )
    return f"{threshold}; false accepts allowed of {mismatched:,} mismatched pairs: FAR {accepts}"


@dataclass(frozen=True)
class VerificationResult:
    """What an evaluation found.

    Args:
        metrics: those of the pairs, and `teacher_cosine`, the mean cosine of an embedding to the
            teacher's, where there is one: 1 - half their squared distance.
        pairs: None where the images make none.
        scored: rows of the pairs that were scored; all, unless batches were left out.
        teacher: the teacher's own scores on these pairs, where it knows all their images.
    """

    metrics: dict[str, float]
    pairs: PairScores | None
    scored: np.ndarray
    teacher: dict[str, float] | None


class Verification:
    """Embeddings of images, scored in pairs and against a teacher's.

    Args:
        pairs: rows of the split; None: the split's images have no identity.
    """

    def __init__(self, pairs: Pairs | None):
        self.pairs = pairs
        self.seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def update(self, prediction: dict[str, Tensor], target: Tensor) -> None:
        """Take in a batch; nothing waits for the device.

        Args:
            prediction: `embedding` float[B, D] of unit length, and perhaps `teacher` float[B, D].
            target: image_id int64[B], rows of the split.
        """
        embedding = prediction["embedding"].float()
        teacher = prediction.get("teacher", embedding[:, :0])
        self.seen.append((target, embedding, F.normalize(teacher.float(), dim=1)))

    @property
    def state(self) -> VerificationState:
        """Of all images taken in: image_id int64[n], embedding and teacher float32[n, D or 0]."""
        if not self.seen:
            return np.zeros(0, np.int64), *np.zeros((2, 0, 0), np.float32)
        return tuple(torch.cat(x).cpu().numpy() for x in zip(*self.seen, strict=True))

    def merge(self, states: Sequence[VerificationState]) -> None:
        """Become the sum of all processes' shares."""
        self.seen = [tuple(map(torch.from_numpy, state)) for state in states if len(state[0])]

    def compute(self) -> VerificationResult:
        """Score all pairs of which both images were taken in."""
        images, embedding, teacher = self.state
        order = images.argsort(kind="stable")  # of the processes' making otherwise
        images, embedding, teacher = images[order], embedding[order], teacher[order]
        taught = teacher.shape[1] > 0
        agreement = {"teacher_cosine": float((embedding * teacher).sum(1).mean())} if taught else {}
        if self.pairs is None:
            return VerificationResult(agreement, None, np.zeros(0, np.int64), None)
        rows = np.full(max(self.pairs.first.max(), self.pairs.second.max()) + 1, -1)
        rows[images[images < len(rows)]] = np.flatnonzero(images < len(rows))
        first, second = rows[self.pairs.first], rows[self.pairs.second]
        scored = np.flatnonzero((first >= 0) & (second >= 0))

        def score(of: np.ndarray) -> PairScores:
            apart = np.square(of[first[scored]] - of[second[scored]], dtype=np.float64).sum(1)
            return score_pairs(apart, self.pairs.same[scored], self.pairs.fold[scored])

        pairs = score(embedding)
        teachers = score(teacher).metrics | {"teacher_cosine": 1.0} if taught else None
        return VerificationResult(pairs.metrics | agreement, pairs, scored, teachers)

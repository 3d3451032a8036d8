"""Pairs of faces of one person or of two, in folds that share no people."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from backbone.errors import InputError, number_of
from tasks.data.sampling import times_before
from tasks.faces.face_index import FaceIndex

IMAGES = 20  # most images of a person that are used: they make 190 pairs


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs among N images."""

    first: np.ndarray
    """int64[P], the row of each pair's first image."""
    second: np.ndarray
    """int64[P], the row of its second."""
    same: np.ndarray
    """bool[P], whether both show the same person (a matched pair)."""
    fold: np.ndarray
    """int64[P], 0..F-1."""
    title: str
    """The source of the pairs, in words."""

    def __len__(self) -> int:
        return len(self.same)

    @property
    def folds(self) -> int:
        """F, the number of folds."""
        return int(self.fold.max()) + 1

    def leaks(self, people: np.ndarray) -> int:
        """Number of people in pairs of several folds; `people` int64[N]: who is in each image."""
        rows = np.concatenate([self.first, self.second])
        met = np.unique(np.stack([people[rows], np.tile(self.fold, 2)], 1), axis=0)
        return int((np.unique(met[:, 0], return_counts=True)[1] > 1).sum())


def make_pairs(people: np.ndarray, folds: int, per_fold: int, seed: int) -> Pairs:
    """Draw pairs like LFW's (section III of its report); the same seed gives the same pairs.

    Every person with two images is assigned to one fold. Each fold has as many matched as
    mismatched pairs. No one is in a second matched pair before everyone in the fold is in one.

    Args:
        people: int64[N], who each image shows; images with -1 (unknown) are in no pair.
        folds: number of folds; fewer if there are not two people for each.
        per_fold: matched pairs in each fold; fewer if a fold does not have so many.
        seed: of the run.

    Raises:
        InputError: fewer than four people have two images.
    """
    rng = np.random.default_rng(seed)
    counts = np.bincount(people[people >= 0], minlength=1)
    known = rng.permutation(np.flatnonzero(counts >= 2))
    if len(known) < 4:
        raise InputError(
            f"{number_of(len(known), 'person', 'people')} with two images or more: too few to "
            "make validation pairs; hold out at least four, better a hundred"
        )
    folds = min(folds, len(known) // 2)
    order = rng.permutation(len(people))
    order = order[np.argsort(people[order], kind="stable")]  # by person, in random order
    start = np.searchsorted(people[order], known)
    images = [order[s : s + min(counts[p], IMAGES)] for s, p in zip(start, known, strict=True)]
    drawn = []
    for fold in range(folds):
        own = images[fold::folds]
        drawn.append((_matched(own, per_fold, rng), _mismatched(own, per_fold, rng)))
    count = min(len(pairs) for both in drawn for pairs in both)
    kept = np.concatenate([pairs[:count] for both in drawn for pairs in both])
    return Pairs(
        first=kept[:, 0],
        second=kept[:, 1],
        same=np.tile(np.repeat([True, False], count), folds),
        fold=np.repeat(np.arange(folds), 2 * count),
        title=f"pairs of {number_of(len(known), 'person', 'people')} held out",
    )


def _matched(people: list[np.ndarray], count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `count` pairs int64[n, 2] of one person; everyone gets one before anyone gets two."""
    drawn = []
    for images in people:
        both = np.stack(np.triu_indices(len(images), 1), 1)
        drawn.append(images[rng.permutation(both)])
    pairs = np.concatenate(drawn)
    turns = np.concatenate([np.arange(len(own)) for own in drawn])
    return pairs[np.lexsort((rng.random(len(turns)), turns))[:count]]


def _mismatched(people: list[np.ndarray], count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `count` distinct pairs int64[n, 2] of two people: draws the people, then the images."""
    one = rng.integers(len(people), size=8 * count + 64)
    other = (one + rng.integers(1, len(people), size=len(one))) % len(people)

    def draw(who: np.ndarray) -> np.ndarray:
        sizes = np.array([len(images) for images in people])
        image = (rng.random(len(who)) * sizes[who]).astype(int)
        return np.concatenate(people)[(sizes.cumsum() - sizes)[who] + image]

    pairs = np.sort(np.stack([draw(one), draw(other)], 1), axis=1)
    _, first = np.unique(pairs, axis=0, return_index=True)
    return pairs[np.sort(first)[:count]]


def compact(index: FaceIndex, pairs: Pairs) -> tuple[FaceIndex, Pairs]:
    """The images in the pairs, each once, and the pairs as rows of these images.

    The images are ordered so that the first few already make pairs of all folds and both kinds.
    """
    kind = 2 * pairs.fold + ~pairs.same
    order = np.lexsort((kind, times_before(kind)))
    needed = np.stack([pairs.first, pairs.second], 1)[order].ravel()
    rows, first = np.unique(needed, return_index=True)
    rows = rows[np.argsort(first)]
    number = np.zeros(len(index), np.int64)
    number[rows] = np.arange(len(rows))
    moved = replace(pairs, first=number[pairs.first], second=number[pairs.second])
    return index.take(rows), moved

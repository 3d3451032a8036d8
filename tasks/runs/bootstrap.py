"""Bootstrap intervals: how much a score would vary over other images of the same kind.

Images are drawn from the test set with replacement, and each draw is scored (Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993). The network is not run again: a metric computes its
scores from the number of times that each image counts.

An interval shows how much a score would vary over other test sets of the same size. Scores such as
AP are slightly too high on small sets, since interpolation lifts the rough curve of a few boxes.
Resamples have fewer distinct images and score higher still. So an interval has the spread of the
resamples, but its centre is the measured score, not their median.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tasks.runs.processes import usable_cores

RESAMPLES = 1000
LEVEL = 0.95  # share of the resamples inside an interval
SEED = 20170417  # the same for all runs, so that they draw the same images and can be compared
CHUNK = 1 << 20  # counts that a metric gets at a time; this bounds the memory

Scorer = Callable[[np.ndarray], dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Resampling:
    """Scores as a function of how often each of N units of a test set counts.

    Args:
        about: what is drawn, such as "images" or "pairs".
        units: int64[N], which units these are, as rows of the split or as ids. [N, 2] for pairs.
        truth: what the units were compared with, N rows each. Two models are only compared if units
            and truth are the same.
        prepare: returns the function (counts int32[B, N]) -> name -> float64[B], NaN where a score
            is undefined. It is called once, and only if intervals are wanted.
        resamples: how many are drawn.
    """

    about: str
    units: np.ndarray
    truth: Sequence[np.ndarray]
    prepare: Callable[[], Scorer]
    resamples: int = RESAMPLES

    def __len__(self) -> int:
        return len(self.units)

    def draw(self) -> dict[str, np.ndarray]:
        """name -> float64[1 + resamples]: scores of the test set, then those of the resamples."""
        if not len(self):
            return {}
        scorer = self.prepare()
        with ThreadPoolExecutor(usable_cores()) as pool:
            drawn = list(pool.map(scorer, self.counts()))
        return {name: np.concatenate([part[name] for part in drawn]) for name in drawn[0]}

    def counts(self) -> Iterator[np.ndarray]:
        """Counts int32[B, N] in chunks: for the test set itself, then for all resamples."""
        yield np.ones((1, len(self)), np.int32)
        # RandomState, not Generator: numpy guarantees that its numbers never change
        random = np.random.RandomState(SEED)
        size = max(min(CHUNK // len(self), -(-self.resamples // 16)), 1)
        for start in range(0, self.resamples, size):
            rows = min(size, self.resamples - start)
            counts = np.empty((rows, len(self)), np.int32)
            for row in counts:
                units = random.randint(0, len(self), len(self), dtype=np.int64)
                row[:] = np.bincount(units, minlength=len(self))
            yield counts


def interval(values: np.ndarray, difference: bool = False) -> tuple[float, float] | None:
    """The interval of a score, from float64[1 + B]: the score, and those of the resamples.

    A share stays within 0 and 1, but not the `difference` of two.

    None if the score or most of the resamples are undefined, or if all are equal: a score of 0 or 1
    on few images tells nothing about its spread.
    """
    score, drawn = values[0], values[1:]
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(score) or 2 * len(defined) < max(len(drawn), 1):
        return None
    if np.ptp(defined) == 0 and not difference:
        return None
    tail = 50 * (1 - LEVEL)
    ends = score + np.percentile(defined, [tail, 100 - tail]) - np.median(defined)
    if not difference and defined.min() >= 0 and defined.max() <= 1:
        ends = ends.clip(0, 1)
    return float(ends[0]), float(ends[1])


def digest(arrays: Sequence[np.ndarray]) -> str:
    """16 hex digits of arrays, whatever the machine's byte order and number types."""
    found = hashlib.blake2b(digest_size=8)
    for array in arrays:
        whole = array.dtype.kind in "iub"
        plain = array.astype("<i8" if whole else "<f8") if array.dtype.kind in "iubf" else array
        found.update(str(array.shape).encode())
        found.update(np.ascontiguousarray(plain).tobytes())
    return found.hexdigest()


def shares(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Means float64[B, ...] of values [N, ...] over the resamples counts int32[B, N]."""
    means: np.ndarray = counts.astype(np.float64) @ values.astype(np.float64) / counts.shape[1]
    return means

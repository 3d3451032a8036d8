"""Bootstrap intervals: how far a score would move with other images of the same kind.

The test set is drawn again from its own images, with replacement, and scored each time (Efron and
Tibshirani, "An Introduction to the Bootstrap", 1993). Nothing is evaluated again for that: a metric
says what its scores are where each image counts a given number of times.

An interval says how far a score would move on as many other images. Scores such as AP are a little
too high on small sets, since interpolation lifts the rough curve of a few boxes. Resamples, which
have fewer distinct images, score higher still. So an interval has the resamples' spread, but lies
around the score that was measured, not around their median.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tasks.runs.processes import usable_cores

RESAMPLES = 1000
LEVEL = 0.95  # share of the resamples inside an interval
SEED = 20170417  # of all runs, so that two runs draw the same images and can be compared in pairs
CHUNK = 1 << 20  # counts handed to a metric at a time; they bound the memory

Scorer = Callable[[np.ndarray], dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Resampling:
    """Scores as a function of how often each of N units of a test set counts.

    Args:
        about: what is drawn, such as "images" or "pairs".
        units: int64[N], which images these are: rows of the split, or their ids. Of pairs [N, 2].
        truth: what the units were compared with, N rows each. Two models are only compared where
            units and truth are the same.
        prepare: gives the function (counts int32[B, N]) -> name -> float64[B], NaN where a score
            is undefined. It is called once, and only where intervals are wanted.
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
        """name -> float64[1 + resamples]: the scores, and those of resamples, of all runs alike."""
        if not len(self):
            return {}
        scorer = self.prepare()
        with ThreadPoolExecutor(usable_cores()) as pool:
            drawn = list(pool.map(scorer, self.counts()))
        return {name: np.concatenate([part[name] for part in drawn]) for name in drawn[0]}

    def counts(self) -> Iterator[np.ndarray]:
        """Counts int32[B, N] in chunks: of the test set itself, then of all resamples."""
        yield np.ones((1, len(self)), np.int32)
        # RandomState and not Generator: numpy promises that its numbers stay the same for ever
        random = np.random.RandomState(SEED)
        size = max(min(CHUNK // len(self), -(-self.resamples // 16)), 1)
        for start in range(0, self.resamples, size):
            rows = min(size, self.resamples - start)
            counts = np.empty((rows, len(self)), np.int32)
            for row in counts:
                row[:] = np.bincount(_drawn(random, len(self)), minlength=len(self))
            yield counts


def _drawn(random: np.random.RandomState, units: int) -> np.ndarray:
    """int64[N], the units of one resample."""
    return random.randint(0, units, units, dtype=np.int64)


def interval(values: np.ndarray, difference: bool = False) -> tuple[float, float] | None:
    """The interval of a score, from float64[1 + B]: itself, and on the resamples.

    A share stays within 0 and 1, but not the `difference` of two.

    None where the score or most of the resamples are undefined, or where all scores are equal: one
    of 0 or 1 on few images says nothing of its spread.
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

"""A random share of names held out for validation, stable when names are added or removed."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np


def holdout_mask(names: Sequence[bytes], fraction: float, seed: int) -> np.ndarray:
    """bool[N], True for the names that are held out: at least one, and never all.

    A name's side depends on a hash of the name and the seed, not on its position. One name more or
    less therefore moves at most one other name to the other side.
    """
    key = b"%d" % seed
    order = np.argsort([blake2b(name, digest_size=8, key=key).digest() for name in names])
    held = np.zeros(len(names), bool)
    held[order[: min(max(round(fraction * len(names)), 1), len(names) - 1)]] = True
    return held

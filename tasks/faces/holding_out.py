"""Which of many are held out for validation: by their names, not by their numbers."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np


def held_out(names: Sequence[bytes], fraction: float, seed: int) -> np.ndarray:
    """bool[N]: a share of the names, at least one each way, that looks random.

    One name more or less beside them moves at most one other across.
    """
    key = b"%d" % seed
    order = np.argsort([blake2b(name, digest_size=8, key=key).digest() for name in names])
    held = np.zeros(len(names), bool)
    held[order[: min(max(round(fraction * len(names)), 1), len(names) - 1)]] = True
    return held

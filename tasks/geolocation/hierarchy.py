"""Coarser partitions above a partition: each of their cells is a number of its cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbone.errors import InputError
from tasks.geolocation import s2
from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import directions, unit_vectors


@dataclass(frozen=True, eq=False)
class Level:
    """A partition of the photographs that are in one of C cells, K <= C cells of its own."""

    cells: np.ndarray  # uint64[K] S2 cell ids, rising
    ancestor: np.ndarray  # int64[C]: which of the K each of the C lies in
    centres: np.ndarray  # float64[K,2] latitude and longitude of the mean of the C's mean positions


def hierarchy_levels(partition: Partition, factors: Sequence[float]) -> list[Level]:
    """The partition's own level, and above it one for each factor, coarsest first.

    A coarser level is split like the partition, by the photographs in its cells, with that many
    times its t_max (Müller-Budack et al. 2018 have 5,000, 2,000 and 1,000: factors 5 and 2).

    Raises:
        InputError: factors that do not fall, or not to above 1.
    """
    if any(a <= b for a, b in zip(factors, [*factors[1:], 1.0], strict=False)):
        raise InputError(
            f"data.coarser={list(factors)}: give multiples of t_max, the coarsest partition's "
            "first, each above 1 and below the one before, such as [5,2]"
        )
    own = Level(partition.cells, np.arange(len(partition)), partition.centres)
    return [*(_coarser(partition, factor * partition.t_max) for factor in factors), own]


def _coarser(partition: Partition, t_max: float) -> Level:
    found = partition.cells.copy()
    left = np.arange(len(partition))
    for level in range(partition.levels.max() + 1):
        parents, group = np.unique(s2.parents(partition.cells[left], level), return_inverse=True)
        totals = np.bincount(group, partition.counts[left])
        whole = (totals[group] <= t_max) | (partition.levels[left] == level)
        found[left[whole]] = parents[group[whole]]
        left = left[~whole]
        if not left.size:
            break
    cells, ancestor = np.unique(found, return_inverse=True)
    sums = np.zeros((len(cells), 3))
    vectors = unit_vectors(*partition.centres.T) * partition.counts[:, None]
    np.add.at(sums, ancestor, vectors)
    return Level(cells, ancestor, directions(sums))

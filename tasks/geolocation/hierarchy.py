"""Coarser partitions above a partition: each of their cells is the union of some of its cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbone.errors import InputError
from tasks.geolocation import s2
from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import directions, unit_vectors


@dataclass(frozen=True, eq=False)
class Level:
    """K <= C cells that together cover the C cells of a partition."""

    cells: np.ndarray  # uint64[K] S2 cell ids, ascending
    ancestor: np.ndarray  # int64[C]: which of the K cells contains each of the C
    centres: np.ndarray  # float64[K, 2] mean of the C cells' mean positions, in degrees


def hierarchy_levels(partition: Partition, factors: Sequence[float]) -> list[Level]:
    """One level for each factor, coarsest first, and the partition's own level last.

    A coarser level is split like the partition, by the photographs in its cells, with the factor
    times its t_max. Müller-Budack et al. 2018 use 5,000, 2,000 and 1,000: factors 5 and 2.

    Raises:
        InputError: the factors are not descending, not all above 1, or too many.
    """
    if len(factors) > s2.LEAF:
        raise InputError(f"data.coarser has {len(factors):,} factors, but {s2.LEAF} are the most")
    if any(a <= b for a, b in zip(factors, [*factors[1:], 1.0], strict=False)):
        raise InputError(
            f"data.coarser={list(factors)}: give multiples of t_max in descending order, all above "
            "1, such as [5,2]"
        )
    own = Level(partition.cells, np.arange(len(partition)), partition.centres)
    return [*(_coarser(partition, factor * partition.t_max) for factor in factors), own]


def _coarser(partition: Partition, t_max: float) -> Level:
    holders = partition.cells.copy()
    pending = np.arange(len(partition))  # cells whose containing cell is split further
    for level in range(partition.levels.max() + 1):
        parents, group = np.unique(s2.parents(partition.cells[pending], level), return_inverse=True)
        totals = np.bincount(group, partition.counts[pending])
        unsplit = (totals[group] <= t_max) | (partition.levels[pending] == level)
        holders[pending[unsplit]] = parents[group[unsplit]]
        pending = pending[~unsplit]
        if not pending.size:
            break
    cells, ancestor = np.unique(holders, return_inverse=True)
    sums = np.zeros((len(cells), 3))
    vectors = unit_vectors(*partition.centres.T) * partition.counts[:, None]
    np.add.at(sums, ancestor, vectors)
    return Level(cells, ancestor, directions(sums))

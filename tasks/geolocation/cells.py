"""Part the sphere into cells that hold about equally many photographs.

    python -m tasks.geolocation.cells COORDINATES.csv --t-max N --t-min N --output FILE

The adaptive partition of Weyand, Kostrikov and Philbin, "PlaNet" (arXiv 1602.05314): begin with
the six faces of S2's cube, split every cell that holds more than `t_max` photographs into its four
quarters, and leave out the cells with fewer than `t_min`. PlaNet used 10,000 and 50 and got 26,263
cells.

How deep the splitting may go decides what a network trained on the cells can tell about a person
from a photograph. Finding the street that a picture was taken in serves a stalker better than
anyone else, so that the authors of a well-known open system withdrew it. The limit is level 8
unless another is stated: cells of about 36 km, which tell the town and not the street. Nothing
finer than level 13 (about 1 km, the least radius that the literature scores) is made. A cell
answers with its photographs' mean position: a `t_min` of a few lets one person's decide it.
"""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from backbone.errors import InputError
from tasks.geolocation import s2
from tasks.geolocation.coordinates import Coordinates, read_coordinates
from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import directions, unit_vectors

DEFAULT_LEVEL, FINEST_LEVEL = 8, 13
# Unit vectors are summed as whole numbers of this fraction (1.5 mm): a sum that does not depend on
# the order. 63 bits hold two thousand million of them.
FRACTION = 2.0**-32
DECIMALS = 6  # of a mean position in degrees, a tenth of a metre


class Counts:
    """Photographs counted in the cells of one level: all that splitting needs to know.

    Memory grows with the cells that hold a photograph, not with the photographs.

    Args:
        level: of the cells; the level limit.
    """

    def __init__(self, level: int):
        self.level = level
        self.cells = np.zeros(0, np.uint64)  # rising
        self.counts = np.zeros(0, np.int64)
        self.sums = np.zeros((0, 3), np.int64)  # of unit vectors, in fractions

    def add(self, coordinates: Coordinates) -> None:
        """Count some photographs."""
        latitude, longitude = coordinates.latitude, coordinates.longitude
        cells = s2.cell_ids(latitude, longitude, self.level)
        vectors = np.rint(unit_vectors(latitude, longitude) / FRACTION).astype(np.int64)
        self.cells, starts, order = _groups(np.concatenate([self.cells, cells]))
        counts = np.concatenate([self.counts, np.ones(len(cells), np.int64)])
        self.counts = np.add.reduceat(counts[order], starts)
        self.sums = np.add.reduceat(np.concatenate([self.sums, vectors])[order], starts)


def build_partition(
    coordinates: Iterable[Coordinates], t_max: int, t_min: int, max_level: int = DEFAULT_LEVEL
) -> Partition:
    """Part the sphere by photographs; the same ones in any order and chunks give the same cells.

    Args:
        coordinates: of the photographs, in chunks.
        t_max: photographs above which a cell is split.
        t_min: photographs below which a cell is left out.
        max_level: a cell of this S2 level is not split, however many photographs it holds.

    Raises:
        InputError: thresholds or a level that make no sense; every cell left out.
    """
    _check_thresholds(t_max, t_min)
    return split_cells(count_cells(coordinates, max_level), t_max, t_min)


def count_cells(coordinates: Iterable[Coordinates], max_level: int = DEFAULT_LEVEL) -> Counts:
    """Count photographs in the cells of the level limit, for `split_cells`.

    Raises:
        InputError: a level that makes no sense; no coordinates.
    """
    if not 0 <= max_level <= FINEST_LEVEL:
        raise InputError(
            f"the level limit must lie from 0 to {FINEST_LEVEL}, got {max_level}: finer cells "
            "would tell where people live, and no benchmark asks for them"
        )
    finest = Counts(max_level)
    for chunk in coordinates:
        finest.add(chunk)
    if not finest.cells.size:
        raise InputError("no coordinates to part the sphere by")
    return finest


def split_cells(finest: Counts, t_max: int, t_min: int) -> Partition:
    """`build_partition` from photographs counted before; thresholds may depend on their number."""
    _check_thresholds(t_max, t_min)
    cells, counts, sums = _split(finest, t_max)
    kept = counts >= t_min
    if not kept.any():
        raise InputError(
            f"no cell holds t_min = {t_min} photographs; of {counts.sum():,} photographs the "
            f"fullest cell holds {counts.max(initial=0):,}: lower t_min, or raise t_max"
        )
    return Partition(
        t_max=t_max,
        t_min=t_min,
        max_level=finest.level,
        photographs=int(counts.sum()),
        dropped_cells=int((~kept).sum()),
        dropped_photographs=int(counts[~kept].sum()),
        cells=cells[kept],
        counts=counts[kept],
        centres=directions(sums[kept]).round(DECIMALS),
    )


def _check_thresholds(t_max: int, t_min: int) -> None:
    if not 1 <= t_min <= t_max:
        raise InputError(f"t_min and t_max must be 1 <= t_min <= t_max, got {t_min} and {t_max}")


def _split(finest: Counts, t_max: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The unsplit cells that hold photographs, in the order of ids: ids, counts, sums.

    A level at a time from the faces down. The finest cells' ids are sorted, so those inside any
    cell stand side by side.
    """
    cells, counts, sums = finest.cells, finest.counts, finest.sums
    found = []
    for level in range(finest.level + 1):
        if not cells.size:
            break
        parents, starts, _ = _groups(s2.parents(cells, level))
        totals = np.add.reduceat(counts, starts)
        whole = (totals <= t_max) | (level == finest.level)
        found.append((parents[whole], totals[whole], np.add.reduceat(sums, starts)[whole]))
        inside = np.repeat(~whole, np.diff(starts, append=len(cells)))
        cells, counts, sums = cells[inside], counts[inside], sums[inside]
    ids, totals, sums = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = ids.argsort()
    return ids[order], totals[order], sums[order]


def _groups(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct ids, rising; where each one's group starts in the sorted ids; the sorting order."""
    order = ids.argsort(kind="stable")
    ranked = ids[order]
    starts = np.flatnonzero(np.diff(ranked, prepend=~ranked[:1]))
    return ranked[starts], starts, order


def partition_summary(partition: Partition) -> str:
    """A few lines on what became of the photographs."""
    levels = partition.levels
    histogram = np.bincount(levels)
    over = int((partition.counts > partition.t_max).sum())
    smallest = min(map(s2.area_km2, partition.cells[levels == levels.max()]))
    share = partition.dropped_photographs / partition.photographs
    rows = [
        ("photographs", f"{partition.photographs:,}"),
        ("cells", f"{len(partition):,}, the smallest of {smallest:,.0f} km2"),
        (
            "dropped",
            f"{partition.dropped_cells:,} cells with {partition.dropped_photographs:,} "
            f"photographs ({share:.2%})",
        ),
        ("over t_max", f"{over:,} cells at the level limit, {partition.max_level}"),
        *((f"level {k}", f"{n:,}") for k, n in enumerate(histogram) if n),
        ("hash", partition.hash),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in rows)


def main() -> None:
    """The command line; exit code 2 for anything the user can mend."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.geolocation.cells",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("coordinates", type=Path, help="CSV with a latitude and a longitude column")
    parser.add_argument("--t-max", type=int, required=True, help="split a cell with more")
    parser.add_argument("--t-min", type=int, required=True, help="leave out a cell with fewer")
    parser.add_argument(
        "--max-level",
        type=int,
        default=DEFAULT_LEVEL,
        help=f"of the finest cells, at most {FINEST_LEVEL}; default %(default)s",
    )
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    given = parser.parse_args()
    try:
        start = time.perf_counter()
        chunks = read_coordinates(given.coordinates)
        partition = build_partition(chunks, given.t_max, given.t_min, given.max_level)
        partition.save(given.output)
        seconds = time.perf_counter() - start
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{partition_summary(partition)}\n{'seconds':<12} {seconds:.2f}")
    from tasks.geolocation.world_map import draw_counts

    picture = given.output.with_suffix(".png")
    draw_counts(partition, picture)
    print(f"{given.output}\n{picture}")


if __name__ == "__main__":
    main()

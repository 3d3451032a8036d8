"""Partition the sphere into cells that contain about equally many photographs.

    python -m tasks.geolocation.cells COORDINATES.csv --t-max N --t-min N --output FILE

The map of the partition is written beside FILE, with the suffix .png.

This is the adaptive partition of Weyand, Kostrikov and Philbin, "PlaNet" (arXiv 1602.05314). It
starts with the six faces of S2's cube, splits every cell that contains more than `t_max`
photographs into its four quarters, and drops cells with fewer than `t_min`. PlaNet used 10,000 and
50 and got 26,263 cells.

The depth of the splitting decides what a network trained on the cells can find out about a person
from a photograph. Finding the street where a picture was taken serves stalkers more than anyone
else; the authors of a well-known open system withdrew it for that reason. The default limit is
level 8: cells about 36 km wide, which show the town but not the street. The finest level allowed is
13 (about 1 km, the smallest radius that the literature scores). A cell's answer is the mean
position of its photographs, so with a `t_min` of only a few, one person's photographs may decide
it.
"""

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from backbone.errors import InputError, number_of
from tasks.cli.arguments import command_parser, mistakes_exit
from tasks.geolocation import s2
from tasks.geolocation.coordinates import Coordinates, read_coordinates
from tasks.geolocation.partition import Partition
from tasks.geolocation.sphere import directions, unit_vectors

DEFAULT_LEVEL, FINEST_LEVEL = 8, 13
# Unit vectors are summed as integers in units of this fraction (1.5 mm), so that the sum does not
# depend on the order. 63 bits hold the sum of two thousand million of them.
FRACTION = 2.0**-32
DECIMALS = 6  # of a mean position in degrees: a tenth of a metre


class Counts:
    """The number of photographs in each cell of one level, which is all that splitting needs.

    Memory grows with the number of cells that contain photographs, not with the photographs.

    Args:
        level: of the cells; the level limit of the partition.
    """

    def __init__(self, level: int):
        self.level = level
        self.cells = np.zeros(0, np.uint64)  # ascending
        self.counts = np.zeros(0, np.int64)
        self.sums = np.zeros((0, 3), np.int64)  # of unit vectors, in units of FRACTION

    def add(self, coordinates: Coordinates) -> None:
        """Count the photographs of one chunk."""
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
    """Partition the sphere by photographs. Their order and chunks do not matter.

    Args:
        coordinates: of the photographs, in chunks.
        t_max: a cell with more photographs is split.
        t_min: a cell with fewer photographs is dropped.
        max_level: cells of this S2 level are not split, however many photographs they contain.

    Raises:
        InputError: thresholds or the level are out of range, or no cell has enough photographs.
    """
    _check_thresholds(t_max, t_min)
    return split_cells(count_cells(coordinates, max_level), t_max, t_min)


def count_cells(coordinates: Iterable[Coordinates], max_level: int = DEFAULT_LEVEL) -> Counts:
    """Count photographs in the cells of the level limit, for `split_cells`.

    Raises:
        InputError: the level is out of range, or there are no coordinates.
    """
    if not 0 <= max_level <= FINEST_LEVEL:
        raise InputError(
            f"the level limit must be from 0 to {FINEST_LEVEL}, not {max_level}: finer cells "
            "would show where people live, and no benchmark needs them"
        )
    finest = Counts(max_level)
    for chunk in coordinates:
        finest.add(chunk)
    if not finest.cells.size:
        raise InputError("no coordinates to build a partition from")
    return finest


def split_cells(finest: Counts, t_max: int, t_min: int) -> Partition:
    """Do what `build_partition` does, from photographs that `count_cells` has counted.

    In this way the thresholds may depend on the number of photographs.
    """
    _check_thresholds(t_max, t_min)
    cells, counts, sums = _split(finest, t_max)
    kept = counts >= t_min
    if not kept.any():
        raise InputError(
            f"no cell contains t_min = {t_min} photographs; the fullest contains "
            f"{counts.max(initial=0):,} of {counts.sum():,}: lower t_min, or raise t_max"
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
        raise InputError(f"t_min and t_max must be 1 <= t_min <= t_max, not {t_min} and {t_max}")


def _split(finest: Counts, t_max: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The cells with photographs that are not split: ids (ascending), counts, sums.

    It goes from the faces down, one level at a time. The finest cells are sorted by id, so those
    inside any one cell are adjacent.
    """
    cells, counts, sums = finest.cells, finest.counts, finest.sums
    unsplit = []
    for level in range(finest.level + 1):
        if not cells.size:
            break
        parents, starts, _ = _groups(s2.parents(cells, level))
        totals = np.add.reduceat(counts, starts)
        whole = (totals <= t_max) | (level == finest.level)
        unsplit.append((parents[whole], totals[whole], np.add.reduceat(sums, starts)[whole]))
        inside = np.repeat(~whole, np.diff(starts, append=len(cells)))
        cells, counts, sums = cells[inside], counts[inside], sums[inside]
    ids, totals, sums = (np.concatenate(parts) for parts in zip(*unsplit, strict=True))
    order = ids.argsort()
    return ids[order], totals[order], sums[order]


def _groups(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct ids, ascending; where the run of each starts once sorted; the sort order."""
    order = ids.argsort(kind="stable")
    ordered = ids[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))
    return ordered[starts], starts, order


def partition_summary(partition: Partition) -> str:
    """A few lines on the cells and the photographs in them."""
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
            f"{number_of(partition.dropped_cells, 'cell')} with "
            f"{number_of(partition.dropped_photographs, 'photograph')} ({share:.2%})",
        ),
        ("over t_max", f"{number_of(over, 'cell')} at the level limit, {partition.max_level}"),
        *((f"level {k}", f"{n:,}") for k, n in enumerate(histogram) if n),
        ("hash", partition.hash),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in rows)


def main() -> None:
    """Run the command line; exit with 2 for anything that the user can correct."""
    parser = command_parser("tasks.geolocation.cells", __doc__)
    parser.add_argument("coordinates", type=Path, help="CSV with a latitude and a longitude column")
    parser.add_argument(
        "--t-max", type=int, required=True, help="split cells with more photographs"
    )
    parser.add_argument("--t-min", type=int, required=True, help="drop cells with fewer")
    parser.add_argument(
        "--max-level",
        type=int,
        default=DEFAULT_LEVEL,
        help=f"S2 level of the finest cells, at most {FINEST_LEVEL}; default %(default)s",
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="file to write; its map gets the suffix .png"
    )
    given = parser.parse_args()
    with mistakes_exit():
        try:
            _make(given.coordinates, given.t_max, given.t_min, given.max_level, given.output)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise InputError(f"{error.filename or given.output}: {error.strerror}") from error


def _make(coordinates: Path, t_max: int, t_min: int, max_level: int, output: Path) -> None:
    """Write the partition and its map, and print the summary."""
    picture = map_path(coordinates, output)
    start = time.perf_counter()
    partition = build_partition(read_coordinates(coordinates), t_max, t_min, max_level)
    partition.save(output)
    seconds = time.perf_counter() - start
    print(f"{partition_summary(partition)}\n{'seconds':<12} {seconds:.2f}\n{output}")
    from tasks.geolocation.world_map import draw_counts

    draw_counts(partition, picture)
    print(picture)


def map_path(coordinates: Path, output: Path) -> Path:
    """The path of the map of the partition in `output`.

    Raises:
        InputError: it would replace the partition or the coordinates, or the partition would
            replace the coordinates.
    """
    if output.suffix.lower() == ".png":
        raise InputError(
            f"--output {output}: the map of the partition gets this name; give the partition "
            f"another name, such as {output.with_suffix('.safetensors')}"
        )
    if output.is_dir() or not output.name:
        raise InputError(f"--output {output} is a folder: give the name of a file")
    picture = output.with_suffix(".png")
    for path in (output, picture):
        if path.exists() and coordinates.exists() and path.samefile(coordinates):
            raise InputError(
                f"--output {output} would replace {coordinates}, which holds the coordinates: give "
                "another name"
            )
    return picture


if __name__ == "__main__":
    main()

"""The partition of a run: from a file, from a checkpoint, or built from the run's photographs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from backbone.files import keep
from tasks.geolocation.cells import count_cells, split_cells
from tasks.geolocation.coordinates import Coordinates
from tasks.geolocation.partition import PARTITION, Partition

SHARE = 40  # by default a cell may contain one fortieth of the photographs
PLANET_T_MAX, PLANET_RATIO = 10_000, 200  # PlaNet's thresholds are 10,000 and 50
# a cell's answer is the mean position of its photographs, which should not all be one person's
LEAST_T_MIN = 5
LEAST_RATIO = 10  # of t_max to t_min; with a smaller one, many split cells are dropped


@dataclass(frozen=True)
class Partitioning:
    """The source of the partition.

    Args:
        path: a file written by `python -m tasks.geolocation.cells`, or a checkpoint (.ckpt) of this
            task; None: build a partition from the training photographs.
        t_max: of a partition that is built; None: a fortieth of the photographs, at most PlaNet's
            10,000 and at least ten times t_min.
        t_min: likewise; None: a two-hundredth of t_max as in PlaNet, at least 5.
        max_level: the finest S2 level, see `cells`.
    """

    path: str | None
    t_max: int | None
    t_min: int | None
    max_level: int

    def partition(self, photographs: Iterator[Coordinates] | None, cache: Path) -> Partition:
        """Read or build the partition; one that is built is saved in `cache` under its hash.

        Args:
            photographs: coordinates of the training photographs, read only to build a partition.
            cache: a folder, made when absent.

        Raises:
            InputError: there is no partition in the file, no photographs to build one from, or
                thresholds are out of range.
        """
        if self.path is not None:
            return self._load(Path(self.path))
        if photographs is None:
            raise InputError(
                "there are no training photographs to build a partition from: name the checkpoint "
                "that is evaluated, or a file of cells, with data.partition="
            )
        finest = count_cells(photographs, self.max_level)
        t_max, t_min = self.thresholds(int(finest.counts.sum()))
        partition = split_cells(finest, t_max, t_min)
        path = cache / "partitions" / f"{partition.hash[:16]}.safetensors"
        kept = _holds(path, partition) or keep(path, partition.save)
        where = str(path) if kept else "not kept as a file; the checkpoint contains it"
        print(f"partition: built with t_max={t_max:,}, t_min={t_min:,}: {where}")
        return partition

    def thresholds(self, photographs: int) -> tuple[int, int]:
        """t_max and t_min for this number of photographs."""
        t_max, t_min = self.t_max, self.t_min
        if t_max is None:
            least = LEAST_T_MIN if t_min is None else t_min
            t_max = max(min(photographs // SHARE, PLANET_T_MAX), LEAST_RATIO * least)
        if t_min is None:
            t_min = min(max(t_max // PLANET_RATIO, LEAST_T_MIN), t_max)
        return t_max, t_min

    def _load(self, path: Path) -> Partition:
        if path.suffix != ".ckpt":
            partition = Partition.load(path)
        else:
            from tasks.training.checkpoints import read_checkpoint

            values = read_checkpoint(path).labels.details.get(PARTITION)
            if values is None:
                raise InputError(f"{path}: a checkpoint of another task, without a partition")
            try:
                partition = Partition.from_dict(values)
            except InputError as error:
                raise InputError(f"{path}: {error}: take another file") from error
        print(f"partition: {path}")
        return partition


def _holds(path: Path, partition: Partition) -> bool:
    """Whether a file contains this partition, undamaged."""
    try:
        return Partition.load(path).hash == partition.hash
    except InputError:
        return False

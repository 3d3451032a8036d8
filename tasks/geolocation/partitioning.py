"""Which partition a run is about: a file's, a checkpoint's, or one built from its photographs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import InputError
from tasks.geolocation.cells import count_cells, split_cells
from tasks.geolocation.coordinates import Coordinates
from tasks.geolocation.partition import PARTITION, Partition

SHARE = 40  # of the photographs, a cell may hold one fortieth if nobody says how many
PLANET_T_MAX, PLANET_RATIO = 10_000, 200  # PlaNet's 10,000 and 50
LEAST_T_MIN = 5  # a cell answers with its photographs' mean position: not with one person's
LEAST_RATIO = 10  # of t_max to t_min; with less, splitting drops much of what it splits


@dataclass(frozen=True)
class Partitioning:
    """Where the partition comes from.

    Args:
        path: a file of `python -m tasks.geolocation.cells`, or a checkpoint (.ckpt) of this task,
            whose partition it then is; None to build one from the training photographs.
        t_max: of one that is built; None: a fortieth of the photographs, at most PlaNet's 10,000,
            at least ten times t_min.
        t_min: None: a two-hundredth of t_max as in PlaNet, at least 5.
        max_level: the finest S2 level, see `cells`.
    """

    path: str | None
    t_max: int | None
    t_min: int | None
    max_level: int

    def partition(self, photographs: Iterator[Coordinates] | None, cache: Path) -> Partition:
        """The partition; one that is built is saved in `cache` under its hash.

        Args:
            photographs: coordinates of the training photographs; read if one is built.

        Raises:
            InputError: no partition in the file, no photographs to build one from, or thresholds
                that make no sense.
        """
        if self.path is not None:
            return self._load(Path(self.path))
        if photographs is None:
            raise InputError(
                "there are no training photographs to part the sphere by: name the checkpoint "
                "that is evaluated, or a file of cells, with data.partition="
            )
        finest = count_cells(photographs, self.max_level)
        t_max, t_min = self.thresholds(int(finest.counts.sum()))
        partition = split_cells(finest, t_max, t_min)
        path = cache / "partitions" / f"{partition.hash[:16]}.safetensors"
        if not path.exists():
            partition.save(path)
        print(f"partition: built with t_max={t_max:,}, t_min={t_min:,}: {path}")
        return partition

    def thresholds(self, photographs: int) -> tuple[int, int]:
        """t_max and t_min for so many photographs."""
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
            partition = Partition.from_dict(values)
        print(f"partition: {path}")
        return partition

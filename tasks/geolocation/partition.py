"""A partition of the sphere into cells: a position's cell, and the position of a cell's answer.

It is stored as one file, or as plain values in a checkpoint.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from backbone.errors import InputError
from backbone.files import write_atomically
from tasks.geolocation import s2
from tasks.geolocation.coordinates import out_of_range

PARTITION = "partition"  # the key in the details of Labels, and so in checkpoints

# errors that reading a damaged file raises
DAMAGE = (SafetensorError, OSError, TypeError, ValueError, KeyError, OverflowError, RecursionError)
ARRAYS = {"cells": np.uint64, "counts": np.int64, "centres": np.float64}


@dataclass(frozen=True, eq=False)
class Partition:
    """Disjoint S2 cells, as made by `cells.build_partition`. Positions outside all are dropped.

    Cell i is output i of a network. Cells are in the order of their ids, which follow a curve, so
    cells with similar numbers are near each other.
    """

    t_max: int  # cells with more photographs were split, unless at the level limit
    t_min: int  # cells with fewer were dropped
    max_level: int  # the level limit
    photographs: int  # all that were counted
    dropped_cells: int  # with at least one photograph
    dropped_photographs: int
    cells: np.ndarray  # uint64[C] S2 cell ids, ascending
    counts: np.ndarray  # int64[C] photographs
    centres: np.ndarray  # float64[C, 2] mean position of the photographs, latitude and longitude

    def __post_init__(self) -> None:
        for name, dtype in ARRAYS.items():
            value = np.array(getattr(self, name), dtype)
            value.setflags(write=False)  # the hash is computed once
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of every field, 64 hex digits."""
        digest = hashlib.sha256(self._numbers().encode())
        for name, dtype in ARRAYS.items():
            digest.update(getattr(self, name).astype(np.dtype(dtype).newbyteorder("<")).tobytes())
        return digest.hexdigest()

    @cached_property
    def levels(self) -> np.ndarray:
        """int64[C]: the S2 level of each cell, 0 for a face of the cube."""
        return s2.cell_levels(self.cells)

    @cached_property
    def _ranges(self) -> tuple[np.ndarray, np.ndarray]:
        return s2.ranges(self.cells)

    def cell_of(self, latitude: ArrayLike, longitude: ArrayLike) -> np.ndarray:
        """The cell of each position.

        Args:
            latitude, longitude: float[N] degrees within ±90 and ±180.

        Returns:
            int64[N], 0 to C-1, or -1 for a position outside all cells.

        Raises:
            InputError: a position is not finite or out of range.
        """
        north, east = (np.asarray(x, np.float64).ravel() for x in (latitude, longitude))
        wrong = np.flatnonzero(out_of_range(north, east))
        if wrong.size:
            at = wrong[0]
            raise InputError(
                f"position {at}, latitude {north[at]} and longitude {east[at]}, is not on Earth: "
                "degrees must lie within ±90 and ±180"
            )
        # no cell of the partition is deeper than max_level
        return self.locate(s2.cell_ids(north, east, self.max_level))

    def locate(self, ids: np.ndarray) -> np.ndarray:
        """The cell that contains each of the S2 cells `ids`: int64[N], -1 if none does.

        `coarse.locate(fine.cells)` finds the cells of one partition inside those of another.
        """
        first, last = self._ranges
        index = first.searchsorted(ids, side="right") - 1
        return np.where((index >= 0) & (ids <= last[index]), index, -1)

    def polygon(self, index: int) -> np.ndarray:
        """float64[4, 2]: latitude and longitude of a cell's corners, joined by great circles."""
        return s2.corners(self.cells[index])

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists of numbers, for a checkpoint."""
        values = asdict(self)
        return values | {name: values[name].tolist() for name in ARRAYS}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Partition":
        """Do the inverse of `to_dict`.

        Raises:
            InputError: the values are not those of a partition.
        """
        try:
            partition = cls(**values)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"the values of the partition are damaged ({error})") from error
        partition.check()
        return partition

    def check(self) -> None:
        """Raise InputError unless numbers and arrays are in range and fit together."""
        first, last = self._ranges
        numbers = [getattr(self, f.name) for f in fields(self) if f.name not in ARRAYS]
        sound = (
            all(isinstance(number, int | float) and 0 <= number < 2**63 for number in numbers)
            and type(self.max_level) is int
            and self.cells.ndim == self.counts.ndim == 1
            and 0 < len(self.cells) == len(self.counts)
            and self.centres.shape == (len(self.cells), 2)
            and not out_of_range(*self.centres.T).any()
            and bool((self.counts > 0).all())
            and bool(s2.are_cells(self.cells).all())
            and bool((last[:-1] < first[1:]).all())
            and self.levels.max() <= self.max_level <= s2.LEAF
        )
        if not sound:
            raise InputError("the values of the partition are damaged: they do not fit together")

    def save(self, path: str | Path) -> None:
        """Write the partition to one file, atomically. Equal partitions give equal bytes."""
        # one metadata entry: the format writes several in no fixed order
        text = json.dumps({"hash": self.hash, "numbers": json.loads(self._numbers())})
        arrays = {name: getattr(self, name) for name in ARRAYS}
        with write_atomically(Path(path)) as partial:
            partial.write_bytes(save(arrays, {"partition": text}))

    @classmethod
    def load(cls, path: str | Path) -> "Partition":
        """Read a file written by `save`.

        Raises:
            InputError: the file does not exist, contains no partition, or does not match its hash.
        """
        remake = "make it again with python -m tasks.geolocation.cells"
        if not Path(path).is_file():
            raise InputError(f"{path}: there is no such file; {remake}")
        try:
            with safe_open(path, "numpy") as file:
                text = (file.metadata() or {}).get("partition")
                arrays = {name: file.get_tensor(name) for name in ARRAYS if text}
            if text is None:
                raise InputError("a safetensors file, but not of a partition")
            stored = json.loads(text)
            partition, written = cls(**stored["numbers"], **arrays), str(stored["hash"])
        except DAMAGE as error:
            raise InputError(f"{path}: not a partition file: {error}; {remake}") from error
        if partition.hash != written:
            raise InputError(
                f"{path}: its content has the hash {partition.hash[:12]}, but it was written with "
                f"{written[:12]}, so the file has been changed; {remake}"
            )
        try:
            partition.check()
        except InputError as error:
            raise InputError(f"{path}: {error}; {remake}") from error
        return partition

    def _numbers(self) -> str:
        names = [field.name for field in fields(self) if field.name not in ARRAYS]
        return json.dumps({name: getattr(self, name) for name in names})

"""A partition of the sphere into cells: which cell a position is in, and where each cell's answer
lies. One file, or plain values in a checkpoint."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from backbone.errors import InputError
from backbone.files import write_atomically
from tasks.geolocation import s2
from tasks.geolocation.coordinates import out_of_range

PARTITION = "partition"  # where labels and checkpoints keep one

ARRAYS = {"cells": np.uint64, "counts": np.int64, "centres": np.float64}


@dataclass(frozen=True, eq=False)
class Partition:
    """Disjoint S2 cells; what lies in none of them is dropped. `cells.build_partition` makes one.

    Cell i, a network's output i, is the i-th in the order of ids, which runs along a curve:
    cells of near numbers are near each other.
    """

    t_max: int  # a cell with more photographs was split, unless at the level limit
    t_min: int  # a cell with fewer was dropped
    max_level: int  # the level limit
    photographs: int  # all that were counted
    dropped_cells: int  # with at least one photograph
    dropped_photographs: int
    cells: np.ndarray  # uint64[C] S2 cell ids, rising
    counts: np.ndarray  # int64[C] photographs
    centres: np.ndarray  # float64[C,2] latitude and longitude of the photographs' mean position

    def __post_init__(self):
        for name, dtype in ARRAYS.items():
            value = np.array(getattr(self, name), dtype)
            value.setflags(write=False)  # the hash stands for them
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
        """int64[C]: the S2 level of each cell; at level 0 six cover the Earth, each has 4 below."""
        return s2.cell_levels(self.cells)

    @cached_property
    def _ranges(self) -> tuple[np.ndarray, np.ndarray]:
        return s2.ranges(self.cells)

    def cell_of(self, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
        """The cell that each position lies in.

        Args:
            latitude, longitude: float[N] degrees within ±90 and ±180.

        Returns:
            int64[N], 0 to C-1, or -1 for a position in no cell.

        Raises:
            InputError: a position that is not finite or out of range.
        """
        latitude, longitude = (np.asarray(x, np.float64).ravel() for x in (latitude, longitude))
        wrong = np.flatnonzero(out_of_range(latitude, longitude))
        if wrong.size:
            at = wrong[0]
            raise InputError(
                f"position {at}, latitude {latitude[at]} and longitude {longitude[at]}, is no "
                "place: degrees must lie within ±90 and ±180"
            )
        # no cell is deeper, so none parts the positions inside a cell of that level
        return self.locate(s2.cell_ids(latitude, longitude, self.max_level))

    def locate(self, ids: np.ndarray) -> np.ndarray:
        """The cell that holds each S2 cell: int64[N], -1 where none does.

        `coarse.locate(fine.cells)` places the cells of one partition inside another's.
        """
        first, last = self._ranges
        index = first.searchsorted(ids, side="right") - 1
        return np.where((index >= 0) & (ids <= last[index]), index, -1)

    def polygon(self, index: int) -> np.ndarray:
        """float64[4,2]: latitude and longitude of a cell's corners, joined by great circles."""
        return s2.corners(self.cells[index])

    def to_dict(self) -> dict[str, Any]:
        """Numbers and lists of them, for a checkpoint."""
        values = asdict(self)
        return values | {name: values[name].tolist() for name in ARRAYS}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Partition":
        """The inverse of `to_dict`."""
        return cls(**values)

    def save(self, path: str | Path) -> None:
        """Write the partition to one file, whole or not at all; equal ones give equal bytes."""
        # one entry: the format writes several in no fixed order
        text = json.dumps({"hash": self.hash, "numbers": json.loads(self._numbers())})
        arrays = {name: getattr(self, name) for name in ARRAYS}
        with write_atomically(Path(path)) as partial:
            partial.write_bytes(save(arrays, {"partition": text}))

    @classmethod
    def load(cls, path: str | Path) -> "Partition":
        """Read what `save` wrote.

        Raises:
            InputError: no such file, no partition in it, or its content is not what was hashed.
        """
        remake = "make it again with python -m tasks.geolocation.cells"
        if not Path(path).is_file():
            raise InputError(f"{path}: there is no such file; {remake}")
        try:
            with safe_open(path, "numpy") as file:
                text = (file.metadata() or {}).get("partition")
                arrays = {name: file.get_tensor(name) for name in ARRAYS if text}
        except SafetensorError as error:
            raise InputError(f"{path}: not a partition file ({error}); {remake}") from error
        if text is None:
            raise InputError(f"{path}: a safetensors file, but not of a partition; {remake}")
        stored = json.loads(text)
        partition = cls(**stored["numbers"], **arrays)
        if partition.hash != stored["hash"]:
            raise InputError(
                f"{path}: its content has the hash {partition.hash[:12]}, but it was written with "
                f"{stored['hash'][:12]}, so the file was changed since; {remake}"
            )
        return partition

    def _numbers(self) -> str:
        names = [field.name for field in fields(self) if field.name not in ARRAYS]
        return json.dumps({name: getattr(self, name) for name in names})

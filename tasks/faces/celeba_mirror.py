"""A mirror of CelebA: parquet files with the images, their attributes and the people's numbers.

As on the Hugging Face hub: flwrlabs/celeba, tpremoli/CelebA-attrs, eurecom-ds/celeba.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly

IDENTITY_COLUMNS = ("celeb_id", "identity")
# CelebA's own order, for mirrors that have 40 values without names
# fmt: off
NAMES = [
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs",
    "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows",
    "Chubby", "Double_Chin", "Eyeglasses", "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones",
    "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes", "No_Beard", "Oval_Face", "Pale_Skin",
    "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns", "Smiling", "Straight_Hair",
    "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace",
    "Wearing_Necktie", "Young",
]
# fmt: on
SHARD = re.compile(r"(train|valid|validation|val|test)-(\d+)-of-(\d+)[^.]*\.parquet")
PARTS = {"train": 0, "valid": 1, "validation": 1, "val": 1, "test": 2}
ROWS = 256  # read at a time


def parquet_files(folder: Path) -> list[Path]:
    """The parquet files in a folder and one folder down, sorted."""
    return sorted(p for depth in ("*", "*/*") for p in folder.glob(f"{depth}.parquet"))


def mirror_shards(folder: Path) -> list[tuple[int, Path]]:
    """(part, file) of all shards, in the order training, validation, test.

    Raises:
        InputError: there are no shards, some are missing, or a split is missing.
    """
    paths = parquet_files(folder)
    if not paths:
        raise InputError(
            f"{folder.absolute()}: no .parquet file here or one folder down; download a mirror "
            "such as flwrlabs/celeba from the Hugging Face hub"
        )
    shards = []
    numbers: dict[tuple[int, str, int], set[int]] = {}
    for path in paths:
        match = SHARD.fullmatch(path.name)
        if not match:
            raise InputError(
                f"{path}: expected a name such as train-00000-of-00019.parquet, with train, valid, "
                "validation or test; rename the file, or move it away"
            )
        split, number, total = match[1], int(match[2]), int(match[3])
        shards.append((PARTS[split], number, path))
        numbers.setdefault((PARTS[split], split, total), set()).add(number)
    if len(numbers) != 3 or len({part for part, _, _ in numbers}) != 3:
        sets = (f"{split}-*-of-{total:05d}" for _, split, total in sorted(numbers))
        raise InputError(
            f"{folder.absolute()}: expected one set of shards for each of train, valid and test, "
            f"found {listed_briefly(sets)}"
        )
    for (_, split, total), there in numbers.items():
        lacking = sorted({*range(total)} - there)
        if lacking:
            names = (f"{split}-{k:05d}-of-{total:05d}.parquet" for k in lacking)
            raise InputError(
                f"{folder.absolute()}: shards are missing: {listed_briefly(names)}; download them"
            )
    return [(part, path) for part, _, path in sorted(shards)]


@dataclass(frozen=True)
class MirrorColumns:
    """The columns of a file and their content."""

    attributes: list[str]
    separate: bool
    """Whether each attribute has a column; otherwise one column, `attributes`, has 40 values."""
    identity: str | None

    @property
    def all(self) -> list[str]:
        """The columns to read; texts and boxes are skipped."""
        values = self.attributes if self.separate else ["attributes"]
        return ["image", *values, *([self.identity] if self.identity else [])]

    @classmethod
    def of(cls, path: Path, schema: Any) -> "MirrorColumns":
        """The columns of a file. Raises: InputError if it has no images or no attributes."""
        import pyarrow.types as types

        identity = next((name for name in IDENTITY_COLUMNS if name in schema.names), None)
        kinds = {
            column.name: column.type
            for column in schema
            if types.is_boolean(column.type) or types.is_integer(column.type)
        }
        names = [name for name in kinds if name not in IDENTITY_COLUMNS]
        separate = "attributes" not in schema.names
        image = schema.field("image").type if "image" in schema.names else None
        if image is None or not types.is_struct(image) or image.get_field_index("bytes") < 0:
            raise InputError(
                f"{path}: no column image with bytes among {listed_briefly(schema.names)}; this "
                "is not a mirror of CelebA like those on the Hugging Face hub"
            )
        if separate and not names:
            raise InputError(
                f"{path}: no column of attributes (true or false, 1 or -1) among "
                f"{listed_briefly(schema.names)}; use another mirror"
            )
        return cls(names if separate else NAMES, separate, identity)


@dataclass(frozen=True)
class MirrorRows:
    """Some rows of a shard."""

    where: str
    """The file and the first row, for messages."""
    labels: np.ndarray
    """int8[n, A], 1 or 0."""
    identities: list[int]
    """The number of each image's person; empty if the mirror has no such column."""
    images: list[dict[str, Any] | None]
    """Of each row: the content of the file in `bytes`, and its name in `path`, if it has one."""


@dataclass(frozen=True)
class MirrorShard:
    """A parquet file of a mirror."""

    path: Path
    columns: MirrorColumns
    _file: Any

    @classmethod
    def open(cls, path: Path) -> "MirrorShard":
        """Open a file. Raises: InputError if it is damaged, or has other columns."""
        try:
            file = pyarrow_parquet().ParquetFile(path)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path}: not a complete parquet file ({error}); download it again"
            ) from error
        return cls(path, MirrorColumns.of(path, file.schema_arrow), file)

    def rows(self) -> Iterator[MirrorRows]:
        """Its rows. Raises: InputError where it is damaged, or a value is missing or wrong."""
        for number, batch in enumerate(self._batches()):
            where = f"{self.path}, row {number * ROWS}"
            labels = _labels(batch, self.columns, where)
            identity = self.columns.identity
            identities = _complete(batch, identity, where).to_pylist() if identity else []
            yield MirrorRows(where, labels, identities, batch.column("image").to_pylist())

    def _batches(self) -> Iterator[Any]:
        try:
            yield from self._file.iter_batches(ROWS, columns=self.columns.all)
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path}: damaged ({error}); download it again") from error


def pyarrow_parquet() -> Any:
    """pyarrow.parquet, an optional dependency that only unpacking needs.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError("reading parquet files needs pyarrow: pip install pyarrow") from None
    return pyarrow.parquet


def _complete(batch: Any, name: str, where: str) -> Any:
    """A column. Raises: InputError if a value is missing."""
    values = batch.column(name)
    if values.null_count:
        raise InputError(f"{where} or after, column {name}: a value is missing")
    return values


def _labels(batch: Any, columns: MirrorColumns, where: str) -> np.ndarray:
    """int8[n, A], 1 or 0."""
    if columns.separate:
        given = [_complete(batch, name, where) for name in columns.attributes]
        values = np.stack([v.to_numpy(zero_copy_only=False) for v in given], axis=1)
    else:
        rows = batch.column("attributes").to_pylist()
        if {len(row or ()) for row in rows} != {len(NAMES)} or any(None in row for row in rows):
            raise InputError(
                f"{where} or after, column attributes: not {len(NAMES)} values per row"
            )
        values = np.array(rows)
    values = values.astype(np.int64)
    kinds = {*np.unique(values).tolist()}
    if not (kinds <= {0, 1} or kinds <= {-1, 1}):
        raise InputError(
            f"{where} or after: attributes have the values {listed_briefly(sorted(kinds))}, "
            "neither 0 and 1 nor -1 and 1"
        )
    return (values == 1).astype(np.int8)

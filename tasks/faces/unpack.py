"""Unpack a mirror of CelebA into CelebA's own files, once:

    python -m tasks.faces.unpack PARQUET_FOLDER ROOT

PARQUET_FOLDER contains {train,valid,test}-00000-of-00019.parquet, directly or one folder down, as
in mirrors on the Hugging Face hub: flwrlabs/celeba, tpremoli/CelebA-attrs, eurecom-ds/celeba.
Images keep the names that the mirror gives them. Without names they are numbered in the mirror's
order: training, validation, test. These are CelebA's own numbers if the mirror has kept its order.
After an interruption, run the command again: it keeps the images that exist, and writes the lists
last.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly
from backbone.files import write_atomically
from tasks.cli.arguments import command_parser, mistakes_exit
from tasks.faces.celeba_files import ATTRIBUTES, IDENTITIES, IMAGES, PARTITION

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
SUFFIX = {b"\xff\xd8\xff": ".jpg", b"\x89PN": ".png"}
ROWS = 256  # read at a time
LONGEST_NAME = 240  # bytes; most file systems allow 255, and temporary names are longer


@dataclass
class Unpacked:
    """The content that was read; one row per image."""

    names: list[str] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    labels: list[np.ndarray] = field(default_factory=list)
    identities: list[int] = field(default_factory=list)


def unpack(folder: Path, root: Path) -> int:
    """Write the images and the lists.

    Args:
        folder: of the parquet files.
        root: folder to write into.

    Returns:
        The number of images.

    Raises:
        InputError: pyarrow is not installed, shards are missing, columns, labels or images are not
            as expected, or `root` already contains lists.
    """
    if (root / ATTRIBUTES).exists():
        raise InputError(
            f"{root.absolute()} already has {ATTRIBUTES}, so there is nothing to unpack; name "
            "another folder, or remove the lists there"
        )
    parquet = _pyarrow()
    shards = find_parquet(folder)
    found = Unpacked()
    attributes = ParquetColumns.of(
        shards[0][1], _open(parquet, shards[0][1]).schema_arrow
    ).attributes
    for part, path in shards:
        file = _open(parquet, path)
        columns = ParquetColumns.of(path, file.schema_arrow)
        if attributes and columns.attributes != attributes:
            raise InputError(
                f"{path} and {shards[0][1]} have different attributes: they are from two mirrors"
            )
        attributes = columns.attributes
        for number, batch in enumerate(_batches(path, file, columns)):
            _unpack_rows(batch, columns, part, f"{path}, row {number * ROWS}", root, found)
        print(f"{path.name}: {len(found.names):,} images so far", flush=True)
    _write_lists(root, found, attributes)
    return len(found.names)


def find_parquet(folder: Path) -> list[tuple[int, Path]]:
    """(part, file) of all shards, in the order training, validation, test.

    Raises:
        InputError: there are no shards, some are missing, or a split is missing.
    """
    paths = sorted(p for depth in ("*", "*/*") for p in folder.glob(f"{depth}.parquet"))
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
class ParquetColumns:
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
    def of(cls, path: Path, schema: Any) -> "ParquetColumns":
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


def _check_name(name: str, where: str) -> None:
    """Raise InputError unless a file can have this name, in the folder that it is written to."""
    # CelebA's lists separate names by blanks and lines
    blank = any(letter.isspace() or letter == "\0" for letter in name)
    if name in ("", ".", "..") or blank or len(os.fsencode(name)) > LONGEST_NAME:
        raise InputError(
            f"{where}: {name[:40]!r} ({len(name)} characters) cannot be the name of a file: "
            "correct the mirror's column image.path, or use another mirror"
        )


def _unpack_rows(
    batch: Any, columns: ParquetColumns, part: int, where: str, root: Path, found: Unpacked
) -> None:
    """Write the images of some rows and collect their labels."""
    found.labels.append(_labels(batch, columns, where))
    if columns.identity:
        given = batch.column(columns.identity)
        if given.null_count:
            raise InputError(f"{where} or after, column {columns.identity}: a value is missing")
        found.identities += given.to_pylist()
    images = batch.column("image")
    for picture in images.to_pylist():
        number = len(found.names) + 1
        if picture is None:
            raise InputError(f"{where} or after, image {number:,}: the row has no image (null)")
        data, given = picture["bytes"], picture.get("path")
        suffix = SUFFIX.get((data or b"")[:3])
        if suffix is None:
            raise InputError(f"{where} or after, image {number:,}: neither JPEG nor PNG")
        name = os.path.basename(given) if given else f"{number:06d}{suffix}"
        _check_name(name, f"{where} or after, image {number:,}")
        path = root / IMAGES / name
        if not path.exists() or path.stat().st_size != len(data):
            with write_atomically(path) as partial:
                partial.write_bytes(data)
        found.names.append(name)
        found.parts.append(part)


def _labels(batch: Any, columns: ParquetColumns, where: str) -> np.ndarray:
    """int8[rows, A], 1 or 0."""
    if columns.separate:
        given = {name: batch.column(name) for name in columns.attributes}
        for name, values in given.items():
            if values.null_count:
                raise InputError(f"{where} or after, column {name}: a value is missing")
        values = np.stack([v.to_numpy(zero_copy_only=False) for v in given.values()], axis=1)
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


def _write_lists(root: Path, found: Unpacked, attributes: list[str]) -> None:
    """Write the lists, that of the attributes last: with it the data set is complete."""
    if len(set(found.names)) < len(found.names):
        double = [name for name, count in Counter(found.names).items() if count > 1]
        raise InputError(
            f"the mirror gives several images the same name: {listed_briefly(double)}; use another"
        )

    def write(name: str, lines: Iterator[str]) -> None:
        with write_atomically(root / name) as partial, partial.open("w") as file:
            file.writelines(f"{line}\n" for line in lines)

    rows = list(zip(found.names, found.parts, strict=True))
    if found.identities:
        pairs = zip(found.names, found.identities, strict=True)
        write(IDENTITIES, (f"{name} {identity}" for name, identity in pairs))
    write(PARTITION, (f"{name} {part}" for name, part in rows))

    def table() -> Iterator[str]:
        yield str(len(found.names))
        yield " ".join(attributes)
        words = np.where(np.concatenate(found.labels) == 1, " 1", "-1").tolist()
        yield from (f"{n}  {' '.join(row)}" for n, row in zip(found.names, words, strict=True))

    write(ATTRIBUTES, table())


def _pyarrow() -> Any:
    """pyarrow.parquet, an optional dependency that only this command needs."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError("reading parquet files needs pyarrow: pip install pyarrow") from None
    return pyarrow.parquet


def _open(parquet: Any, path: Path) -> Any:
    """Open a parquet file. Raises: InputError if it is not one."""
    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: not a complete parquet file ({error}); download it again"
        ) from error


def _batches(path: Path, file: Any, columns: ParquetColumns) -> Iterator[Any]:
    """The rows of a file. Raises: InputError where it is damaged."""
    try:
        yield from file.iter_batches(ROWS, columns=columns.all)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); download it again") from error


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.faces.unpack", __doc__)
    parser.add_argument("folder", type=Path, help="folder of the mirror's .parquet files")
    parser.add_argument("root", type=Path, help="folder to write CelebA's files into")
    given = parser.parse_args()
    with mistakes_exit():
        count = unpack(given.folder, given.root)
    print(f"{count:,} images in {given.root}; train on them with data.root={given.root}")


if __name__ == "__main__":
    main()

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
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from backbone.files import write_atomically
from tasks.cli.arguments import command_parser, mistakes_exit
from tasks.faces.celeba_files import ATTRIBUTES, IDENTITIES, IMAGES, PARTITION
from tasks.faces.celeba_mirror import MirrorRows, MirrorShard, mirror_shards, pyarrow_parquet

SUFFIX = {b"\xff\xd8\xff": ".jpg", b"\x89PN": ".png"}
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
    pyarrow_parquet()
    shards = mirror_shards(folder)
    found = Unpacked()
    attributes: list[str] = []
    for part, path in shards:
        shard = MirrorShard.open(path)
        if attributes and shard.columns.attributes != attributes:
            raise InputError(
                f"{path} and {shards[0][1]} have different attributes: they are from two mirrors"
            )
        attributes = shard.columns.attributes
        for rows in shard.rows():
            _unpack_rows(rows, part, root, found)
        print(f"{path.name}: {number_of(len(found.names), 'image')} so far", flush=True)
    _write_lists(root, found, attributes)
    return len(found.names)


def _check_name(name: str, where: str) -> None:
    """Raise InputError unless a file can have this name, in the folder that it is written to."""
    # CelebA's lists separate names by blanks and lines
    blank = any(letter.isspace() or letter == "\0" for letter in name)
    if name in ("", ".", "..") or blank or len(os.fsencode(name)) > LONGEST_NAME:
        raise InputError(
            f"{where}: {name[:40]!r} ({number_of(len(name), 'character')}) cannot be the name of a "
            "file: correct the mirror's column image.path, or use another mirror"
        )


def _unpack_rows(rows: MirrorRows, part: int, root: Path, found: Unpacked) -> None:
    """Write the images of some rows and collect their labels."""
    found.labels.append(rows.labels)
    found.identities += rows.identities
    for image in rows.images:
        number = len(found.names) + 1
        where = f"{rows.where} or after, image {number:,}"
        if image is None:
            raise InputError(f"{where}: the row has no image (null)")
        data, given = image["bytes"], image.get("path")
        suffix = SUFFIX.get((data or b"")[:3])
        if suffix is None:
            raise InputError(f"{where}: neither JPEG nor PNG")
        name = os.path.basename(given) if given else f"{number:06d}{suffix}"
        _check_name(name, where)
        path = root / IMAGES / name
        if not path.exists() or path.stat().st_size != len(data):
            with write_atomically(path) as partial:
                partial.write_bytes(data)
        found.names.append(name)
        found.parts.append(part)


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


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.faces.unpack", __doc__)
    parser.add_argument("folder", type=Path, help="folder of the mirror's .parquet files")
    parser.add_argument("root", type=Path, help="folder to write CelebA's files into")
    given = parser.parse_args()
    with mistakes_exit():
        count = unpack(given.folder, given.root)
        images = number_of(count, "image")
        print(f"{images} in {given.root}; train on them with data.root={given.root}")


if __name__ == "__main__":
    main()

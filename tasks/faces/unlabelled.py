"""Faces of nobody known, for a student who learns from a teacher alone."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.data.image_source import ImageSet, require
from tasks.faces.csv_rows import SPLIT, check_once, file_column, read_rows, split_of
from tasks.faces.face_index import FaceIndex
from tasks.faces.holding_out import held_out
from tasks.images.listing import absent, images_below

LAYOUT = """images/*.jpg, in folders of any depth; another name: data.images=NAME
labels.csv with a column `file`, and perhaps `split` (train, val, test): data.list=NAME, or
data.list=null for every image in the folder"""


@dataclass(frozen=True)
class UnlabelledFaces:
    """The images that a CSV file lists, or all below a folder.

    Args:
        root: the folder.
        images: that of the images, in `root`.
        list: CSV file in `root` with a column of files, paths in the images' folder, and perhaps
            one of splits; other columns are not read. None: every image.
        val_fraction: share held out for validation where no list says so; which ones depends on
            the seed and on each file's name.
        seed: of the run.
    """

    root: str
    images: str = "images"
    list: str | None = None
    val_fraction: float = 0.05
    seed: int = 0

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        names = [self.images] if self.list is None else [self.images, self.list]
        require("The folder of faces", root, [root / name for name in names], LAYOUT)
        if not 0 < self.val_fraction < 1:
            raise InputError(
                f"data.val_fraction={self.val_fraction}: the share held out for validation must "
                "be between 0 and 1, such as 0.05"
            )

    def load(self) -> ImageSet:
        """See ImageSource."""
        self.check()
        folder = Path(self.root, self.images)
        if self.list is None:
            files, splits = images_below(folder), None
        else:
            files, splits = listed_faces(Path(self.root, self.list), folder)
        if len(files) < 2:
            raise InputError(f"{folder}: {len(files)} images are too few to train and to validate")
        note = ""
        if splits is None:
            held = held_out(files, self.val_fraction, self.seed)
            splits = np.where(held, "val", "train")
            note = f"{self.val_fraction:.0%} of the images held out with seed {self.seed}"
        index = FaceIndex(str(folder), np.array(files), np.full(len(files), -1), ())
        parts = {s: index.take(np.flatnonzero(splits == s)) for s in ("train", "val", "test")}
        empty = [split for split in ("train", "val") if not len(parts[split])]
        if empty:
            raise InputError(
                f"{Path(self.root, self.list)}: no image has split {' or '.join(empty)}; leave the "
                "column out and a share is held out (data.val_fraction)"
            )
        return ImageSet({split: part for split, part in parts.items() if len(part)}, note)


def listed_faces(path: Path, folder: Path) -> tuple[list[bytes], np.ndarray | None]:
    """The files that a list names, and their splits where it has such a column.

    Raises: InputError for a damaged list, or files that are not in the folder.
    """
    header, rows = read_rows(path)
    column = file_column(path, header)
    at = header.index(SPLIT) if SPLIT in header else None
    files, lines, splits = [], [], []
    for line, row in rows:
        files.append(row[column].strip())
        lines.append(line)
        if at is not None:
            splits.append(split_of(path, line, row[at]))
    check_once(path, files, lines)
    names = [os.fsencode(file) for file in files]
    if missing := absent(folder, names):
        raise InputError(
            f"{path}, line {lines[missing[0]]}: {len(missing):,} of {len(files):,} files are not "
            f"in {folder}: {listed_briefly(files[i] for i in missing)}; complete the folder, or "
            "name another with data.images="
        )
    return names, None if at is None else np.array(splits)

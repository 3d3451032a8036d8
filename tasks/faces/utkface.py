"""UTKFace (Zhang, Song and Qi, "Age Progression/Regression by Conditional Adversarial Autoencoder",
arXiv 1702.08423): faces with age, gender and race, made into attributes.

By its authors' account an algorithm (DEX) estimated the labels and an annotator looked them over:
nobody in the pictures was asked. See "On use" in tasks/faces/README.md.
"""

import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.data.image_source import ImageSet, require
from tasks.faces.attribute_index import AttributeIndex, choose, named
from tasks.faces.csv_rows import SPLIT, check_once, file_column, read_rows, split_of
from tasks.images.listing import absent, images_below

RACES = ("White", "Black", "Asian", "Indian", "Other_Race")  # numbers 0 to 4
COLUMNS = {"age": range(0, 150), "gender": (0, 1), "race": range(len(RACES))}
# 26_1_3_20170117154635126.jpg.chip.jpg: age, gender, race, moment
NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+")
LAYOUT = """labels.csv and images/     file,age,gender,race[,split] a line
or as published: files named [age]_[gender]_[race]_[date].jpg (or .jpg.chip.jpg) in the folder, in
UTKFace/ or images/ or below"""
DOWNLOADS = ("https://susanqq.github.io/UTKFace/ (non-commercial research)",)
ADVICE = "correct the value, or leave it blank for unknown"


@dataclass(frozen=True)
class UTKFace:
    """Faces as `Male`, one attribute a race, and `Over_N`: older than N years.

    Gender 0 is annotated as male, so `Male` is 1 for it. The splits are the list's; without any a
    fixed hash of the file's name puts eight tenths into training, one into validation and one into
    the test set, the same ones everywhere.

    Args:
        root: holds the list and the images, or the images alone.
        labels: the list; None: labels.csv where there is one, else the files' names say it.
        images: folder of the files; None: images or UTKFace where there is one, else root itself.
        age_thresholds: years, rising.
        attributes: those to learn, in this order; None: all.
    """

    root: str
    labels: str | None = None
    images: str | None = None
    age_thresholds: Sequence[int] = field(default=(20, 30, 40, 50, 60))
    attributes: Sequence[str] | None = None

    def list_path(self) -> Path | None:
        """The list, if it is one that says what is seen."""
        if self.labels is not None:
            return Path(self.root, self.labels)
        path = Path(self.root, "labels.csv")
        return path if path.exists() else None

    def folder(self) -> Path:
        """The images' folder."""
        root = Path(self.root)
        if self.images is not None:
            return root / self.images
        return next((root / name for name in ("images", "UTKFace") if (root / name).is_dir()), root)

    def ids(self) -> list[str]:
        """All attributes."""
        return ["Male", *RACES, *(f"Over_{years}" for years in self.age_thresholds)]

    def check(self) -> None:
        """See ImageSource."""
        years = list(self.age_thresholds)
        if years != sorted(set(years)) or not all(isinstance(y, int) and y >= 0 for y in years):
            raise InputError(
                f"data.age_thresholds={years}: give whole years, rising, such as [20,30,40,50,60]"
            )
        choose(self.ids(), self.attributes, "UTKFace")
        path = self.list_path()
        paths = [self.folder()] if path is None else [path, self.folder()]
        require("UTKFace", Path(self.root), paths, LAYOUT, DOWNLOADS)

    def load(self) -> ImageSet:
        """See ImageSource."""
        self.check()
        path = self.list_path()
        if path is None:
            files, values, splits, note = _from_names(self.folder())
        else:
            files, values, splits, note = _from_list(path, self.folder())
        chosen = choose(self.ids(), self.attributes, "UTKFace")
        labels = attributes_of(values, self.age_thresholds)[:, chosen]
        classes = named([self.ids()[k] for k in chosen])
        names, of = np.array(files), np.array(splits)
        found = {
            split: AttributeIndex(str(self.folder()), names[rows], labels[rows], classes)
            for split in ("train", "val", "test")
            if len(rows := np.flatnonzero(of == split))
        }
        if "val" not in found:
            where = path or self.folder()
            raise InputError(f"{where}: none of {len(files):,} images is for validation; add some")
        return ImageSet(found, note)


def attributes_of(values: np.ndarray, age_thresholds: Sequence[int]) -> np.ndarray:
    """int8[N, A] of int64[N, 3] age, gender and race, -1 where one of them is unknown."""
    age, gender, race = (column[:, None] for column in values.T)
    parts = (
        (gender, gender == 0),
        (race, race == np.arange(len(RACES))),
        (age, age > np.array(age_thresholds, np.int64)),
    )
    return np.concatenate([np.where(known < 0, -1, true) for known, true in parts], 1).astype(
        np.int8
    )


def split_by_name(file: str) -> str:
    """'train', 'val' or 'test' by the name up to its first dot: .jpg and .jpg.chip.jpg agree."""
    tenth = zlib.crc32(os.path.basename(file).partition(".")[0].encode()) % 10
    return "test" if tenth == 0 else "val" if tenth == 1 else "train"


def _from_names(folder: Path) -> tuple[list[bytes], np.ndarray, list[str], str]:
    """Files, age, gender and race int64[N, 3], splits, and what was left out."""
    found = images_below(folder)
    names = [os.fsdecode(file) for file in found]
    matches = [NAME.match(os.path.basename(name)) for name in names]
    kept = [i for i, match in enumerate(matches) if match]
    if not kept:
        raise InputError(
            f"{folder.absolute()}: none of {len(names):,} images is named "
            "[age]_[gender]_[race]_[date].jpg and there is no labels.csv; name the folder with "
            "data.root= or the list with data.labels="
        )
    left_out = [name for name, match in zip(names, matches, strict=True) if not match]
    note = "split by a hash of the names"
    if left_out:
        note += (
            f", {len(left_out):,} left out whose names lack a value ({listed_briefly(left_out)})"
        )
    values = np.array([[int(n) for n in matches[i].groups()] for i in kept], np.int64)
    return [found[i] for i in kept], values, [split_by_name(names[i]) for i in kept], note


def _from_list(path: Path, folder: Path) -> tuple[list[bytes], np.ndarray, list[str], str]:
    header, rows = read_rows(path)
    file_at = file_column(path, header)
    lacking = [name for name in COLUMNS if name not in header]
    if lacking:
        raise InputError(
            f"{path}, line 1: no column {' nor '.join(lacking)} among {', '.join(header)}; "
            "expected are file,age,gender,race and perhaps split"
        )
    at = {name: header.index(name) for name in COLUMNS}
    split_at = header.index(SPLIT) if SPLIT in header else None
    files, lines, values, splits = [], [], [], []
    for line, row in rows:
        files.append(row[file_at].strip())
        lines.append(line)
        values.append([_value(path, line, name, row[k]) for name, k in at.items()])
        splits.append(
            split_by_name(files[-1]) if split_at is None else split_of(path, line, row[split_at])
        )
    if not files:
        raise InputError(f"{path}: there is no row below the header")
    check_once(path, files, lines)
    encoded = [os.fsencode(file) for file in files]
    missing = absent(folder, encoded)
    if missing:
        raise InputError(
            f"{path}, line {lines[missing[0]]}: {files[missing[0]]} is not in {folder.absolute()} "
            f"({len(missing):,} of {len(files):,} images are missing); name their folder with "
            "data.images="
        )
    note = "" if split_at is not None else "split by a hash of the names"
    return encoded, np.array(values, np.int64), splits, note


def _value(path: Path, line: int, column: str, text: str) -> int:
    """A whole number of a column, -1 for a blank."""
    text = text.strip()
    if not text:
        return -1
    if not text.isdecimal() or int(text) not in COLUMNS[column]:
        expected = {"age": "whole years", "gender": "0 (male) or 1 (female)"}.get(
            column, "0 to 4 (White, Black, Asian, Indian, other)"
        )
        raise InputError(
            f"{path}, line {line}, column {column}: {text!r} is not {expected}; {ADVICE}"
        )
    return int(text)

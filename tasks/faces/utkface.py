"""UTKFace (Zhang, Song and Qi, "Age Progression/Regression by Conditional Adversarial Autoencoder",
arXiv 1702.08423): faces with age, gender and race, made into attributes.

According to its authors, an algorithm (DEX) estimated the labels and an annotator checked them;
nobody in the pictures was asked. See "On use" in tasks/faces/README.md.
"""

import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.image_source import ImageSet, require
from tasks.data.text_lists import whole_number
from tasks.faces.attribute_index import AttributeIndex, choose, named
from tasks.faces.csv_rows import ImageList, read_rows
from tasks.faces.groups import Groups, age_bands
from tasks.images.listing import images_below

RACES = ("White", "Black", "Asian", "Indian", "Other_Race")  # numbers 0 to 4
GENDERS = ("male", "female")  # numbers 0 and 1
COLUMNS = {"age": range(0, 150), "gender": (0, 1), "race": range(len(RACES))}
# 26_1_3_20170117154635126.jpg.chip.jpg: age, gender, race, moment
NAME = re.compile(r"(\d{1,3})_([01])_([0-4])_\d+")
LAYOUT = """labels.csv and images/     rows of file,age,gender,race[,split]
or as published: files named [age]_[gender]_[race]_[date].jpg (or .jpg.chip.jpg) in the folder, in
UTKFace/ or images/, or below them"""
DOWNLOADS = ("https://susanqq.github.io/UTKFace/ (non-commercial research)",)
ADVICE = "correct the value, or leave it blank for unknown"


@dataclass(frozen=True)
class UTKFace:
    """Faces with the attributes `Male` and `Over_N` (older than N years), also scored by group.

    The groups are race, gender and age. A race is only learned as an attribute if `attributes`
    names it: White, Black, Asian, Indian or Other_Race.

    Gender 0 is annotated as male, so `Male` is 1 for it. The list gives the splits. If it does not,
    a fixed hash of each file's name puts eight tenths of the images into training, one tenth into
    validation and one tenth into the test set, always the same ones.

    Args:
        root: folder of the list and the images, or only of the images.
        labels: the list; None: labels.csv if there is one, or else the files' names.
        images: folder of the files; None: images or UTKFace if there is one, or else `root`.
        age_thresholds: years, rising.
        attributes: the attributes to learn, in this order; None: all but the races.
    """

    root: str
    labels: str | None = None
    images: str | None = None
    age_thresholds: Sequence[int] = field(default=(20, 30, 40, 50, 60))
    attributes: Sequence[str] | None = None

    def list_path(self) -> Path | None:
        """The list; None if the files' names are the labels."""
        if self.labels is not None:
            return Path(self.root, self.labels)
        path = Path(self.root, "labels.csv")
        return path if path.exists() else None

    def folder(self) -> Path:
        """Folder of the images."""
        root = Path(self.root)
        if self.images is not None:
            return root / self.images
        return next((root / name for name in ("images", "UTKFace") if (root / name).is_dir()), root)

    def ids(self) -> list[str]:
        """All attributes."""
        return ["Male", *RACES, *(f"Over_{years}" for years in self.age_thresholds)]

    def chosen(self) -> list[int]:
        """Positions of the attributes to learn."""
        wanted = self.attributes
        if wanted is None:
            wanted = [name for name in self.ids() if name not in RACES]
        return choose(self.ids(), wanted, "UTKFace")

    def check(self) -> None:
        """See ImageSource."""
        years = list(self.age_thresholds)
        if years != sorted(set(years)) or not all(isinstance(y, int) and y >= 0 for y in years):
            raise InputError(
                f"data.age_thresholds={years}: give whole years, rising, such as [20,30,40,50,60]"
            )
        self.chosen()
        path = self.list_path()
        paths = [self.folder()] if path is None else [path, self.folder()]
        require("UTKFace", Path(self.root), paths, LAYOUT, DOWNLOADS)

    def load(self) -> ImageSet[AttributeIndex]:
        """See ImageSource."""
        self.check()
        path = self.list_path()
        if path is None:
            files, values, splits, note = _from_names(self.folder())
        else:
            files, values, splits, note = _from_list(path, self.folder())
        chosen = self.chosen()
        labels = attributes_of(values, self.age_thresholds)[:, chosen]
        classes = named([self.ids()[k] for k in chosen])
        names, of = np.array(files), np.array(splits)
        groups = groups_of(values)
        everything = AttributeIndex(str(self.folder()), names, labels, classes, groups=groups)
        found = {
            split: everything.take(rows)
            for split in ("train", "val", "test")
            if len(rows := np.flatnonzero(of == split))
        }
        if "val" not in found:
            where = path or self.folder()
            raise InputError(
                f"{where}: none of the {len(files):,} images is for validation; add some"
            )
        return ImageSet(found, note)


def attributes_of(values: np.ndarray, age_thresholds: Sequence[int]) -> np.ndarray:
    """Labels int8[N, A] for int64[N, 3] age, gender and race; -1 is unknown in both."""
    age, gender, race = (column[:, None] for column in values.T)
    parts = (
        (gender, gender == 0),
        (race, race == np.arange(len(RACES))),
        (age, age > np.array(age_thresholds, np.int64)),
    )
    return np.concatenate([np.where(known < 0, -1, true) for known, true in parts], 1).astype(
        np.int8
    )


def groups_of(values: np.ndarray) -> tuple[Groups, ...]:
    """The groups of faces by int64[N, 3] age, gender and race; -1 is unknown."""
    age, gender, race = values.T
    races = tuple(name.replace("_", " ") for name in RACES)
    return Groups("race", races, race), Groups("gender", GENDERS, gender), age_bands(age)


def split_by_name(file: str) -> str:
    """'train', 'val' or 'test', from the name up to its first dot: .jpg and .jpg.chip.jpg agree."""
    tenth = zlib.crc32(os.fsencode(os.path.basename(file).partition(".")[0])) % 10
    return "test" if tenth == 0 else "val" if tenth == 1 else "train"


def _from_names(folder: Path) -> tuple[list[bytes], np.ndarray, list[str], str]:
    """Files; age, gender and race int64[N, 3]; splits; and a note on what was left out."""
    found = images_below(folder)
    names = [os.fsdecode(file) for file in found]
    values = {
        i: [int(number) for number in match.groups()]
        for i, name in enumerate(names)
        if (match := NAME.match(os.path.basename(name))) and int(match[1]) in COLUMNS["age"]
    }
    if not values:
        raise InputError(
            f"{folder.absolute()}: none of the {len(names):,} images is named "
            "[age]_[gender]_[race]_[date].jpg and there is no labels.csv; name the folder with "
            "data.root= or the list with data.labels="
        )
    left_out = [name for i, name in enumerate(names) if i not in values]
    note = "split by a hash of the names"
    if left_out:
        note += (
            f", {number_of(len(left_out), 'image')} left out because their names lack a value "
            f"({listed_briefly(left_out)})"
        )
    splits = [split_by_name(names[i]) for i in values]
    return [found[i] for i in values], np.array([*values.values()], np.int64), splits, note


def _from_list(path: Path, folder: Path) -> tuple[list[bytes], np.ndarray, list[str], str]:
    """See `_from_names`."""
    header, rows = read_rows(path)
    images = ImageList(path, header)
    lacking = [name for name in COLUMNS if name not in header]
    if lacking:
        raise InputError(
            f"{path}, line 1: no column {' or '.join(lacking)} among {', '.join(header)}; "
            "the columns should be file,age,gender,race and optionally split"
        )
    at = {name: header.index(name) for name in COLUMNS}
    values = []
    for line, row in rows:
        images.add(line, row)
        values.append([_value(path, line, name, row[k]) for name, k in at.items()])
    images.check()
    splits, note = images.splits(), ""
    if splits is None:
        splits, note = (
            [split_by_name(file) for file in images.files],
            "split by a hash of the names",
        )
    return images.paths_in(folder), np.array(values, np.int64), splits, note


def _value(path: Path, line: int, column: str, text: str) -> int:
    """A whole number, or -1 for a blank."""
    text = text.strip()
    if not text:
        return -1
    whole, _, fraction = text.partition(".")  # pandas writes 25.0 where another value is blank
    number = whole_number(whole) if not fraction.strip("0") else None
    if number is None or number not in COLUMNS[column]:
        expected = {"age": "whole years from 0 to 149", "gender": "0 (male) or 1 (female)"}.get(
            column, "0 to 4 (White, Black, Asian, Indian, other)"
        )
        raise InputError(
            f"{path}, line {line}, column {column}: {text[:40]!r} is not {expected}; {ADVICE}"
        )
    return number

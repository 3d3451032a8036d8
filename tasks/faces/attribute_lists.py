"""Your own attributes: CSV files of `file,attribute...`, and images without labels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.image_source import ImageSet, require
from tasks.faces.attribute_csv import AttributeTable, read_attribute_csv
from tasks.faces.attribute_index import AttributeIndex, named
from tasks.faces.csv_rows import ImageList, read_rows
from tasks.images.listing import images_below

LAYOUT = """train.csv, val.csv   rows of file,Smiling,Young,...; blank where unknown
images/              the files, by their paths in it
with other names: data.train=LIST.csv data.val=LIST.csv data.test=LIST.csv data.images=FOLDER,
or data.labels=LIST.csv for one list with a column split (train, val or test)
images without labels: data.unlabelled=FOLDER (or LIST.csv with a column file)"""
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class AttributeLists:
    """Lists of images with their attributes, and images without labels for a teacher to label.

    Args:
        root: folder that the other paths are relative to.
        train: list of training images; None: train only on the unlabelled images.
        val: list of validation images.
        test: list of the images that results report on, if they are others.
        labels: one list of all images with a column `split`, instead of the three lists. With
            train=None its training images are left out.
        images: folder of the listed files.
        unlabelled: a folder, searched recursively, or a list of files in `images`. These images are
            added to the training set with all attributes unknown. Images that another list names
            are left out.
        attributes: columns that are attributes, in this order; None: all but files, splits and
            groups.
        groups: columns whose values divide the images into groups that are scored separately.
    """

    root: str
    train: str | None = "train.csv"
    val: str | None = "val.csv"
    test: str | None = None
    labels: str | None = None
    images: str = "images"
    unlabelled: str | None = None
    attributes: Sequence[str] | None = None
    groups: Sequence[str] | None = None

    def lists(self) -> dict[str, Path]:
        """The list of each split; with `labels` the same list for all three."""
        root = Path(self.root)
        if self.labels is not None:
            return dict.fromkeys(SPLITS, root / self.labels)
        given = {"train": self.train, "val": self.val, "test": self.test}
        return {split: root / name for split, name in given.items() if name is not None}

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        if self.labels is None and self.val is None:
            raise InputError("data.val=null: a run is scored on labelled images; name their list")
        paths = [root / self.images, *dict.fromkeys(self.lists().values())]
        if self.unlabelled is not None:
            paths.append(root / self.unlabelled)
        require("The lists of attributes", root, paths, LAYOUT)

    def load(self) -> ImageSet[AttributeIndex]:
        """See ImageSource."""
        self.check()
        folder = Path(self.root, self.images)
        if self.labels is None:
            splits = self._load_lists(folder)
        else:
            splits = self._load_divided(Path(self.root, self.labels), folder)
        if self.unlabelled is None:
            return ImageSet(splits)
        train, count = _with_unlabelled(splits, folder, Path(self.root, self.unlabelled))
        note = f"{count:,} of the training images without labels"
        return ImageSet(splits | {"train": train}, note)

    def _read(self, path: Path, attributes: Sequence[str] | None) -> AttributeTable:
        return read_attribute_csv(path, attributes, [*map(str, self.groups or ())])

    def _load_lists(self, folder: Path) -> dict[str, AttributeIndex]:
        """Each split from its own list, with the same attributes in the same order."""
        tables: dict[str, AttributeTable] = {}
        for split, path in self.lists().items():
            table = self._read(path, self.attributes)
            first = next(iter(tables.values()), table)
            differ = sorted({*table.ids} ^ {*first.ids})
            if differ:
                raise InputError(
                    f"{first.path} and {path} have different attributes; only one of them has "
                    f"{listed_briefly(differ)}. Give both the same columns, or name those that are "
                    "attributes with data.attributes=[...]"
                )
            if table.ids != first.ids:
                table = self._read(path, first.ids)
            tables[split] = table
        splits = {split: _index(table, folder) for split, table in tables.items()}
        for (other, one), (split, two) in combinations(splits.items(), 2):
            if both := sorted({*one.files.tolist()} & {*two.files.tolist()}):
                raise InputError(
                    f"{tables[other].path} ({other}) and {tables[split].path} ({split}) share "
                    f"{number_of(len(both), 'image')}: {listed_briefly(map(os.fsdecode, both))}; "
                    "each image must be in only one of them"
                )
        return splits

    def _load_divided(self, path: Path, folder: Path) -> dict[str, AttributeIndex]:
        """All splits from one list, by its column `split`."""
        table = self._read(path, self.attributes)
        given = table.images.splits()
        if given is None:
            raise InputError(
                f"{path}, line 1: no column split; add one with train, val or test in each row, "
                "or give separate lists: data.labels=null data.train=LIST.csv data.val=LIST.csv"
            )
        if "val" not in given:
            raise InputError(f"{path}: its column split assigns no image to val")
        of = np.array(given)
        wanted = [s for s in SPLITS if s in given and not (s == "train" and self.train is None)]
        rows = np.flatnonzero(np.isin(of, wanted))
        index = _index(table, folder, rows)
        return {split: index.take(np.flatnonzero(of[rows] == split)) for split in wanted}


def _index(table: AttributeTable, folder: Path, rows: np.ndarray | None = None) -> AttributeIndex:
    """The images of a table, or some of its rows.

    Raises:
        InputError: a file is not in the folder.
    """
    rows = np.arange(len(table.labels)) if rows is None else rows
    files = np.array(table.images.paths_in(folder, rows.tolist()))
    groups = tuple(one.take(rows) for one in table.groups)
    return AttributeIndex(str(folder), files, table.labels[rows], named(table.ids), groups=groups)


def _with_unlabelled(
    splits: dict[str, AttributeIndex], folder: Path, unlabelled: Path
) -> tuple[AttributeIndex, int]:
    """The training images together with those without labels, and the number of the latter.

    Args:
        splits: the labelled images.
        folder: of the files that lists name.
        unlabelled: a folder of images, or a list.

    Raises:
        InputError: no image is left that is not in the labelled splits.
    """
    place = unlabelled if unlabelled.is_dir() else folder
    files = images_below(place) if unlabelled.is_dir() else _listed(unlabelled, folder)
    labelled = {_real(folder, f) for index in splits.values() for f in index.files.tolist()}
    fresh = [file for file in files if _real(place, file) not in labelled]
    if not fresh:
        raise InputError(
            f"{unlabelled.absolute()} has no image that the lists do not name ({len(files):,} in "
            "all): name another data.unlabelled, or null"
        )
    # one folder that contains both, so that each image has one path relative to it
    common = os.path.commonpath([folder.absolute(), place.absolute()])
    classes = splits["val"].classes
    labels = np.full((len(fresh), len(classes)), -1, np.int8)
    files = _relative(common, place, fresh)
    if "train" in splits:
        labels = np.concatenate([splits["train"].labels, labels])
        files = _relative(common, folder, splits["train"].files.tolist()) + files
    return AttributeIndex(common, np.array(files), labels, classes), len(fresh)


def _listed(path: Path, folder: Path) -> list[bytes]:
    """The files that a list without labels names, each once."""
    header, rows = read_rows(path)
    images = ImageList(path, header)
    for line, row in rows:
        images.add(line, row)
    return list(dict.fromkeys(images.paths_in(folder)))


def _real(folder: Path, file: bytes) -> bytes:
    return os.path.normpath(os.path.join(os.fsencode(folder.absolute()), file))


def _relative(common: str, folder: Path, files: list[bytes]) -> list[bytes]:
    prefix = os.fsencode(os.path.relpath(folder.absolute(), common))
    return [file if prefix == b"." else prefix + b"/" + file for file in files]

"""Attributes of one's own: CSV files of `file,attribute...`, and images that nobody labelled."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.data.image_source import ImageSet, require
from tasks.faces.attribute_csv import AttributeTable, read_attribute_csv
from tasks.faces.attribute_index import AttributeIndex, named
from tasks.faces.csv_rows import file_column, read_rows
from tasks.images.listing import absent, images_below

LAYOUT = """train.csv, val.csv   file,Smiling,Young,... a line; blank where nobody knows
images/              the files, by their paths in it
with other names: data.train=LIST.csv data.val=LIST.csv data.test=LIST.csv data.images=FOLDER,
or data.labels=LIST.csv for one list with a column split (train, val or test)
images without labels: data.unlabelled=FOLDER (or LIST.csv with a column file)"""


@dataclass(frozen=True)
class AttributeLists:
    """Lists of images with their attributes; and images without labels to train on, for a teacher.

    Args:
        root: folder that the other paths are in.
        train: list of training images; None for none but the unlabelled.
        val: and of validation images.
        test: and of those that are reported, where they are others.
        labels: one list of all, with a column `split`, in place of the three; with train=None its
            training images are left out.
        images: folder of the listed files.
        unlabelled: folder of images (and their folders) that join the training set with all
            attributes unknown, or a list of files in `images`. What a list names is left out.
        attributes: columns that are attributes, in this order; None: all but the file and split.
    """

    root: str
    train: str | None = "train.csv"
    val: str | None = "val.csv"
    test: str | None = None
    labels: str | None = None
    images: str = "images"
    unlabelled: str | None = None
    attributes: Sequence[str] | None = None

    def lists(self) -> dict[str, Path]:
        """The list of each split; all the same with `labels`, and 'test' then a maybe."""
        root = Path(self.root)
        if self.labels is not None:
            return dict.fromkeys(("train", "val", "test"), root / self.labels)
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

    def load(self) -> ImageSet:
        """See ImageSource."""
        self.check()
        folder = Path(self.root, self.images)
        splits = {}
        for split, table in self._tables().items():
            files = _encode(table.files, folder)
            _check_present(table, files, folder)
            classes = named(table.ids)
            splits[split] = AttributeIndex(str(folder), np.array(files), table.labels, classes)
        note = ""
        if self.unlabelled is not None:
            splits["train"], note = self._join(splits, folder)
        return ImageSet(splits, note)

    def _tables(self) -> dict[str, AttributeTable]:
        """What is listed of each split, with the same attributes in the same order."""
        if self.labels is not None:
            return self._divided()
        tables: dict[str, AttributeTable] = {}
        for split, path in self.lists().items():
            table = read_attribute_csv(path, self.attributes)
            first = next(iter(tables.values()), table)
            differ = sorted({*table.ids} ^ {*first.ids})
            if differ:
                raise InputError(
                    f"{first.path} and {path} have different attributes; only in one of them: "
                    f"{listed_briefly(differ)}. Give both the same columns, or name those that are "
                    "attributes with data.attributes=[...]"
                )
            if table.ids != first.ids:
                table = read_attribute_csv(path, first.ids)
            for other, listed in tables.items():
                both = sorted({*table.files} & {*listed.files})
                if both:
                    raise InputError(
                        f"{listed.path} ({other}) and {path} ({split}) share {len(both):,} "
                        f"images: {listed_briefly(both)}; each belongs in one of them"
                    )
            tables[split] = table
        return tables

    def _divided(self) -> dict[str, AttributeTable]:
        """One list, by its column `split`."""
        table = read_attribute_csv(Path(self.root, self.labels), self.attributes)
        if table.splits is None:
            raise InputError(
                f"{table.path}, line 1: no column split; add one that says train, val or test, or "
                "give a list each: data.labels=null data.train=LIST.csv data.val=LIST.csv"
            )
        of = np.array(table.splits)
        tables = {}
        for split in ("train", "val", "test"):
            rows = np.flatnonzero(of == split)
            if len(rows) and not (split == "train" and self.train is None):
                tables[split] = AttributeTable(
                    table.path,
                    [table.files[i] for i in rows],
                    [table.lines[i] for i in rows],
                    table.ids,
                    table.labels[rows],
                    None,
                )
        if "val" not in tables:
            raise InputError(f"{table.path}: its column split gives no image to val")
        return tables

    def _join(self, splits: dict[str, AttributeIndex], folder: Path) -> tuple[AttributeIndex, str]:
        """The training images and those without labels, and what to say of them.

        Raises: InputError where no such image is left.
        """
        place = Path(self.root, self.unlabelled)
        if place.is_dir():
            files = images_below(place)
        else:
            files, place = self._listed(place, folder), folder
        path = Path(self.root, self.unlabelled).absolute()
        listed = {_real(folder, file) for index in splits.values() for file in index.files.tolist()}
        fresh = [file for file in files if _real(place, file) not in listed]
        if not fresh:
            raise InputError(
                f"{path} holds no image that the lists do not name ({len(files):,} in all): name "
                "another data.unlabelled, or null"
            )
        # one folder that holds both, so that each image has one path in it
        common = os.path.commonpath([folder.absolute(), place.absolute()])
        classes = splits["val"].classes
        labels = np.full((len(fresh), len(classes)), -1, np.int8)
        files = _below(common, place, fresh)
        if "train" in splits:
            labels = np.concatenate([splits["train"].labels, labels])
            files = _below(common, folder, splits["train"].files.tolist()) + files
        note = f"{len(fresh):,} of the training images without labels"
        return AttributeIndex(common, np.array(files), labels, classes), note

    def _listed(self, path: Path, folder: Path) -> list[bytes]:
        """The files that a list without labels names."""
        header, rows = read_rows(path)
        column = file_column(path, header)
        named_in = [(line, row[column].strip()) for line, row in rows]
        files = _encode([file for _, file in named_in], folder)
        missing = absent(folder, files)
        if missing:
            line, file = named_in[missing[0]]
            raise InputError(
                f"{path}, line {line}: {file} is not in {folder.absolute()} ({len(missing):,} of "
                f"{len(files):,} are missing); name their folder with data.images="
            )
        return list(dict.fromkeys(files))


def _encode(files: list[str], folder: Path) -> list[bytes]:
    """Paths in the folder, where a list may count from the one that it is in (images/a.jpg)."""
    prefix = folder.name + "/"
    if all(file.startswith(prefix) for file in files) and not (folder / folder.name).is_dir():
        files = [file.removeprefix(prefix) for file in files]
    return [os.fsencode(file) for file in files]


def _check_present(table: AttributeTable, files: list[bytes], folder: Path) -> None:
    """Raise InputError where a listed file is not there."""
    missing = absent(folder, files)
    if missing:
        first = missing[0]
        raise InputError(
            f"{table.path}, line {table.lines[first]}: {table.files[first]} is not in "
            f"{folder.absolute()} ({len(missing):,} of {len(files):,} images are missing: "
            f"{listed_briefly(table.files[i] for i in missing)}); name their folder with "
            "data.images=, or leave these lines out"
        )


def _real(folder: Path, file: bytes) -> bytes:
    return os.path.normpath(os.path.join(os.fsencode(folder.absolute()), file))


def _below(common: str, folder: Path, files: list[bytes]) -> list[bytes]:
    prefix = os.fsencode(os.path.relpath(folder.absolute(), common))
    return [file if prefix == b"." else prefix + b"/" + file for file in files]

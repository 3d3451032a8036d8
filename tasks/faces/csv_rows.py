"""CSV files with a header and a column of image files."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from backbone.errors import InputError, listed_briefly, number_of, shortened
from tasks.data.text_lists import csv_reader
from tasks.images.listing import with_slashes
from tasks.images.names import MISSING, Folder, match_names

FILE = ("file", "filename", "file_name", "image", "image_id", "path")  # the first one is used
SPLIT = "split"
LONGEST_NAME = 256  # characters of a column's name
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


class ImageList:
    """The images that a CSV file lists, collected row by row.

    Args:
        path: the file, for messages.
        header: the names of its columns.

    Raises:
        InputError: there is no column of image files.
    """

    def __init__(self, path: Path, header: Sequence[str]):
        self.path = path
        self.file_at = file_column(path, header)
        self.split_at = header.index(SPLIT) if SPLIT in header else None
        self.files: list[str] = []
        self.lines: list[int] = []  # the line of each image in the file
        self._splits: list[str] = []  # as written, if there is such a column

    def add(self, line: int, row: Sequence[str]) -> None:
        """Add a row."""
        self.files.append(row[self.file_at].strip())
        self.lines.append(line)
        if self.split_at is not None:
            self._splits.append(row[self.split_at])

    def splits(self) -> list[str] | None:
        """'train', 'val' or 'test' of each image; None without a column of splits.

        Raises:
            InputError: a value is another one.
        """
        if self.split_at is None:
            return None
        found = [SPLITS.get(value.strip().lower(), "") for value in self._splits]
        if "" in found:
            i = found.index("")
            raise InputError(
                f"{self.path}, line {self.lines[i]}: split {self._splits[i][:60]!r} is not one of "
                "train, val and test"
            )
        return found

    def check(self) -> None:
        """Raise InputError if there are no rows, a row names no file, or a file is listed twice."""
        if not self.files:
            raise InputError(f"{self.path}: there is no row below the header")
        if "" in self.files:
            line = self.lines[self.files.index("")]
            raise InputError(f"{self.path}, line {line}: names no file")
        if len(set(self.files)) == len(self.files):
            return
        seen: dict[str, int] = {}
        for file, line in zip(self.files, self.lines, strict=True):
            if file in seen:
                raise InputError(
                    f"{self.path}, line {line}: {file} is already in line {seen[file]}; "
                    "leave one out"
                )
            seen[file] = line

    def paths_in(self, folder: Path, rows: Sequence[int] | None = None) -> list[bytes]:
        """The files as paths relative to a folder; see `match_names` for how a list may name them.

        Args:
            folder: the folder that contains them.
            rows: positions of the wanted images; None for all.

        Raises:
            InputError: a file does not exist, or two names mean the same one.
        """
        rows = range(len(self.files)) if rows is None else rows
        listed = with_slashes(folder, [os.fsencode(self.files[i]) for i in rows])
        names = [*map(os.fsdecode, listed)]
        files, missing = match_names(Folder(str(folder)), names)
        if missing:
            first, reason = next(iter(missing.items()))
            raise InputError(
                f"{self.path}, line {self.lines[rows[first]]}: {shortened(names[first])} is not "
                f"in {folder.absolute()}{reason.removeprefix(MISSING)} ({len(missing):,} of "
                f"{number_of(len(names), 'image')} missing: "
                f"{listed_briefly(names[i] for i in missing)}); name their folder with "
                "data.images=, or leave these lines out"
            )
        return [*map(os.fsencode, files)]


def read_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header, and every row that is not blank with its line number.

    A file whose header contains tabs is read as tab-separated.

    Raises:
        InputError: the file is empty or not CSV in UTF-8; or, while the rows are read, a row has
            more or fewer fields than the header.
    """
    rows = _rows(path)
    _, header = next(rows, (1, []))
    header = [name.strip() for name in header]
    if not any(header):
        raise InputError(f"{path}: the file is empty; its first line must name the columns")
    long = next((name for name in header if len(name) > LONGEST_NAME), None)
    if long is not None:
        raise InputError(
            f"{path}, line 1: a column's name of {len(long):,} characters ({long[:40]!r}...); the "
            "first line must name the columns"
        )
    double = sorted(name for name, count in Counter(header).items() if name and count > 1)
    if double:
        raise InputError(
            f"{path}, line 1: columns of the same name: {listed_briefly(double)}; rename one"
        )

    def checked() -> Iterator[tuple[int, list[str]]]:
        for line, row in rows:
            if len(row) != len(header):
                raise InputError(
                    f"{path}, line {line}: {number_of(len(row), 'field')}, but the header names "
                    f"{len(header)}; put values that contain commas in double quotes"
                )
            yield line, row

    return header, checked()


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with csv_reader(path) as reader:
        for row in reader:
            if row:
                yield reader.line_num, row


def file_column(path: Path, header: Sequence[str]) -> int:
    """Position of the column of image files. Raises: InputError if there is none."""
    lower = [name.lower() for name in header]
    for name in FILE:
        if name in lower:
            return lower.index(name)
    raise InputError(
        f"{path}, line 1: no column of image files among {listed_briefly(header)}; call it 'file'"
    )

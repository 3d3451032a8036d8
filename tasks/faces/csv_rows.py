"""CSV files with a header and a column of image files."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from backbone.errors import InputError, listed_briefly

FILE = ("file", "filename", "file_name", "image", "image_id", "path")  # the first present counts
SPLIT = "split"
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


def read_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header, and each row that is not blank with its line; a header with tabs: tab-separated.

    Raises: InputError, as the rows come, for a file that is empty or no CSV in UTF-8, and for a
        row with more or fewer fields than the header.
    """
    rows = _rows(path)
    _, header = next(rows, (1, []))
    header = [name.strip() for name in header]
    if not any(header):
        raise InputError(f"{path}: the file is empty; its first line must name the columns")
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise InputError(
            f"{path}, line 1: columns of the same name: {listed_briefly(double)}; rename one"
        )

    def checked() -> Iterator[tuple[int, list[str]]]:
        for line, row in rows:
            if len(row) != len(header):
                raise InputError(
                    f"{path}, line {line}: {len(row)} fields, but the header names {len(header)}; "
                    "put values that hold commas in double quotes"
                )
            yield line, row

    return header, checked()


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            tabs = "\t" in file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter="\t" if tabs else ",")
            for row in reader:
                if row:
                    yield reader.line_num, row
    except (csv.Error, UnicodeError) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error}); save it as one") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def file_column(path: Path, header: Sequence[str]) -> int:
    """Number of the column of image files. Raises: InputError where none is called so."""
    lower = [name.lower() for name in header]
    for name in FILE:
        if name in lower:
            return lower.index(name)
    raise InputError(
        f"{path}, line 1: no column of image files among {listed_briefly(header)}; call it 'file'"
    )


def split_of(path: Path, line: int, value: str) -> str:
    """'train', 'val' or 'test'. Raises: InputError for a value that is none of them."""
    split = SPLITS.get(value.strip().lower())
    if split is None:
        raise InputError(f"{path}, line {line}: split {value!r} is not one of train, val and test")
    return split


def check_once(path: Path, files: Sequence[str], lines: Sequence[int]) -> None:
    """Raise InputError for a file that is listed twice."""
    if len(set(files)) == len(files):
        return
    seen: dict[str, int] = {}
    for file, line in zip(files, lines, strict=True):
        if file in seen:
            raise InputError(
                f"{path}, line {line}: {file} is in line {seen[file]} already; leave one out"
            )
        seen[file] = line

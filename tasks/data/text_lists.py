"""Numbers and columns in lists that people and other programs have written."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backbone.errors import InputError
from backbone.file_kinds import HEAD, ZIP, in_its_place

MOST_DIGITS = 18  # all such numbers fit into 64 bits
EXCELS_OWN = re.compile(r"sep=.?[,;]*", re.IGNORECASE)  # names the delimiter, for Excel alone
JSON_BEGINS = re.compile(r"[\[{]\s*([\[{\"]|$)")
WORKBOOKS = (ZIP, b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, and .xls


def whole_number(text: str) -> int | None:
    """A number 0, 1, 2, ... of up to 18 digits; None for any other text."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        return None
    return int(text)


def _check_is_text(path: Path) -> None:
    """Raise InputError for an archive, a workbook, a web page or a Git LFS pointer."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: a folder, a pipe or a device; name a CSV file")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if head.startswith(WORKBOOKS):
        raise InputError(
            f"{path}: not a CSV file, but a spreadsheet or an archive; save it as CSV in UTF-8"
        )
    if other := in_its_place(head):
        raise InputError(f"{path}: not a CSV file, but {other}")


@contextmanager
def csv_reader(path: Path) -> Iterator[Any]:
    """Open a CSV file in UTF-8, separated by commas or tabs, as its first line shows.

    Raises:
        InputError: it is no such file, or cannot be read; also while its rows are read.
    """
    _check_is_text(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = delimiter_of(path, file.readline().strip())
            file.seek(0)
            yield csv.reader(file, delimiter=delimiter)
    except (csv.Error, UnicodeError) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error}); save it as one") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def delimiter_of(path: Path, header: str) -> str:
    """The separator of the columns of a CSV file, from its first line: a comma or a tab.

    Raises:
        InputError: it is another one.
    """
    if EXCELS_OWN.fullmatch(header):
        raise InputError(
            f"{path}, line 1: {header!r} is for Excel alone; remove the line, for the first one "
            "must name the columns"
        )
    if JSON_BEGINS.match(header):
        raise InputError(f"{path}: not a CSV file, but JSON ({header[:60]!r}); write it as CSV")
    if "\t" in header:
        return "\t"
    for other, name in ((";", "semicolons"), ("|", "vertical bars")):
        if other in header and "," not in header:
            advice = "separate them by commas"
            if other == ";":  # as spreadsheets write it where decimals have a comma
                advice += ", and write decimals with a point (48.85)"
            raise _separated(path, header, name, advice)
    if "," not in header and len(header.split()) > 1:
        raise _separated(path, header, "spaces", "separate them by commas")
    return ","


def _separated(path: Path, header: str, name: str, advice: str) -> InputError:
    return InputError(
        f"{path}, line 1: its columns seem to be separated by {name} ({header[:60]!r}); {advice}"
    )

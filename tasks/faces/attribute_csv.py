"""A CSV file that says of each image which attributes it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError
from tasks.faces.attribute_index import choose
from tasks.faces.csv_rows import SPLIT, check_once, file_column, read_rows, split_of

TRUE = ("1", "1.0", "true", "t", "yes", "y")
ZERO = ("0", "0.0")
MINUS = ("-1", "-1.0")
FALSE = ("false", "f", "no", "n")
VALUES = "1 or 0, 1 or -1, true or false, yes or no; blank is unknown"
_BLANK, _TRUE, _FALSE, _ZERO, _MINUS, _WRONG = range(6)
LABEL = np.array([-1, 1, 0, 0, 0, 0], np.int8)


@dataclass(frozen=True)
class AttributeTable:
    """N images and A attributes as a file lists them."""

    path: Path
    files: list[str]
    lines: list[int]
    """The line of each."""
    ids: list[str]
    """The attributes."""
    labels: np.ndarray
    """int8[N, A]: 1, 0, or -1 for unknown."""
    splits: list[str] | None
    """'train', 'val' or 'test' of each, where the file has such a column."""


class _Codes(dict):
    """Spelling -> code, each looked at once."""

    def __missing__(self, value: str) -> int:
        plain = value.strip().lower()
        codes = {"": _BLANK}
        for names, code in ((TRUE, _TRUE), (FALSE, _FALSE), (ZERO, _ZERO), (MINUS, _MINUS)):
            codes |= dict.fromkeys(names, code)
        self[value] = codes.get(plain, _WRONG)
        return self[value]


def read_attribute_csv(path: Path, attributes: Sequence[str] | None = None) -> AttributeTable:
    """Read a CSV file of `file,attribute...`, and `split` where it has that.

    A value is 1, true or yes; 0, -1, false or no; or blank for unknown.

    Args:
        path: the file.
        attributes: the columns to read, in this order; None: all but the file's and the split's.

    Raises: InputError for a damaged file, a value that is none of these, 0 and -1 in one file (one
        of them may stand for unknown), and an image listed twice; with the line and the column.
    """
    header, rows = read_rows(path)
    file_at = file_column(path, header)
    split_at = header.index(SPLIT) if SPLIT in header else None
    columns = [k for k in range(len(header)) if k not in (file_at, split_at)]
    ids = [header[k] for k in columns]
    if not ids:
        raise InputError(
            f"{path}, line 1: no column of attributes beside {', '.join(header)}; add one each"
        )
    columns = [columns[k] for k in choose(ids, attributes, path)]
    ids = [header[k] for k in columns]
    codes, cells = _Codes(), bytearray()
    files, lines, splits = [], [], []
    for line, row in rows:
        files.append(row[file_at].strip())
        lines.append(line)
        if split_at is not None:
            splits.append(split_of(path, line, row[split_at]))
        cells.extend([codes[row[k]] for k in columns])
    if not files:
        raise InputError(f"{path}: there is no row below the header")
    if "" in files:
        raise InputError(f"{path}, line {lines[files.index('')]}: names no file")
    check_once(path, files, lines)
    values = np.frombuffer(cells, np.uint8).reshape(len(files), len(ids))
    _check_values(path, values, lines, columns, header)
    labels = LABEL[values]
    return AttributeTable(path, files, lines, ids, labels, splits if split_at is not None else None)


def _check_values(
    path: Path, values: np.ndarray, lines: list[int], columns: list[int], header: list[str]
) -> None:
    """Raise InputError for the first value that cannot be understood."""

    def where(code: int) -> tuple[int, int] | None:
        found = np.flatnonzero(values.ravel() == code)
        return divmod(int(found[0]), len(columns)) if len(found) else None

    if (wrong := where(_WRONG)) is not None:
        row, k = wrong
        _, rows = read_rows(path)
        value = next(cells[columns[k]] for line, cells in rows if line == lines[row])
        raise InputError(
            f"{path}, line {lines[row]}, column {header[columns[k]]}: {value!r} is no value of an "
            f"attribute ({VALUES}). Correct it, or name the columns that are attributes with "
            "data.attributes=[...]"
        )
    zero, minus = where(_ZERO), where(_MINUS)
    if zero is not None and minus is not None:
        raise InputError(
            f"{path} holds both 0 (line {lines[zero[0]]}, column {header[columns[zero[1]]]}) and "
            f"-1 (line {lines[minus[0]]}, column {header[columns[minus[1]]]}): does one of them "
            f"mean unknown? Leave unknown values blank; {VALUES}"
        )

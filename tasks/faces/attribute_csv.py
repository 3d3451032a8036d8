"""A CSV file that gives the attributes of each image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, shortened
from tasks.faces.attribute_index import choose
from tasks.faces.csv_rows import ImageList, read_rows
from tasks.faces.group_columns import GroupColumn
from tasks.faces.groups import Groups

TRUE = ("1", "1.0", "true", "t", "yes", "y")
ZERO = ("0", "0.0")
MINUS = ("-1", "-1.0")
FALSE = ("false", "f", "no", "n")
VALUES = "1 or 0, 1 or -1, true or false, yes or no; blank is unknown"
_BLANK, _TRUE, _FALSE, _ZERO, _MINUS, _WRONG = range(6)
LABEL = np.array([-1, 1, 0, 0, 0, 0], np.int8)


@dataclass(frozen=True)
class AttributeTable:
    """The N images and A attributes that a file lists."""

    images: ImageList
    ids: list[str]
    """The attributes."""
    labels: np.ndarray
    """int8[N, A]: 1, 0, or -1 for unknown."""
    groups: tuple[Groups, ...] = ()
    """The groups of the images, one entry per column of groups."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.images.path


class _Codes(dict[str, int]):
    """Spelling -> code; each spelling is parsed once."""

    def __missing__(self, value: str) -> int:
        plain = value.strip().lower()
        codes = {"": _BLANK}
        for names, code in ((TRUE, _TRUE), (FALSE, _FALSE), (ZERO, _ZERO), (MINUS, _MINUS)):
            codes |= dict.fromkeys(names, code)
        self[value] = codes.get(plain, _WRONG)
        return self[value]


def read_attribute_csv(
    path: Path, attributes: Sequence[str] | None = None, groups: Sequence[str] = ()
) -> AttributeTable:
    """Read a CSV file with the columns `file,attribute...` and, optionally, `split`.

    A value is 1, true or yes; 0, -1, false or no; or blank for unknown.

    Args:
        path: of the file.
        attributes: the columns to read, in this order; None: all but those of files, splits and
            groups.
        groups: columns with the group of each image; each value is the name of a group, blank is
            unknown.

    Raises:
        InputError: the file is damaged; a value is another one; 0 and -1 are in one file, where one
            of them may mean unknown; an image is listed twice; there are too many groups. The
            message gives the line and the column.
    """
    header, rows = read_rows(path)
    images = ImageList(path, header)
    members = [GroupColumn(path, header, name) for name in groups]
    other = {images.file_at, images.split_at}
    if attributes is None:
        other |= {column.at for column in members}
    # a column without a name is the table's own numbering, or follows a trailing comma
    columns = [k for k, name in enumerate(header) if name and k not in other]
    ids = [header[k] for k in columns]
    if not ids:
        raise InputError(
            f"{path}, line 1: there is no column of attributes besides {listed_briefly(header)}; "
            "add one column per attribute"
        )
    columns = [columns[k] for k in choose(ids, attributes, path)]
    codes, cells = _Codes(), bytearray()
    for line, row in rows:
        images.add(line, row)
        cells.extend([codes[row[k]] for k in columns])
        for column in members:
            column.add(line, row)
    images.check()
    values = np.frombuffer(cells, np.uint8).reshape(len(images.files), len(columns))
    _check_values(images, values, columns, header)
    found = tuple(column.groups() for column in members)
    return AttributeTable(images, [header[k] for k in columns], LABEL[values], found)


def _check_values(
    images: ImageList, values: np.ndarray, columns: list[int], header: list[str]
) -> None:
    """Raise InputError for the first value that cannot be understood."""
    path, lines = images.path, images.lines

    def where(code: int) -> tuple[int, int] | None:
        found = np.flatnonzero(values.ravel() == code)
        return divmod(int(found[0]), len(columns)) if len(found) else None

    if (wrong := where(_WRONG)) is not None:
        row, k = wrong
        _, rows = read_rows(path)
        value = next(cells[columns[k]] for line, cells in rows if line == lines[row])
        raise InputError(
            f"{path}, line {lines[row]}, column {header[columns[k]]}: {shortened(repr(value))} is "
            f"not a value of an attribute ({VALUES}). Correct it, or name the columns that are "
            "attributes with data.attributes=[...], or those of groups with data.groups=[...]"
        )
    zero, minus = where(_ZERO), where(_MINUS)
    if zero is not None and minus is not None:
        raise InputError(
            f"{path} contains both 0 (line {lines[zero[0]]}, column {header[columns[zero[1]]]}) "
            f"and -1 (line {lines[minus[0]]}, column {header[columns[minus[1]]]}): does one of "
            f"them mean unknown? Leave unknown values blank; {VALUES}"
        )

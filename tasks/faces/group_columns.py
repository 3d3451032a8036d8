"""Columns of a CSV file that say to which group each face belongs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, shortened
from tasks.faces.groups import Groups

MOST_GROUPS = 50  # a column with more is probably not one of groups
LONGEST_NAME = 100  # characters of a group's name


class GroupColumn:
    """The groups in a column, collected row by row.

    Args:
        path: of the file, for messages.
        header: the names of its columns.
        name: of this column.

    Raises:
        InputError: there is no such column.
    """

    def __init__(self, path: Path, header: Sequence[str], name: str):
        if name not in header:
            raise InputError(
                f"data.groups: {path} has no column '{name}'; it has {listed_briefly(header)}"
            )
        self.path, self.name, self.at = path, name, header.index(name)
        self.numbers: dict[str, int] = {"": -1}
        self.of: list[int] = []

    def add(self, line: int, row: Sequence[str]) -> None:
        """Add a row.

        Raises:
            InputError: the value is too long, or there are too many different ones.
        """
        value = row[self.at].strip()
        if value not in self.numbers:
            where = f"{self.path}, line {line}, column {self.name}"
            if len(value) > LONGEST_NAME:
                raise InputError(
                    f"{where}: {shortened(value)} is too long for the name of a group (at most "
                    f"{LONGEST_NAME} characters)"
                )
            if len(self.numbers) > MOST_GROUPS:
                raise InputError(
                    f"{where}: more than {MOST_GROUPS} different groups. Write classes instead of "
                    "single values, such as '20 to 39' for an age, or name other columns with "
                    "data.groups=[...]"
                )
            self.numbers[value] = len(self.numbers) - 1
        self.of.append(self.numbers[value])

    def groups(self) -> Groups:
        """The groups of all rows, sorted by their names."""
        names = [name for name in self.numbers if name]
        order = np.argsort(np.argsort(np.array(names, dtype=object)))
        of = np.array(self.of, np.int64)
        of[of >= 0] = order[of[of >= 0]]
        return Groups(self.name, tuple(sorted(names)), of)

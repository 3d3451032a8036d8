"""What is particular to a set, as CSV files: breeds, classes, traits, plants, reliefs, places."""

import csv
from pathlib import Path

Row = dict[str, str]


def table(name: str) -> list[Row]:
    """Return the rows of `name`.csv in this folder, each a value per column."""
    with (Path(__file__).parent / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_by(name: str, key: str) -> dict[str, list[Row]]:
    """Return the rows of `name`.csv by their value of `key`, both in the file's order."""
    found: dict[str, list[Row]] = {}
    for row in table(name):
        found.setdefault(row[key], []).append(row)
    return found

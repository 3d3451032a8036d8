"""What is particular to a set, as CSV files: breeds, classes, plants, peoples, places."""

import csv
from pathlib import Path


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of `name`.csv in this folder, each a value per column."""
    with (Path(__file__).parent / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

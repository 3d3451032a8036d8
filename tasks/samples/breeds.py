"""Twelve breeds of Stanford Dogs, in the order of their folders, and the coats they come in.

A breed's build, head, ears, tail and fur are its file in `art/dogs`. Each shares some of them, or
its colours, with another breed, and none shares them all. A row of `tables/breeds.csv` is a coat:
the colour of the body, and of the parts that differ from what the file derives from it.
"""

from dataclasses import dataclass
from itertools import groupby

from tasks.samples.drawing.colors import COLORS, Color
from tasks.samples.tables import Row, table

OPTIONAL = ("saddle", "cheeks", "blaze", "ruff", "tip", "merle", "brindle")  # parts of some coats


@dataclass(frozen=True)
class Breed:
    """One breed under its name in Stanford Dogs, with the colours of each of its coats."""

    wnid: str
    name: str
    coats: tuple[dict[str, Color], ...]

    @property
    def folder(self) -> str:
        """The name of its folder in Stanford Dogs."""
        return f"{self.wnid}-{self.name}"

    @property
    def picture(self) -> str:
        """The name of its file in `art/dogs`."""
        return self.name.lower().replace("_", "-")


def _coat(row: Row) -> dict[str, Color]:
    parts = (part.split("=") for part in row["parts"].split())
    return {"body": COLORS["coat"][row["body"]], **{part: COLORS["coat"][c] for part, c in parts}}


BREEDS = tuple(
    Breed(wnid, name, tuple(map(_coat, rows)))
    for (wnid, name), rows in groupby(table("breeds"), lambda row: (row["wnid"], row["name"]))
)

"""The objects of the drawn samples: which files of `art/objects` show each, and how it is posed.

`tables/kinds.csv` has a row per kind, with a column per field of `Kind`.
"""

from dataclasses import dataclass, field
from typing import Any

from tasks.samples.drawing.art import Choices
from tasks.samples.drawing.colors import Color
from tasks.samples.tables import Row, table


@dataclass(frozen=True)
class Kind:
    """One way an object appears: the pictures of it and how it may be posed."""

    category_id: int  # COCO's own id, 1..90
    pictures: str  # names of files; a name twice is twice as frequent
    size: float  # relative to other objects in a scene
    share: float  # weight when a scene offers it: evens out the categories
    tilt: float = 4.0  # degrees, standard deviation
    stretch: float = 0.07  # of the aspect ratio, standard deviation of its logarithm
    mirror: bool = True
    flat: bool = False  # lies on its back wherever it is put
    turns: bool = False  # at any angle when it lies on a table
    above: float = 1.2  # how far up and down props reach, in halves of its side
    below: float = 1.2
    foot: float = 1.0  # share of its width that is near the ground and shades it
    on_pole: bool = False  # a prop carries it, and that pole's foot is on the ground
    folder: str = "objects"
    colors: dict[str, Color] = field(default_factory=dict, hash=False)  # instead of the file's
    choices: Choices = field(default_factory=dict, hash=False)


_NUMBERS = ("size", "share", "tilt", "stretch", "above", "below", "foot")
_FLAGS = ("mirror", "flat", "turns", "on_pole")


def _kind(row: Row) -> Kind:
    own: dict[str, Any] = {key: float(row[key]) for key in _NUMBERS}
    own |= {key: bool(row[key]) for key in _FLAGS}
    return Kind(int(row["category_id"]), row["pictures"], **own)


KINDS = {row["kind"]: _kind(row) for row in table("kinds")}
FLOCKING = tuple(KINDS[name] for name in ("flying bird", "kite", "boat"))
PILING = tuple(KINDS[name] for name in ("apple", "donut", "banana"))

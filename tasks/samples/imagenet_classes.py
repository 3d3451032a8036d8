"""The classes of ImageNet that can be drawn: what shows each, and where it is found.

`tables/imagenet.csv` has a row per class, by theme and not by WordNet id: ILSVRC2012_ID numbers
them in this order. Its `pictures`, `colors` and `choices` tell a class from others of its kind.
"""

from dataclasses import dataclass, replace

from tasks.samples import scenes
from tasks.samples.drawing.colors import hexed
from tasks.samples.kinds import KINDS, Kind
from tasks.samples.scenes import Draw
from tasks.samples.tables import Row, table


@dataclass(frozen=True)
class ImageNetClass:
    """A class under its WordNet id, with the words ImageNet has for it."""

    wnid: str
    words: str
    gloss: str
    kind: Kind
    like: str  # the name of the kind whose place it takes in a scene
    scenes: tuple[Draw, ...]


def _class(row: Row) -> ImageNetClass:
    like = KINDS[row["like"]]
    kind = replace(
        like,
        pictures=row["pictures"] or like.pictures,
        colors={k: hexed(v) for k, v in _pairs(row["colors"])},
        choices=dict.fromkeys(row["choices"].split(), True),
    )
    places = tuple(getattr(scenes, name) for name in row["scenes"].split())
    return ImageNetClass(row["wnid"], row["words"], row["gloss"], kind, row["like"], places)


def _pairs(text: str) -> list[list[str]]:
    return [pair.split("=") for pair in text.split()]


CLASSES = tuple(_class(row) for row in table("imagenet"))

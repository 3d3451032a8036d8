"""The classes of ImageNet that can be drawn: what shows each, and where it is found."""

from dataclasses import dataclass, replace
from typing import Any

from tasks.samples.kinds import KINDS, Kind
from tasks.samples.scenes import (
    Draw,
    beach,
    country_road,
    lake,
    meadow,
    room,
    snow,
    street,
    tabletop,
)

_PLACES: dict[str, tuple[Draw, ...]] = {
    "roads": (street, country_road),
    "winter roads": (street, country_road, snow),
    "skies": (meadow, beach, lake, snow, country_road),
    "lawns": (meadow, beach, snow),
    "lawns and room": (meadow, beach, snow, room),
    "perches": (meadow, beach, snow, street, country_road),
    "tables": (room, tabletop),
    "picnic": (room, tabletop, meadow),
    "house": (meadow, snow, street, room),
    "water": (beach, lake),
    "summer": (meadow, beach),
    "sills": (room, meadow, street),
    "room": (room,),
}
# by theme, not by WordNet id: ILSVRC2012_ID numbers them in this order. The columns are the id,
# ImageNet's words, a gloss, the kind of object whose place it takes, and where it is found
_TABLE = """
n02123045 | tabby, tabby cat | a striped cat | cat | house
n04399382 | teddy, teddy bear | a plush toy bear | teddy bear | lawns and room
n01537544 | indigo bunting, indigo finch, indigo bird, Passerina cyanea | a small blue finch \
| bird | perches
n01534433 | junco, snowbird | a small grey finch with a white belly | bird | perches
n01558993 | robin, American robin, Turdus migratorius | a thrush with a rusty breast \
| bird | perches
n02690373 | airliner | a passenger jet | airplane | skies
n04612504 | yawl | a small sailing boat | boat | water
n04285008 | sports car, sport car | a low and fast car | car | winter roads
n02814533 | beach wagon, station wagon, wagon, estate car, beach waggon, station waggon, waggon \
| a car with room behind its seats | car | winter roads
n02930766 | cab, hack, taxi, taxicab | a car for hire with its driver | car | winter roads
n04146614 | school bus | a bus that takes children to school | bus | roads
n06874185 | traffic light, traffic signal, stoplight | a light that halts and starts traffic \
| traffic light | roads
n06794110 | street sign | a sign that is read from the street | stop sign | winter roads
n04507155 | umbrella | a canopy on a stick that folds | umbrella | summer
n04254680 | soccer ball | a ball to be kicked | ball | lawns
n02802426 | basketball | a ball to be thrown through a hoop | ball | lawns
n07753592 | banana | a long yellow fruit | banana | picnic
n07742313 | Granny Smith | a green apple | apple | picnic
n07873807 | pizza, pizza pie | a flat bread baked with sauce and cheese | pizza | tables
n03063599 | coffee mug | a cup with a handle | cup | tables
n04522168 | vase | a jar for flowers | vase | room
n03991062 | pot, flowerpot | a pot that a plant grows in | plant | sills
n04548280 | wall clock | a clock that hangs on a wall | wall clock | room
n02708093 | analog clock | a clock with hands | alarm clock | room
"""
# what tells a class apart from others of its kind
_SORTS: dict[str, dict[str, Any]] = {
    "n02123045": {"choices": {"tabby": True}},
    "n01537544": {"colors": {"coat": (54, 96, 190), "belly": (78, 114, 195)}},
    "n01534433": {"colors": {"coat": (84, 86, 100), "belly": (244, 242, 240)}},
    "n01558993": {"colors": {"coat": (112, 92, 80), "belly": (222, 116, 58)}},
    "n02690373": {"pictures": "airliner"},
    "n04612504": {"pictures": "sailing-boat"},
    "n04285008": {"pictures": "sports-car"},
    "n02814533": {"pictures": "estate-car", "choices": {"rack": True}},
    "n02930766": {"pictures": "taxi"},
    "n04146614": {
        "pictures": "bus",
        "colors": {"paint": (242, 182, 44)},
        "choices": {"bands": True},
    },
    "n04254680": {"pictures": "football"},
    "n02802426": {"pictures": "basketball"},
    "n07742313": {"colors": {"skin": (134, 182, 66)}},
}


@dataclass(frozen=True)
class ImageNetClass:
    """A class under its WordNet id, with the words ImageNet has for it."""

    wnid: str
    words: str
    gloss: str
    kind: Kind
    like: str  # the name of the kind whose place it takes in a scene
    scenes: tuple[Draw, ...]


def _class(row: str) -> ImageNetClass:
    wnid, words, gloss, like, places = (cell.strip() for cell in row.split("|"))
    kind = replace(KINDS[like], **_SORTS.get(wnid, {}))
    return ImageNetClass(wnid, words, gloss, kind, like, _PLACES[places])


CLASSES = tuple(_class(row) for row in _TABLE.strip().splitlines())

"""The classes of ImageNet that can be drawn: what draws each, and where it is found."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tasks.samples import objects as o
from tasks.samples.drawing.colors import Rng
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.objects import Kind, birds, cats, craft, food, play, road
from tasks.samples.scenes.indoors import room, tabletop
from tasks.samples.scenes.nature import beach, lake, meadow, snow
from tasks.samples.scenes.scene import Draw
from tasks.samples.scenes.town import country_road, street


@dataclass(frozen=True)
class ImageNetClass:
    """A class under its WordNet id, with the words ImageNet has for it."""

    wnid: str
    words: str
    gloss: str
    kind: Kind
    like: Kind  # the kind whose place it takes in a scene
    scenes: tuple[Draw, ...]


def _one(
    wnid: str,
    words: str,
    gloss: str,
    like: Kind,
    scenes: tuple[Draw, ...],
    draw: Callable[[ObjectPen, Rng], None] | None = None,
) -> ImageNetClass:
    """Describe a class that is posed as `like` is; `draw`, if given, draws one sort of it."""
    kind = like if draw is None else replace(like, draw=draw)
    return ImageNetClass(wnid, words, gloss, kind, like, scenes)


_ROADS, _SKIES = (street, country_road), (meadow, beach, lake, snow, country_road)
_LAWNS, _TABLES = (meadow, beach, snow), (room, tabletop)
_PERCHES = (meadow, beach, snow, street, country_road)

# by theme, not by WordNet id: ILSVRC2012_ID numbers them in this order
CLASSES: tuple[ImageNetClass, ...] = (
    _one(
        "n02123045",
        "tabby, tabby cat",
        "a striped cat",
        o.CAT,
        (*_LAWNS[::2], street, room),
        cats.tabby,
    ),
    _one("n04399382", "teddy, teddy bear", "a plush toy bear", o.TEDDY_BEAR, (*_LAWNS, room)),
    _one(
        "n01537544",
        "indigo bunting, indigo finch, indigo bird, Passerina cyanea",
        "a small blue finch",
        o.BIRD,
        _PERCHES,
        birds.indigo_bunting,
    ),
    _one(
        "n01534433",
        "junco, snowbird",
        "a small grey finch with a white belly",
        o.BIRD,
        _PERCHES,
        birds.junco,
    ),
    _one(
        "n01558993",
        "robin, American robin, Turdus migratorius",
        "a thrush with a rusty breast",
        o.BIRD,
        _PERCHES,
        birds.robin,
    ),
    _one("n02690373", "airliner", "a passenger jet", o.AIRPLANE, _SKIES, craft.airliner),
    _one("n04612504", "yawl", "a small sailing boat", o.BOAT, (beach, lake), craft.sailing_boat),
    _one(
        "n04285008",
        "sports car, sport car",
        "a low and fast car",
        o.CAR,
        (*_ROADS, snow),
        road.sports_car,
    ),
    _one(
        "n02814533",
        "beach wagon, station wagon, wagon, estate car, beach waggon, station waggon, waggon",
        "a car with room behind its seats",
        o.CAR,
        (*_ROADS, snow),
        road.estate_car,
    ),
    _one(
        "n02930766",
        "cab, hack, taxi, taxicab",
        "a car for hire with its driver",
        o.CAR,
        (*_ROADS, snow),
        road.taxi,
    ),
    _one(
        "n04146614",
        "school bus",
        "a bus that takes children to school",
        o.BUS,
        _ROADS,
        road.school_bus,
    ),
    _one(
        "n06874185",
        "traffic light, traffic signal, stoplight",
        "a light that halts and starts traffic",
        o.TRAFFIC_LIGHT,
        _ROADS,
    ),
    _one(
        "n06794110",
        "street sign",
        "a sign that is read from the street",
        o.STOP_SIGN,
        (*_ROADS, snow),
    ),
    _one("n04507155", "umbrella", "a canopy on a stick that folds", o.UMBRELLA, (meadow, beach)),
    _one(
        "n04254680", "soccer ball", "a ball to be kicked", o.SPORTS_BALL, _LAWNS, play.soccer_ball
    ),
    _one(
        "n02802426",
        "basketball",
        "a ball to be thrown through a hoop",
        o.SPORTS_BALL,
        _LAWNS,
        play.basketball,
    ),
    _one("n07753592", "banana", "a long yellow fruit", o.BANANA, (*_TABLES, meadow)),
    _one(
        "n07742313", "Granny Smith", "a green apple", o.APPLE, (*_TABLES, meadow), food.granny_smith
    ),
    _one(
        "n07873807",
        "pizza, pizza pie",
        "a flat bread baked with sauce and cheese",
        o.PIZZA,
        _TABLES,
    ),
    _one("n03063599", "coffee mug", "a cup with a handle", o.CUP, _TABLES),
    _one("n04522168", "vase", "a jar for flowers", o.VASE, (room,)),
    _one(
        "n03991062",
        "pot, flowerpot",
        "a pot that a plant grows in",
        o.POTTED_PLANT,
        (room, meadow, street),
    ),
    _one("n04548280", "wall clock", "a clock that hangs on a wall", o.WALL_CLOCK, (room,)),
    _one("n02708093", "analog clock", "a clock with hands", o.ALARM_CLOCK, (room,)),
)

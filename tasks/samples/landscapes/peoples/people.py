"""What a picture needs to know about the people whose land it shows."""

from dataclasses import dataclass
from typing import Literal

from tasks.samples.drawing.colors import Color
from tasks.samples.landscapes.flora import Draw
from tasks.samples.landscapes.things import boats, traffic

Crop = Literal["corn", "wheat", "rape", "sunflower", "vines", "tea", "rice", "lavender", "plough"]
Sign = tuple[Literal["diamond", "triangle"], Color, Color]  # a warning: shape, field, border
WHITE: Color = (240, 240, 234)
YELLOW: Color = (240, 190, 50)
_RED: Color = (206, 44, 40)
_BLACK: Color = (40, 38, 40)
DIAMOND: Sign = ("diamond", (248, 196, 40), _BLACK)
TRIANGLE: Sign = ("triangle", (248, 246, 240), _RED)
YELLOW_TRIANGLE: Sign = ("triangle", (250, 206, 60), _RED)
BLACK_TRIANGLE: Sign = ("triangle", (250, 206, 60), _BLACK)


@dataclass(frozen=True)
class People:
    """What people build, drive, plant and keep; a thing named twice is twice as frequent."""

    realm: str  # of `flora`
    homes: tuple[Draw, ...]  # in the open country
    town: tuple[Draw, ...]  # along a street
    landmarks: tuple[Draw, ...] = ()
    skyline: tuple[Draw, ...] = ()  # towers behind a street
    left: bool = False  # whether they drive on the left
    centre: Color = WHITE  # the line in the middle of a road
    double: bool = False  # whether that line is double and unbroken
    edge: Color | None = WHITE  # the lines at a road's edges
    paved: float = 1.0  # share of country roads that are paved
    sign: Sign = TRIANGLE
    poles: Literal["wood", "concrete", "lattice", ""] = "wood"
    fence: Literal["rail", "stone", "wire", "hedge", ""] = ""
    crops: tuple[Crop, ...] = ()
    beasts: tuple[Draw, ...] = ()  # livestock, by the road
    game: tuple[Draw, ...] = ()  # wild animals
    boat: Draw = boats.sail
    traffic: tuple[Draw, ...] = (traffic.car, traffic.car, traffic.van)
    boards: Literal["awnings", "upright", ""] = ""  # over shops

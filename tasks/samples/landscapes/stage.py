"""Where things stand in a picture: how large and how hazy they look, and their order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, mix
from tasks.samples.drawing.shapes import ring
from tasks.samples.landscapes.flora import COVER, Draw, Flora, flora
from tasks.samples.landscapes.gazetteer import Place
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import SNOW, Moment
from tasks.samples.landscapes.peoples import PEOPLES
from tasks.samples.landscapes.peoples.people import People

SOILS: dict[str, Color] = {
    "brown": (150, 122, 90),
    "black": (84, 70, 62),
    "red": (190, 98, 62),
    "yellow": (206, 174, 118),
    "sand": (228, 200, 148),
    "grey": (150, 146, 140),
}
_SHADE = (26, 30, 60, 70)

Measure = TypeVar("Measure", float, np.ndarray)  # one number, or an array of them


@dataclass
class Stage:
    """A picture in the making.

    Positions in the frame are in units of its height, things in metres. The ground is level: a
    thing `distance` metres away has its foot `eye / distance` below the horizon and is drawn at
    1 / `distance` units per metre, as with a focal length equal to the picture's height.
    """

    pen: LitPen
    rng: Rng
    place: Place
    now: Moment
    aspect: float
    horizon: float
    eye: float  # metres above the ground
    things: list[tuple[float, float, Draw, bool]] = field(default_factory=list)

    @property
    def people(self) -> People:
        """Whose land it is."""
        return PEOPLES[self.place.people]

    @property
    def flora(self) -> Flora:
        """What grows there."""
        return flora(self.people.realm, self.place.climate.biome)

    @property
    def soil(self) -> Color:
        """The colour of bare ground."""
        return SOILS[self.place.soil]

    @property
    def green(self) -> Color:
        """The colour of the ground with its plants, without snow."""
        return mix(self.soil, self.now.grass, COVER[self.place.climate.biome][1])

    @property
    def ground(self) -> Color:
        """The colour of the ground, or of the snow on it."""
        return SNOW if self.now.snow else self.green

    def foot(self, distance: Measure) -> Measure:
        """How far down the frame the ground is at a distance in metres."""
        return self.horizon + self.eye / distance

    def haze(self, distance: float) -> float:
        """How much haze is in front of a thing at a distance, from 0 to 1."""
        return float(1 - np.exp(-distance * self.now.haze / 700))

    def put(
        self, x: float, distance: float, draw: Draw, width: float = 0, mirror: bool = False
    ) -> None:
        """Add a thing to be drawn in its turn; one with a `width` in metres casts a shadow."""
        self.things.append((distance, x, _shaded(draw, width) if width else draw, mirror))

    def scatter(
        self,
        draws: tuple[Draw, ...],
        count: int,
        distances: tuple[float, float],
        clear: Callable[[float, float], bool] = lambda x, distance: True,
        width: float = 0,
    ) -> None:
        """Add up to `count` of `draws` at random, log-uniform in distance, where it is `clear`."""
        low, high = np.log(distances)
        for _ in range(count if draws else 0):
            distance, x = (
                float(np.exp(self.rng.uniform(low, high))),
                self.rng.uniform(0, self.aspect),
            )
            if clear(x, distance):
                draw = draws[int(self.rng.integers(len(draws)))]
                self.put(x, distance, draw, width, mirror=bool(self.rng.random() < 0.5))

    def paint(self) -> None:
        """Draw all things, the farthest first."""
        for distance, x, draw, mirror in sorted(self.things, key=lambda thing: -thing[0]):
            with (
                self.pen.far(self.haze(distance)),
                self.pen.at(x, self.foot(distance), 1 / distance, mirror),
            ):
                draw(self.pen, self.rng, self.now)
        self.things.clear()


def _shaded(draw: Draw, width: float) -> Draw:
    """Return the same thing with its shadow, which is long when the sun is low."""

    def shaded(pen: LitPen, rng: Rng, now: Moment) -> None:
        if now.sun > 2 and now.cloud < 0.7:
            reach = width * min(4.0, 1 / np.tan(np.radians(now.sun)))
            pen.shape(
                ring(0.4 * reach, 0, 0.5 * width + 0.4 * reach, 0.1 * width, count=20), _SHADE
            )
        draw(pen, rng, now)

    return shaded

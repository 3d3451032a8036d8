"""Pictures of a place: open country, a town, the coast or the wild, at some moment.

Positions in the frame are in units of its height. The ground is level: a thing `distance` metres
away has its foot `eye / distance` below the horizon and is drawn at 1 / `distance` units per metre,
as with a focal length equal to the picture's height.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from tasks.samples import backdrop
from tasks.samples.drawing.art import Choices, art
from tasks.samples.drawing.colors import DAY, Color, Rng, Tint, any_of, dark, light, mix, near
from tasks.samples.drawing.pen import Fill, Pen
from tasks.samples.drawing.shapes import Points, box, curve, ring
from tasks.samples.earth import PEOPLES, Place
from tasks.samples.moment import SNOW, Moment, moment

SOILS: dict[str, Color] = {
    "brown": (150, 122, 90),
    "black": (84, 70, 62),
    "red": (190, 98, 62),
    "yellow": (206, 174, 118),
    "sand": (228, 200, 148),
    "grey": (150, 146, 140),
}
# for each biome: how many trees stand in an open view, and the share of soil that is green
COVER = {
    "rain_forest": (34, 0.95),
    "savanna": (9, 0.75),
    "desert": (3, 0.06),
    "steppe": (3, 0.5),
    "mediterranean": (10, 0.65),
    "subtropical": (14, 0.9),
    "temperate": (16, 1.0),
    "boreal": (30, 0.9),
    "tundra": (0, 0.75),
    "ice": (0, 0.0),
}
# what rises on the horizon, from far to near: a file of `art/relief`, how hazy it is, the tallest
# and its width, how many, km of its summit above the place; then the height of the hills before it
RELIEFS: dict[str, tuple[list[tuple[str, float, float, float, int, float]], float]] = {
    "plain": ([], 0.03),
    "hills": ([], 0.13),
    "alps": ([("mountain", 0.5, 0.34, 1.0, 5, 2.6), ("mountain", 0.28, 0.22, 1.0, 6, 2.6)], 0.05),
    "himalaya": ([("mountain", 0.5, 0.36, 1.0, 5, 5.5), ("mountain", 0.3, 0.24, 1, 5, 5.5)], 0.05),
    "volcano": ([("volcano", 0.45, 0.34, 1.0, 1, 3.4)], 0.1),
    "karst": ([("karst", 0.6, 0.3, 0.5, 6, 0), ("karst", 0.3, 0.22, 0.6, 6, 0)], 0.0),
    "mesa": ([("mesa", 0.5, 0.16, 1.2, 3, 0), ("mesa", 0.25, 0.2, 1.3, 2, 0)], 0.0),
    "dunes": ([("dune", 0.4, 0.16, 3.4, 5, 0), ("dune", 0.15, 0.12, 4.0, 5, 0)], 0.0),
    "fjord": ([("cliff", 0.55, 0.3, 1, -2, 1.6), ("cliff", 0.2, 0.42, 1, -2, 1.6)], 0.0),
}
_ROCKS: dict[str, Color] = {"mesa": (196, 112, 70), "volcano": (104, 92, 96)}
_ROCK: Color = (124, 118, 116)
_TWIGS: Color = (146, 126, 106)
_SHADE = (26, 30, 60, 70)


class LitPen(Pen):
    """A pen that takes colours as they are in full daylight and adapts them to the current light.

    The unit is the frame's height.
    """

    def __init__(self, frame: tuple[int, int], tint: Tint, haze: Color):
        super().__init__(frame, np.eye(2) * frame[1], (0, 0), supersample=2)
        self.haze, self.tint = haze, tint
        self._channels = self._through(0.0, 0.0, tint)

    def shape(
        self, points: Points, fill: Fill, ink: Color | None = None, width: float = 0.03
    ) -> None:
        """Fill a closed outline, as `Pen.shape` does, in the current light."""
        lit: Fill
        if isinstance(fill[0], tuple):
            lit = self.lit(fill[0]), self.lit(fill[1])
        else:
            lit = self.lit(fill)
        super().shape(points, lit, ink and self.lit(ink), width)

    def stroke(self, points: Points, width: float, fill: Color) -> None:
        """Draw an open line in the current light."""
        super().stroke(points, width, self.lit(fill))

    @contextmanager
    def seen(
        self, haze: float = 0.0, frost: float = 0.0, tint: Tint | None = None
    ) -> Iterator[None]:
        """Draw what is drawn inside through haze, under frost (0 to 1), or in other light."""
        saved = self._channels
        self._channels = self._through(haze, frost, tint or self.tint)
        yield
        self._channels = saved

    def _through(self, haze: float, frost: float, tint: Tint) -> list[tuple[float, float]]:
        gains = [light * (1 - haze) for light in tint]
        return [
            (gain * (1 - frost), gain * frost * snow + haze * veil + 0.5)
            for gain, snow, veil in zip(gains, SNOW, self.haze, strict=True)
        ]

    def lit(self, color: Color) -> Color:
        """Return how a colour looks now."""
        (r, r0), (g, g0), (b, b0) = self._channels
        seen = min(255, int(color[0] * r + r0)), min(255, int(color[1] * g + g0))
        return (*seen, min(255, int(color[2] * b + b0)), *color[3:])


@dataclass
class View:
    """A picture in the making."""

    pen: LitPen
    rng: Rng
    place: Place
    now: Moment
    aspect: float
    horizon: float
    eye: float  # metres above the ground
    things: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def green(self) -> Color:
        """The colour of the ground with its plants, without snow."""
        return mix(SOILS[self.place.soil], self.now.grass, COVER[self.place.climate.biome][1])

    @property
    def ground(self) -> Color:
        """The colour of the ground, or of the snow on it."""
        return SNOW if self.now.snow else self.green

    def owned(self, what: str) -> list[str]:
        """Return what the people here have: homes, town, landmarks, animals or boat."""
        return PEOPLES[self.place.people][what].split()

    def scatter(
        self,
        names: Sequence[str],
        count: int,
        distances: tuple[float, float],
        clear: Callable[[float], bool] = lambda x: True,
    ) -> None:
        """Add up to `count` of `names` at random, log-uniform in distance, where x is `clear`."""
        low, high = np.log(distances)
        for _ in range(count if names else 0):
            x, distance = self.rng.uniform(0, self.aspect), np.exp(self.rng.uniform(low, high))
            if clear(x):
                self.things.append((float(distance), x, any_of(self.rng, names)))

    def paint(self) -> None:
        """Draw all things, the farthest first, with their shadows."""
        now, pen = self.now, self.pen
        colors = {"leaf": now.leaf or _TWIGS, "grass": now.grass}
        for distance, x, name in sorted(self.things, reverse=True):
            picture, foot = art(f"land/{name}"), self.horizon + self.eye / distance
            size = picture.metres / distance
            haze = float(1 - np.exp(-distance * now.haze / 700))
            with pen.seen(haze, 0.45 * now.snow):
                if now.sun > 2 and now.cloud < 0.7 and size > 0.05:
                    pen.shape(ring(x + 0.2 * size, foot, 0.5 * size, 0.05 * size), _SHADE)
                matrix = size * np.diag((self.rng.choice((-1.0, 1.0)), 1.0))
                picture.draw(pen, self.rng, matrix, (x, foot), colors)
        self.things.clear()


def sky(view: View) -> None:
    """The sky above the horizon with sun, clouds or stars."""
    pen, rng, now, aspect = view.pen, view.rng, view.now, view.aspect
    with pen.seen(tint=DAY):
        backdrop.sky(pen, aspect, view.horizon, now.zenith, now.horizon)
        if now.sun < -4 and now.cloud < 0.6:
            backdrop.stars(pen, rng, aspect, 0.8 * view.horizon)
        if 0 < now.sun < 40 and now.cloud < 0.6 and rng.random() < 0.45:
            y = view.horizon * max(0.1, 0.95 - now.sun / 28)
            backdrop.sun(pen, rng.uniform(0.05, 0.95) * aspect, y, 0.045, (255, 214, 130))
        tone = mix(mix(now.horizon, (255, 255, 255), 0.55), (150, 156, 170), 0.5 * now.cloud)
        count = round(9 * now.cloud * rng.uniform(0.5, 1.2))
        backdrop.clouds(pen, rng, aspect, 0.85 * view.horizon, count, tone)


def relief(view: View) -> None:
    """What rises on the horizon, with snow down to the snow line."""
    rng, foot = view.rng, view.horizon + 0.01
    rises, hills = RELIEFS[view.place.relief]
    for name, haze, tallest, wide, count, summit in rises:
        rock = mix(_ROCKS.get(name, _ROCK), view.green, 0.35)
        if name in ("dune", "mesa"):
            rock = mix(SOILS[view.place.soil], rock, 0.4 * (name == "mesa"))
        colors: dict[str, Color] = {"rock": near(rng, rock, 8), "foot": view.green}
        colors["green"] = near(rng, dark(view.now.grass, 0.2), 8)
        with view.pen.seen(haze):
            for i in range(abs(count)):
                x = rng.uniform(-0.05, 0.05) + (i + rng.uniform(0.1, 0.9)) * view.aspect / count
                size, side = tallest * rng.uniform(0.5, 1.0), rng.choice((-1.0, 1.0))
                if count < 0:  # walls that close in from both sides
                    side, x = 2.0 * i - 1, (0.5 + (0.1 + haze) * (i - 0.5)) * view.aspect
                choices: Choices = {"cap": _cap(view, summit * size / tallest)}
                matrix = np.diag((side * wide * size, size))
                art(f"relief/{name}").draw(view.pen, rng, matrix, (x, foot), colors, choices)
    slope = mix(SNOW, (96, 116, 120), 0.14) if view.now.snow else dark(view.green, 0.14)
    if hills:
        for haze in (0.5, 0.25):
            with view.pen.seen(haze):
                height = hills * (0.6 + haze)
                backdrop.hills(view.pen, rng, view.aspect, foot, height, near(rng, slope, 6))


def _cap(view: View, summit: float) -> str:
    """How much of something that rises `summit` km is under snow."""
    snowy = 1 - view.now.snowline / summit if summit else 0.0
    return ("none", "low", "middle", "deep")[int(np.clip(np.ceil(3.2 * snowy), 0, 3))]


def plane(view: View) -> None:
    """The level ground, its uneven colour, its grass."""
    pen, rng, ground = view.pen, view.rng, view.ground
    far = mix(ground, pen.haze, 0.35)
    pen.shape(box(-0.01, view.horizon, view.aspect + 0.01, 1.01), (far, ground))
    if view.now.snow:
        return
    for y in view.horizon + (1 - view.horizon) * rng.random(6) ** 2:
        x, wide = rng.uniform(0, view.aspect), 0.1 + 1.2 * (y - view.horizon)
        tone = SOILS[view.place.soil] if rng.random() < 0.5 else view.now.grass
        pen.shape(ring(x, y, wide, 0.12 * wide, count=20), (*tone, 70))
    backdrop.grass(pen, rng, view.aspect, view.horizon + 0.03, ground, blooms=False, count=36)


def country(view: View) -> None:
    """Fields, a house or two, livestock."""
    rng, (trees, low) = view.rng, view.place.grows()
    relief(view)
    plane(view)
    count = COVER[view.place.climate.biome][0]
    view.scatter(trees, round(count * rng.uniform(0.4, 1)), (22, 160))
    view.scatter(low, int(rng.integers(5, 16)), (7, 30))
    view.scatter(view.owned("homes"), int(rng.integers(1, 4)), (14, 40))
    view.scatter(view.owned("landmarks"), int(rng.random() < 0.6), (20, 60))
    view.scatter(view.owned("animals"), int(rng.integers(0, 5)), (10, 30))
    view.paint()


def town(view: View) -> None:
    """A row of houses along a street, and what rises behind them."""
    rng, (trees, _) = view.rng, view.place.grows()
    relief(view)
    plane(view)
    houses, marks = view.owned("town"), view.owned("landmarks")
    distance, x = rng.uniform(17, 28), rng.uniform(-0.1, 0.15)
    while x < view.aspect + 0.15:
        name = any_of(rng, houses) if rng.random() < 0.85 or not trees else any_of(rng, trees)
        half = (0.9 if name in houses else 0.5) * art(f"land/{name}").metres / distance
        view.things.append((distance * rng.uniform(0.97, 1.03), x + half, name))
        x += 2 * half + rng.uniform(0.0, 0.05)
    view.scatter(houses, int(rng.integers(2, 6)), (1.5 * distance, 3 * distance))
    if rng.random() < 0.7:
        view.scatter(marks, 1, (1.4 * distance, 2.2 * distance))
    top = view.horizon + view.eye / (0.9 * distance)
    tone = SNOW if view.now.snow else mix(SOILS[view.place.soil], (128, 126, 130), 0.6)
    view.paint()
    view.pen.shape(box(-0.01, top, view.aspect + 0.01, 1.01), (dark(tone, 0.1), tone))
    view.scatter(trees, int(rng.integers(0, 3)), (0.82 * distance, 0.9 * distance))
    view.scatter(view.owned("animals"), int(rng.random() < 0.25), (0.5 * distance, 0.8 * distance))
    view.paint()


def coast(view: View) -> None:
    """Sea, a shore, boats, what stands by the water."""
    rng, place, now, (trees, low) = view.rng, view.place, view.now, view.place.grows()
    shore = rng.uniform(0.66, 0.8)
    if RELIEFS[place.relief][0] and rng.random() < 0.7:
        relief(view)
    water(view, (view.horizon, shore + 0.06))
    near_shore = view.eye / (shore - view.horizon)
    view.scatter(view.owned("boat"), int(rng.integers(0, 4)), (1.1 * near_shore, 3.5 * near_shore))
    view.paint()
    mean = place.climate.mean
    sand: Color = (246, 230, 194) if mean > 21 else (226, 200, 152) if mean > 9 else (150, 144, 134)
    sand = SNOW if now.snow else (92, 86, 88) if place.soil == "black" else sand
    backdrop.sand(view.pen, rng, view.aspect, shore, sand)
    side = any_of(rng, (-1, 1))
    edge = view.aspect / 2 + side * rng.uniform(-0.05, 0.3) * view.aspect
    _spit(view, side, edge, shore)
    back = view.eye / (shore - 0.02 - view.horizon)

    def ashore(x: float) -> bool:
        return side * (x - edge) > 0.05

    view.scatter(trees, int(rng.integers(6, 16)), (0.85 * back, 1.6 * back), ashore)
    view.scatter(low, int(rng.integers(3, 9)), (0.55 * back, 1.1 * back), ashore)
    view.scatter(view.owned("town"), int(rng.integers(2, 8)), (1.4 * back, 2.4 * back), ashore)
    if place.people == "station":
        view.scatter(view.owned("animals"), 3, (0.5 * back, 0.9 * back))
    view.paint()


def _spit(view: View, side: int, edge: float, shore: float) -> None:
    """Land that rises from the beach towards one side of the frame."""
    outer = view.aspect / 2 + side * (view.aspect / 2 + 0.1)
    rise = np.array((0.0, 0.3, 0.5, 0.62, 0.7, 0.75)) * (shore - view.horizon)
    top = curve(np.stack([np.linspace(edge, outer, 6), shore + 0.03 - rise], 1), closed=False)
    green = near(view.rng, view.ground, 6)
    outline = np.concatenate([top, [(outer, shore + 0.05)]])
    view.pen.shape(outline, (light(green, 0.08), dark(green, 0.1)))


def water(view: View, rows: tuple[float, float], lake: bool = False) -> None:
    """The sea or a lake, coloured by the climate and by the sky, with ice where it is cold."""
    mean, rng = view.place.climate.mean, view.rng
    tones: tuple[Color, Color] = ((70, 108, 136), (74, 124, 142))
    if lake:
        tones = (104, 146, 170), (58, 104, 132)
    elif mean > 21:
        tones = (34, 122, 184), (84, 204, 198)
    elif mean > 12.5:
        tones = (38, 98, 164), (64, 146, 188)
    cloud = 0.15 + 0.35 * view.now.cloud
    far, close = (near(rng, mix(tone, view.now.horizon, cloud), 8) for tone in tones)
    backdrop.sea(view.pen, rng, view.aspect, rows, far, close)
    for d in np.sort(rng.random(int(rng.integers(6, 18)) * (mean < -3))):
        x, y = rng.uniform(0, view.aspect), rows[0] + (rows[1] - rows[0]) * (0.04 + 0.9 * d)
        size = rng.uniform(0.2, 1) * (0.03 + 0.08 * d)
        art("relief/iceberg").draw(
            view.pen, rng, np.diag((size, size * rng.uniform(0.1, 1))), (x, y)
        )


def wild(view: View) -> None:
    """Land without people."""
    rng, climate, (trees, low) = view.rng, view.place.climate, view.place.grows()
    relief(view)
    plane(view)
    count, wet = COVER[climate.biome][0], climate.rain > 400 and rng.random() < 0.4
    if wet:
        top = view.horizon + rng.uniform(0.02, 0.06)
        bottom = top + rng.uniform(0.1, 0.25)
        if view.now.snow:  # frozen over
            view.pen.shape(box(-0.01, top, view.aspect + 0.01, bottom), (214, 228, 240))
        else:
            water(view, (top, bottom), lake=True)
        ground, line = view.ground, np.linspace(-0.1, view.aspect + 0.1, 6)
        shore = curve(np.stack([line, bottom + rng.uniform(-0.04, 0.02, 6)], 1), closed=False)
        corners = [(view.aspect + 0.2, 1.05), (-0.2, 1.05)]
        view.pen.shape(np.concatenate([shore, corners]), ground)
    nearest = 32 if climate.biome == "rain_forest" else 16
    view.scatter(trees, round(count * rng.uniform(0.7, 1.3)), (nearest, 150))
    view.scatter(low, int(rng.integers(8, 20)), (6, 40))
    view.scatter(view.owned("animals"), int(rng.integers(0, 5)), (8, 26))
    view.paint()


VIEWS = (country, town, coast, wild)
HORIZONS = ((0.4, 0.52), (0.46, 0.54), (0.36, 0.46), (0.4, 0.54))  # how far down the frame
EYES = ((2.6, 4.2), (2.6, 4.2), (7, 12), (2.6, 4.2))  # metres; the sea is seen from a height


def begin(frame: tuple[int, int], place: Place, rng: Rng, kind: int = 0) -> View:
    """Return a view of a kind in a frame (width, height), at some moment, with its sky."""
    now, (width, height) = moment(place.climate, rng), frame
    horizon, eye = rng.uniform(*HORIZONS[kind]), rng.uniform(*EYES[kind])
    view = View(
        LitPen(frame, now.light, now.horizon), rng, place, now, width / height, horizon, eye
    )
    sky(view)
    return view


def draw_view(frame: tuple[int, int], place: Place, rng: Rng) -> LitPen:
    """Draw what is seen at a place, at some moment, in a frame (width, height)."""
    kind = int(rng.choice(len(VIEWS), p=np.divide(place.views, sum(place.views))))
    view = begin(frame, place, rng, kind)
    VIEWS[kind](view)
    if view.now.falling:
        backdrop.snowfall(view.pen, rng, view.aspect)
    return view.pen

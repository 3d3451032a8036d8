"""Roads into the distance, with what stands beside them and drives on them."""

from collections.abc import Callable

import numpy as np

from tasks.samples.drawing.colors import (
    INK,
    STEEL,
    TYRE,
    Color,
    Rng,
    any_of,
    dark,
    light,
    near,
    shaded,
)
from tasks.samples.drawing.shapes import box, curve, path, placed, ring
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import SNOW, Moment
from tasks.samples.landscapes.peoples.people import People
from tasks.samples.landscapes.stage import Measure, Stage

LANE = 3.0  # metres
_ASPHALT: Color = (112, 112, 120)
_PAINTS: tuple[Color, ...] = (
    (206, 60, 52),
    (236, 234, 228),
    (60, 70, 86),
    (150, 156, 164),
    (56, 104, 168),
)


class Road:
    """A road from the viewer's feet to the horizon.

    The camera stands in its own lane, so the road's middle is to its left where people drive on the
    right.
    """

    def __init__(self, stage: Stage):
        rng, self.stage = stage.rng, stage
        self.side = -1 if stage.people.left else 1  # side of the nearer verge: 1 is right
        self.middle = -self.side * LANE / 2 + rng.normal(0, 0.4)
        self.vanishing = (0.5 + 0.18 * self.side * rng.random()) * stage.aspect
        self.bend = rng.normal(0, 0.12)
        self.paved = rng.random() < stage.people.paved

    def x(self, across: float, distance: Measure) -> Measure:
        """Return the frame's x of a point on the ground, `across` metres right of the camera."""
        far = 1 - np.minimum(1, 9 / distance)
        return self.vanishing + self.bend * (far**3 - far) + across / distance

    def clear(self, x: float, distance: float) -> bool:
        """Say whether a thing there would stand clear of the road."""
        return abs((x - self.x(self.middle, distance)) * distance) > LANE + 2.5

    def line(
        self, across: float, width: float, color: Color, start: float = 4, end: float = 400
    ) -> None:
        """Paint a strip along the road, its middle and width in metres."""
        distance = np.geomspace(start, end, 14 if end > 2 * start else 2)
        left, right = (
            np.stack([self.x(across + w, distance), self.stage.foot(distance)], 1)
            for w in (-width / 2, width / 2)
        )
        self.stage.pen.shape(np.concatenate([left, right[::-1]]), color)

    def draw(self) -> None:
        """Draw the surface and its lines."""
        stage, people = self.stage, self.stage.people
        rng, soil = stage.rng, near(stage.rng, stage.soil, 8)
        verge = light(soil, 0.1) if not stage.now.snow else dark(SNOW, 0.08)
        self.line(self.middle, 2 * LANE + 1.6, verge)
        if not self.paved:
            track = soil if not stage.now.snow else dark(SNOW, 0.16)
            self.line(self.middle, 2 * LANE - 1, light(track, 0.16))
            for across in (-1.8, -0.9, 0.9, 1.8):
                self.line(self.middle + across, 0.5, dark(track, 0.1))
            return
        asphalt = near(rng, light(_ASPHALT, 0.45) if stage.now.snow else _ASPHALT, 10)
        self.line(self.middle, 2 * LANE, asphalt)
        if people.edge is not None:
            for across in (0.25 - LANE, LANE - 0.25):
                self.line(self.middle + across, 0.22, people.edge)
        if people.double:
            for across in (-0.22, 0.22):
                self.line(self.middle + across, 0.2, people.centre)
        else:
            for start in np.arange(5 + rng.uniform(0, 6), 90, 9):
                self.line(self.middle, 0.28, people.centre, start, start + 4)

    def verge(self, metres: float) -> float:
        """Return how far right of the camera a thing is that stands `metres` beside the lane."""
        return self.middle + self.side * (LANE + metres)

    def furnish(self) -> None:
        """Add signs, poles, fences and cars."""
        stage, people, rng = self.stage, self.stage.people, self.stage.rng
        if self.paved and rng.random() < 0.6:
            distance = rng.uniform(9, 22)
            self.stage.put(self.x(self.verge(1.2), distance), distance, warning(people))
        if people.poles and rng.random() < 0.6:
            self._poles(rng.choice((-1, 1)), rng.uniform(14, 20))
        if people.fence and rng.random() < 0.6:
            side = rng.choice((-1, 1))
            fence(self, people.fence, self.middle + side * (LANE + 3.2))
        if rng.random() < 0.5:  # oncoming, in the other lane
            distance = rng.uniform(11, 45)
            place = self.x(self.middle - self.side * LANE / 2, distance)
            stage.put(place, distance, car_end(True), width=2)
        if rng.random() < 0.3:
            distance = rng.uniform(18, 60)
            place = self.x(self.middle + self.side * LANE / 2, distance)
            stage.put(place, distance, car_end(False), width=2)

    def _poles(self, side: int, gap: float) -> None:
        stage, kind = self.stage, self.stage.people.poles
        across = self.middle + side * (LANE + 4.5)
        distances = gap * np.arange(0.6, 7)
        for distance in distances:
            stage.put(self.x(across, distance), distance, POLES[kind])
        for arm in (-0.9, 0.9):
            tops = [
                (self.x(across + arm, d), stage.foot(d) - (7.6 + (kind == "lattice")) / d)
                for d in distances
            ]
            stage.pen.stroke(curve(tops, closed=False), 0.003, (70, 66, 70))


def fence(road: Road, kind: str, across: float) -> None:
    """Draw a fence along the road, `across` metres to the right of the camera."""
    stage = road.stage
    pen, rng = stage.pen, stage.rng

    def board(low: float, high: float, color: Color, start: float = 5, end: float = 90) -> None:
        distance = np.geomspace(start, end, 10 if end > 2 * start else 2)
        x, foot = road.x(across, distance), stage.foot(distance)
        under, over = (np.stack([x, foot - h / distance], 1) for h in (low, high))
        pen.shape(np.concatenate([over, under[::-1]]), color)

    match kind:
        case "stone":
            tone = near(rng, (150, 146, 138), 8)
            board(0, 1.1, dark(tone, 0.12))
            board(1.0, 1.25, SNOW if stage.now.snow else light(tone, 0.2))
        case "hedge":
            tone = stage.now.leaf or (112, 100, 82)
            board(0, 1.5, dark(tone, 0.16))
            board(1.3, 1.6, SNOW if stage.now.snow else light(tone, 0.1))
        case "rail" | "wire":
            tone = (236, 230, 218) if kind == "rail" else (128, 112, 98)
            for low in (0.5, 1.0):
                board(low, low + (0.16 if kind == "rail" else 0.05), tone)
            for distance in np.geomspace(5, 70, 18):
                board(0, 1.3, tone, distance, distance * (1 + 0.2 / distance))


def warning(people: People) -> Callable[[LitPen, Rng, Moment], None]:
    """A road's warning sign: a triangle or a square on its corner."""
    shape, field, border = people.sign

    def draw(pen: LitPen, rng: Rng, now: Moment) -> None:
        pen.shape(box(-0.07, -2.2, 0.07, 0), STEEL)
        if shape == "diamond":
            pen.shape(placed(path("0,-.8 .8,0 0,.8 -.8,0"), 0, -2.7), border)
            pen.shape(placed(path("0,-.7 .7,0 0,.7 -.7,0"), 0, -2.7), field)
        else:
            pen.shape(placed(path("0,-.85 .85,.6 -.85,.6"), 0, -2.6), border)
            pen.shape(placed(path("0,-.5 .52,.4 -.52,.4"), 0, -2.6), field)
        pen.stroke(curve([(0.1, -2.3), (-0.1, -2.6), (0.1, -2.9)], closed=False), 0.16, INK)

    return draw


def wood_pole(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A trunk with a crossarm."""
    pen.stroke([(0, 0), (0, -8)], 0.26, (112, 88, 70))
    pen.stroke([(-1.2, -7.4), (1.2, -7.4)], 0.2, (112, 88, 70))


def concrete_pole(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A grey post with crossarms and a transformer."""
    pen.shape(path("-.2,0 -.12,-9 .12,-9 .2,0"), (176, 176, 172))
    for y in (-8.4, -7.4):
        pen.stroke([(-1.2, y), (1.2, y)], 0.16, (140, 140, 140))
    pen.shape(box(0.15, -6.6, 0.75, -5.4), (150, 154, 156))


def lattice_mast(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A steel mast."""
    for x in (-0.5, 0.5):
        pen.stroke([(x, 0), (0, -9)], 0.12, (130, 134, 140))
    for y in (-1, -3, -5):
        pen.stroke([(-0.45, y), (0.4, y - 1.4)], 0.09, (130, 134, 140))
    pen.stroke([(-1.2, -8.4), (1.2, -8.4)], 0.14, (130, 134, 140))


POLES = {"wood": wood_pole, "concrete": concrete_pole, "lattice": lattice_mast}


def car_end(front: bool) -> Callable[[LitPen, Rng, Moment], None]:
    """A car from the front or from behind."""

    def draw(pen: LitPen, rng: Rng, now: Moment) -> None:
        color, high = near(rng, any_of(rng, _PAINTS), 10), rng.choice((1.5, 1.5, 2.2))
        for x in (-0.75, 0.75):
            pen.shape(box(x - 0.14, -0.4, x + 0.14, 0), TYRE)
        pen.shape(path("-.72,-.8 -.6,-1 .6,-1 .72,-.8") * (1, high), dark(color, 0.2))
        pen.shape(box(-0.6, -0.95 * high, 0.6, -0.62 * high, 0.1), (70, 92, 112))
        pen.shape(box(-0.92, -0.64 * high, 0.92, -0.22, 0.18), shaded(color, 0.15, 0.2))
        lamp = (255, 248, 214) if front else (226, 40, 40)
        for x in (-0.68, 0.68):
            pen.shape(box(x - 0.17, -0.55 * high, x + 0.17, -0.4 * high, 0.06), lamp)
            if front and now.sun < 4:
                pen.shape(ring(x, -0.48 * high, 0.34, count=12), (255, 248, 214))
        pen.shape(box(-0.3, -0.42, 0.3, -0.26), (246, 244, 236))

    return draw

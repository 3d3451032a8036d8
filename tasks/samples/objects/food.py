"""Bananas, apples and doughnuts on -1..1 (y down)."""

import numpy as np

from tasks.samples.drawing.colors import (
    LEAF,
    Color,
    Rng,
    any_of,
    dark,
    is_pale,
    light,
    near,
    shaded,
)
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, path, polar, ring, symmetric

_YELLOWS = ((250, 212, 66), (250, 212, 66), (226, 212, 84))
_APPLES = ((212, 48, 48), (206, 44, 56), (134, 182, 66))
_ICINGS = ((240, 142, 172), (240, 142, 172), (106, 66, 48), (150, 204, 196), (176, 148, 210))
_SPRINKLES = ((226, 66, 58), (250, 206, 74), (74, 152, 206), (252, 250, 244), (110, 178, 96))


def banana(pen: ObjectPen, rng: Rng) -> None:
    """One banana, or two or three on one stalk."""
    color = near(rng, any_of(rng, _YELLOWS), 10)
    ink, count = dark(color, 0.5), int(rng.integers(1, 4))
    for i in range(count):
        rise = 0.2 * (count - 1 - i)  # the ones behind bend higher
        lift = np.array([(0, 0), (0, 0), (0, rise), (0, rise), (0, rise), (0, rise)])
        outer = path("-.9,-.42 -.8,.06 -.4,.42 .14,.5 .62,.3 .92,-.1") - lift
        inner = path(".84,-.16 .5,.06 .1,.14 -.34,.04 -.66,-.2 -.76,-.44") - lift[::-1]
        peel = np.concatenate([curve(outer, closed=False), curve(inner, closed=False)])
        pen.shape(peel, shaded(color, 0.15, 0.18), ink, 0.035)
        ridge = path("-.82,-.3 -.62,.06 -.22,.28 .2,.34 .86,-.1") - lift[:-1]
        pen.stroke(curve(ridge, closed=False), 0.03, dark(color, 0.25))
        pen.shape(ring(0.88, -0.14 - rise, 0.07, 0.06), (112, 82, 46))
        if rng.random() < 0.4:
            for x in rng.uniform(-0.4, 0.4, 3):
                pen.shape(ring(x, 0.4 - 0.3 * x * x - rise, 0.04, 0.02), ink)
    pen.shape(path("-.92,-.4 -.88,-.72 -.76,-.72 -.73,-.42"), dark(color, 0.35), ink)


def apple(pen: ObjectPen, rng: Rng) -> None:
    """A red or green apple with its stem and, mostly, a leaf."""
    _apple(pen, rng, near(rng, any_of(rng, _APPLES)))


def granny_smith(pen: ObjectPen, rng: Rng) -> None:
    """A green apple."""
    _apple(pen, rng, near(rng, _APPLES[2]))


def _apple(pen: ObjectPen, rng: Rng, color: Color) -> None:
    half = path("0,-.56 .32,-.7 .7,-.58 .9,-.16 .8,.36 .52,.78 .22,.9 0,.82")
    pen.shape(curve(symmetric(half)), shaded(color, 0.2, 0.2), dark(color, 0.5), 0.045)
    pen.shape(ring(-0.3, 0.1, 0.4, 0.5), (250, 220, 112, 60))
    pen.shape(ring(0, -0.54, 0.24, 0.09), dark(color, 0.4))
    pen.stroke(curve(path("0,-.52 .02,-.76 .14,-.98"), closed=False), 0.08, (104, 70, 44))
    if rng.random() < 0.75:
        blade = curve(path(".06,-.72 .3,-.98 .66,-.94 .4,-.7"))
        pen.shape(blade, shaded(LEAF, 0.2, 0), dark(LEAF, 0.4))
    pen.shape(ring(-0.46, -0.3, 0.12, 0.22, angle=25), (255, 255, 255, 150))


def donut(pen: ObjectPen, rng: Rng) -> None:
    """A ring doughnut, iced, sprinkled or drizzled; one sees through its hole."""
    dough, icing = near(rng, (216, 160, 98), 10), near(rng, any_of(rng, _ICINGS), 8)
    pen.shape(ring(0, 0, 1.0), shaded(dough, 0.15, 0.2), dark(dough, 0.5), 0.04)
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    drips = np.sin(int(rng.integers(7, 11)) * t + rng.uniform(0, 6))
    radius = 0.85 + 0.055 * drips + 0.02 * np.sin(3 * t)
    glaze = ring(0, 0, 1.0, count=72) * radius[:, None]
    pen.shape(glaze, shaded(icing, 0.18, 0.06), dark(icing, 0.25))
    if rng.random() < 0.7:
        places = zip(rng.uniform(0, 360, 28), rng.uniform(0.46, 0.76, 28), strict=True)
        for angle, distance in places:
            start = polar(angle, distance)
            end = polar(float(rng.uniform(0, 360)), 0.11, *start)
            pen.stroke([start, end], 0.05, any_of(rng, _SPRINKLES))
    else:
        drizzle = light(icing, 0.6) if sum(icing) < 300 else dark(icing, 0.3)
        for x in np.arange(-0.6, 0.61, 0.24):
            half = 0.8 * np.sqrt(0.72 - x * x)
            pen.stroke([(x - 0.08, -half), (x + 0.08, half)], 0.04, drizzle)
    gleam = ring(0, 0, 0.68, start=200, end=265)
    pen.stroke(gleam, 0.07, (255, 255, 255, 90 if is_pale(icing) else 130))
    pen.shape(ring(0, 0, 0.34), shaded(dough, 0.1, 0.3), dark(dough, 0.5))
    pen.cut(ring(0, 0.02, 0.25))

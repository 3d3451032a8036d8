"""Towers and mills, in metres, the middle of their foot at the origin."""

import numpy as np

from tasks.samples.drawing.colors import Rng, dark, light, near, shaded
from tasks.samples.drawing.shapes import box, path, placed, ring, turned
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment
from tasks.samples.landscapes.things.walls import (
    WHITEWASH,
)

_SAIL = path("0,-.15 6.5,-.15 6.5,1 1.5,1 1.5,.15 0,.15")


def pyramids(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Two of stone, the farther the larger."""
    stone = near(rng, (216, 178, 120), 8)
    for x, height in ((9, 24), (-12, 17)):
        half = 0.85 * height
        pen.shape([(x - half, 0), (x, -height), (x + half, 0)], light(stone, 0.15))
        pen.shape([(x + 0.3 * half, 0), (x, -height), (x + half, 0)], dark(stone, 0.28))


def windpump(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A lattice tower with a wheel of blades, over a well."""
    steel = (120, 122, 128)
    for x in (-1.2, 1.2):
        pen.stroke([(x, 0), (0, -9)], 0.18, steel)
    for y in (-2.5, -5):
        pen.stroke([(-1, y), (1, y - 1)], 0.12, steel)
    for angle in range(0, 360, 30):
        pen.shape(
            placed(turned(ring(0.95, 0, 0.75, 0.2, count=8), angle), 0, -9),
            (196, 200, 204),
        )
    pen.shape([(0.4, -9), (2.8, -9.7), (2.8, -8.5)], (190, 80, 60))


def windmill(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A tower mill with four sails."""
    pen.shape(path("-2.6,0 -1.6,-8.5 1.6,-8.5 2.6,0"), shaded(near(rng, (122, 84, 66), 10)))
    pen.shape(ring(0, -8.4, 1.8, 1.6, 180, 360.1), (70, 66, 70))
    for angle in np.arange(0, 360, 90) + rng.uniform(0, 90):
        sail = placed(turned(_SAIL, angle), 0, -9)
        pen.shape(sail, WHITEWASH, (96, 72, 60), 0.2)


def water_tower(pen: LitPen, rng: Rng, now: Moment) -> None:
    """The tank of a prairie town, on legs."""
    tank = near(rng, (206, 214, 220), 8)
    for x in (-2.2, 0, 2.2):
        pen.stroke([(x, 0), (0.8 * x, -10)], 0.3, (140, 146, 154))
    pen.shape(ring(0, -12, 3.4, 2.6), shaded(tank, 0.2, 0.25))
    pen.shape(box(-3.4, -12.3, 3.4, -11.7), (170, 66, 56))


def round_tower(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A ruined castle's keep."""
    stone = near(rng, (146, 142, 134), 8)
    pen.shape(box(-2, -7, 6, 0), shaded(dark(stone, 0.1)))
    pen.shape(path("-4.4,0 -3.8,-12 0.8,-12 1.4,0"), shaded(stone, 0.2, 0.2))
    for x in (-3.2, -1.5, 0.2, 2.4, 4.2):
        y = -12 if x < 1 else -7
        pen.shape(box(x - 0.6, y - 1.2, x + 0.6, y), stone)
    pen.shape(box(-1.9, -8.6, -1.2, -6.6), dark(stone, 0.6))

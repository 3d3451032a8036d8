"""Churches, in metres, the middle of their foot at the origin."""

from functools import partial

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, near, shaded
from tasks.samples.drawing.shapes import box, curve, placed, ring, symmetric
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment
from tasks.samples.landscapes.things.walls import (
    GILT,
    WHITEWASH,
)


def church(
    pen: LitPen,
    rng: Rng,
    now: Moment,
    wall: Color,
    roof: Color,
    spire: float = 9,
    tower: float = 11,
) -> None:
    """A nave beside a tower with a spire."""
    wall, roof = near(rng, wall, 6), near(rng, roof, 6)
    pen.shape(box(0, -6, 11, 0), shaded(wall))
    pen.shape([(-0.4, -6), (1, -9.5), (10.4, -9.5), (11.6, -6)], roof)
    for x in (4, 6.5, 9):
        pen.shape(box(x - 0.5, -4.6, x + 0.5, -1.8, 0.5), dark(wall, 0.55))
    pen.shape(box(-4, -tower, 0.2, 0), shaded(wall, 0.2, 0.05))
    pen.shape([(-4.3, -tower), (-1.9, -tower - spire), (0.5, -tower)], roof)
    pen.shape(box(-2.6, -tower + 1, -1.2, -tower + 3.2, 0.6), dark(wall, 0.55))


def mission(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A colonial front between two bell towers."""
    wall, edge = (
        near(rng, any_of(rng, ((246, 206, 110), (244, 236, 220), (226, 140, 110))), 6),
        WHITEWASH,
    )
    for side in (-1, 1):
        with pen.at(side * 4.2, 0, 1.0):
            pen.shape(box(-1.7, -11, 1.7, 0), shaded(wall))
            pen.shape(box(-0.7, -10, 0.7, -7.6, 0.6), dark(wall, 0.55), edge, 0.25)
            pen.shape(ring(0, -11, 1.7, 2.2, 180, 360.1), shaded(edge))
    pen.shape(box(-2.6, -8, 2.6, 0), wall)
    pen.shape(ring(0, -8, 2.6, 2.2, 180, 360.1), wall, edge, 0.4)
    pen.shape(box(-1.1, -3.8, 1.1, 0, 0.9), dark(wall, 0.6), edge, 0.3)


def onion_church(pen: LitPen, rng: Rng, now: Moment) -> None:
    """White drums under onion domes, gold, green or blue."""
    dome = any_of(rng, (GILT, (70, 140, 110), (60, 100, 180)))
    onion = symmetric(
        [(0, -3.0), *curve([(0.1, -2.2), (0.9, -1.4), (1.35, -0.7), (0.9, 0)], False)]
    )
    pen.shape(box(-6, -6.5, 6, 0), shaded(WHITEWASH))
    for x, y, size in ((-4.3, -6, 0.95), (4.3, -6, 0.95), (0, -7.5, 1.7)):
        pen.shape(
            box(x - 0.85 * size, y - 3 * size, x + 0.85 * size, y), shaded(WHITEWASH, 0, 0.12)
        )
        pen.shape(placed(onion, x, y - 2.9 * size, size), shaded(dome, 0.25, 0.25))
        pen.stroke([(x, y - 5.6 * size), (x, y - 7.2 * size)], 0.22, GILT)
    for x in (-4, 0, 4):
        pen.shape(box(x - 0.7, -4, x + 0.7, 0, 0.6), dark(WHITEWASH, 0.35))


def rotunda(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A city church's dome on a drum, behind columns."""
    stone = near(rng, (226, 212, 186), 8)
    pen.shape(box(-6, -7, 6, 0), shaded(stone))
    pen.shape(box(-3.4, -11, 3.4, -7), shaded(dark(stone, 0.1)))
    pen.shape(ring(0, -11, 3.6, 4.6, 180, 360.1), shaded((190, 110, 78), 0.2, 0.2))
    pen.shape(box(-0.6, -17.5, 0.6, -15.2), stone)
    for x in np.linspace(-5, 5, 6):
        pen.stroke([(x, 0), (x, -5.6)], 0.6, light(stone, 0.35))


wooden_church = partial(church, wall=WHITEWASH, roof=(96, 100, 112), spire=8, tower=10)
stone_church = partial(church, wall=(186, 180, 168), roof=(104, 100, 110), spire=2, tower=13)
village_church = partial(church, wall=(240, 232, 214), roof=(160, 88, 66), spire=8, tower=12)
alpine_church = partial(church, wall=WHITEWASH, roof=(84, 92, 96), spire=11, tower=11)
campanile = partial(church, wall=(222, 190, 146), roof=(196, 104, 70), spire=2.5, tower=18)
red_church = partial(church, wall=(176, 60, 48), roof=(84, 80, 84), spire=7, tower=9)

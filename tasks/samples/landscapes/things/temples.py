"""Temples and mosques, in metres, the middle of their foot at the origin."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, near, shaded
from tasks.samples.drawing.shapes import box, curve, path, ring, symmetric
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment
from tasks.samples.landscapes.things.walls import (
    GILT,
    STONE,
    WHITEWASH,
    Colors,
    roofed,
)


def mosque(
    pen: LitPen, rng: Rng, now: Moment, wall: Color = (232, 214, 178), dome: Color = (206, 196, 170)
) -> None:
    """A domed hall between minarets."""
    wall = near(rng, wall, 8)
    for x in (-6.5, 6.5)[: int(rng.integers(1, 3))]:
        pen.shape(box(x - 0.8, -15, x + 0.8, 0), shaded(wall))
        pen.shape(box(x - 1.2, -11.6, x + 1.2, -10.8), dark(wall, 0.25))
        pen.shape([(x - 0.9, -15), (x, -18), (x + 0.9, -15)], dome)
    pen.shape(box(-4.8, -5, 4.8, 0), shaded(wall))
    pen.shape(
        curve([(-3.4, -5), (-3.2, -8), (0, -10.6), (3.2, -8), (3.4, -5)], False), shaded(dome, 0.25)
    )
    for x in (-3.2, 0, 3.2):
        pen.shape(
            [(x - 0.9, 0), (x - 0.9, -2.2), (x, -3.4), (x + 0.9, -2.2), (x + 0.9, 0)],
            dark(wall, 0.5),
        )


def square_minaret(pen: LitPen, rng: Rng, now: Moment) -> None:
    """The square tower of the Maghreb."""
    wall = near(rng, (206, 148, 104), 8)
    for half, high, low in ((2.2, 16, 0), (1.1, 20, 16)):
        pen.shape(box(-half, -high, half, -low), shaded(wall))
        pen.stroke([(-half, 0.6 - high), (half, 0.6 - high)], 0.7, (70, 140, 120))
    pen.shape(ring(0, -20, 0.9, 1.1, count=16), shaded((90, 160, 130)))
    pen.shape(box(-0.8, -13, 0.8, -9.5, 0.7), dark(wall, 0.4))


def mud_mosque(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A Sahelian mosque: tapered towers of mud that bristle with beams."""
    mud = near(rng, (192, 140, 94), 8)
    pen.shape(box(-8, -6, 8, 0), shaded(mud))
    for x, high in ((-6, 9), (0, 12), (6, 9)):
        pen.shape(
            [(x - 1.8, 0), (x - 1, -high), (x, -high - 1.6), (x + 1, -high), (x + 1.8, 0)],
            shaded(mud),
        )
        for y in np.arange(-high + 1, -1.5, 2.2):
            pen.stroke([(x - 1.9, y), (x + 1.9, y)], 0.25, dark(mud, 0.5))


def madrasa(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A tiled gateway beside a turquoise dome."""
    brick, tile = near(rng, (214, 182, 136), 8), near(rng, (58, 164, 182), 10)
    pen.shape(box(4, -8, 11, 0), shaded(brick))
    dome = curve([(4.4, -8), (3.9, -11), (7.5, -15.5), (11.1, -11), (10.6, -8)], closed=False)
    pen.shape(dome, shaded(tile, 0.25, 0.2))
    pen.shape(box(-5, -13, 4, 0), shaded(brick), tile, 0.7)
    pen.shape(path("-3.4,0 -3.4,-7 -.5,-10.5 2.4,-7 2.4,0"), dark(tile, 0.35))
    pen.shape(box(-7, -15, -5.4, 0), shaded(tile, 0.1, 0.2))


def gopuram(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A Dravidian gate tower, painted storey by storey."""
    tones = ((70, 150, 170), (236, 160, 90), (226, 110, 130), (240, 210, 110))
    half, floor = 4.5, 0.0
    for i in range(6):
        high = 3.6 if i == 0 else 2.2
        pen.shape(
            box(-half, floor - high, half, floor), near(rng, STONE if i == 0 else tones[i % 4], 8)
        )
        for x in np.linspace(-0.8 * half, 0.8 * half, 5):
            pen.shape(ring(x, floor - high, 0.5, 0.7, count=8), near(rng, tones[(i + 1) % 4], 10))
        floor, half = floor - high, half * 0.85
    pen.shape(ring(0, floor, half, 1.6, 180, 360.1), GILT)
    pen.shape(box(-1, -3, 1, 0), (90, 60, 50))


def stupa(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A white dome under a gilded spire, with strings of prayer flags."""
    pen.shape(ring(0, 0, 6, 6, 180, 360.1), shaded(WHITEWASH))
    pen.shape(box(-1.5, -8, 1.5, -5.6), GILT)
    pen.shape([(-1.4, -8), (0, -13), (1.4, -8)], shaded(GILT, 0.2, 0.25))
    flags = ((60, 100, 190), WHITEWASH, (210, 60, 50), (70, 150, 90), (244, 206, 80))
    for side in (-1, 1):
        line = curve([(0, -12.6), (side * 5, -7.5), (side * 11, -4.5)], closed=False)
        for i, (x, y) in enumerate(line[1::2]):
            pen.shape(box(x - 0.45, y, x + 0.45, y + 1.0), flags[i % 5])


def torii(pen: LitPen, rng: Rng, now: Moment) -> None:
    """The vermilion gate of a shrine."""
    red = near(rng, (214, 66, 40), 8)
    for x in (-2.6, 2.6):
        pen.stroke([(x, 0), (0.92 * x, -5)], 0.55, red)
    pen.stroke([(-3.2, -4), (3.2, -4)], 0.4, red)
    pen.stroke(curve([(-4.4, -5.9), (0, -5.3), (4.4, -5.9)], closed=False), 0.6, dark(red, 0.35))


def split_gate(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A Balinese gate: one carved tower, cut in two."""
    brick = near(rng, (176, 102, 74), 8)
    steps = path(".8,0 .8,-8.5 1.5,-8 1.7,-6.4 2.4,-6 2.6,-4.4 3.4,-4 3.6,-2 4.2,-1.6 4.4,0")
    for side in (-1, 1):
        pen.shape(steps * (side, 1), shaded(brick), (150, 146, 140), 0.25)


def upturned(
    pen: LitPen,
    rng: Rng,
    now: Moment,
    walls: Colors,
    roofs: Colors,
    posts: Color = (120, 60, 48),
    tiers: int = 1,
    lift: float = 0.9,
) -> None:
    """A hall or a tower under curved roofs whose corners turn up."""
    wall, roof = near(rng, any_of(rng, walls), 8), roofed(near(rng, any_of(rng, roofs), 8), now)
    half, floor = 4.6 if tiers == 1 else 3.2, 0.0
    for tier in range(tiers):
        high = 3.0 if tier == 0 else 1.7
        pen.shape(box(-half, floor - high, half, floor), shaded(wall))
        for x in np.linspace(-half, half, 5):
            pen.stroke([(x, floor), (x, floor - high)], 0.28, posts)
        floor -= high
        reach, rise = half + 1.5, 2.6 if tiers == 1 else 1.5
        right = [(0.55 * half, floor - rise), (half, floor - 0.5), (reach + 0.3, floor - lift)]
        under = [(reach - 0.4, floor + 0.35), (0, floor + 0.3)]
        outline = symmetric([(0, floor - rise), *curve(right, closed=False), *under])
        pen.shape(outline, shaded(roof, 0.16, 0.2))
        floor, half = floor - 0.55 * rise, 0.84 * half
    if tiers > 1:
        pen.stroke([(0, floor), (0, floor - 3)], 0.3, (196, 160, 70))


def thai_hall(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A temple: white walls, steep layered roofs edged with gold."""
    gold, red = (240, 190, 70), near(rng, any_of(rng, ((196, 76, 44), (70, 120, 84))), 8)
    pen.shape(box(-4.2, -3.2, 4.2, 0), shaded(WHITEWASH))
    for width, low, high in ((5.6, -2.8, -6.4), (4.4, -4.6, -8.6), (3.0, -6.4, -10.6)):
        layer = curve(
            [(0, high), (0.35 * width, 0.5 * (high + low) + 0.5), (width, low)], closed=False
        )
        pen.shape(symmetric([*layer, (0, low)]), red, gold, 0.35)
    pen.stroke([(0, -10.4), (0.2, -12.4)], 0.3, gold)
    pen.shape([(-1, 0), (-1, -2), (0, -3), (1, -2), (1, 0)], (160, 60, 44), gold, 0.25)

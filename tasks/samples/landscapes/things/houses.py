"""Houses with a ridge, in metres, the middle of their foot at the origin."""

from functools import partial

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, near, shaded
from tasks.samples.drawing.shapes import box, curve, path, ring, symmetric
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment
from tasks.samples.landscapes.things.walls import (
    BRIGHT,
    CONCRETE,
    MUD,
    PASTEL,
    RED_TILES,
    SLATE,
    STUCCO,
    THATCH,
    WHITEWASH,
    Colors,
    pane,
    roofed,
    windows,
)


def cottage(
    pen: LitPen,
    rng: Rng,
    now: Moment,
    walls: Colors,
    roofs: Colors,
    trim: Color | None = None,
    width: float = 9,
    storeys: int = 1,
    pitch: float = 0.9,
    eaves: float = 0.5,
    chimney: bool = False,
    beams: bool = False,
    hipped: float = 0.6,
) -> None:
    """A house under a ridge, seen from its long side or from the gable.

    `pitch` is the roof's rise per metre of depth, `hipped` how far the ridge ends short of a gable.
    """
    wall, roof = near(rng, any_of(rng, walls), 8), roofed(near(rng, any_of(rng, roofs), 8), now)
    top, half = -2.8 * storeys, width / 2
    if rng.random() < 0.35:  # gable towards us
        half *= 0.68
        peak = top - pitch * half
        pen.shape([(-half, 0), (-half, top), (0, peak), (half, top), (half, 0)], shaded(wall))
        edge = [(-half - eaves, top + eaves * pitch), (0, peak - 0.25)]
        pen.stroke([*edge, (half + eaves, top + eaves * pitch)], 0.55, roof)
    else:
        peak, ridge = top - pitch * 3.4, half - hipped
        pen.shape(box(-half, top, half, 0), shaded(wall))
        if chimney:
            for x in (-0.6 * half, 0.55 * half):
                pen.shape(box(x, peak - 1, x + 0.8, peak + 1), dark(wall, 0.25))
        slope = [
            (-half - eaves, top + 0.3),
            (-ridge, peak),
            (ridge, peak),
            (half + eaves, top + 0.3),
        ]
        pen.shape(slope, shaded(roof, 0.1, 0.15))
    if beams:
        for x in np.linspace(-half, half, 6):
            pen.stroke([(x, 0), (x + 0.5, top)], 0.22, (92, 66, 52))
        pen.stroke([(-half, top), (half, top)], 0.25, (92, 66, 52))
    windows(pen, rng, (-half, top, half, 0), round(half), storeys, now, trim or light(wall, 0.5))


def terrace(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A row of English brick houses, each with its chimney and its own door."""
    brick, roof = near(rng, (168, 84, 62), 10), roofed((98, 88, 92), now)
    pen.shape(box(-7.5, -5.8, 7.5, 0), shaded(brick))
    pen.shape([(-7.7, -5.6), (-7.5, -8.2), (7.5, -8.2), (7.7, -5.6)], roof)
    for x in (-5, 0, 5):
        pen.shape(box(x + 1.9, -9.6, x + 3.1, -7.4), dark(brick, 0.15))
        for y in (-5.1, -2.3):
            pen.shape(box(x - 1.9, y, x + 0.2, y + 1.6), pane(rng, now), WHITEWASH, 0.3)
        pen.shape(
            box(x + 0.9, -2.2, x + 1.9, 0), any_of(rng, ((40, 60, 110), (140, 30, 40), SLATE[0]))
        )


def mansard(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A Parisian house: pale stone, balconies, a steep zinc roof."""
    stone, zinc = near(rng, (226, 212, 184), 8), roofed((112, 120, 136), now)
    storeys = int(rng.integers(3, 6))
    top = -3.0 * storeys
    pen.shape(box(-5.5, top, 5.5, 0), shaded(stone))
    pen.shape([(-5.7, top), (-5.0, top - 2.8), (5.0, top - 2.8), (5.7, top)], zinc)
    windows(pen, rng, (-5.5, top, 5.5, 0), 4, storeys, now, light(stone, 0.5))
    for x in (-3.2, 0, 3.2):
        pen.shape(box(x - 0.6, top - 2.2, x + 0.6, top - 0.4), pane(rng, now), light(stone), 0.25)
    for y in np.arange(top + 2.6, -2, 3.0):
        pen.stroke([(-5.4, y), (5.4, y)], 0.25, (58, 60, 70))


def chalet(pen: LitPen, rng: Rng, now: Moment) -> None:
    """White below, brown timber above, a wide roof and geraniums."""
    wood, roof = near(rng, (134, 88, 56), 10), roofed((112, 92, 84), now)
    pen.shape(box(-5, -2.8, 5, 0), shaded(WHITEWASH))
    pen.shape([(-5, -2.8), (-5, -5.4), (0, -7.8), (5, -5.4), (5, -2.8)], shaded(wood))
    pen.stroke([(-6.6, -4.6), (0, -8), (6.6, -4.6)], 0.7, roof)
    windows(pen, rng, (-5, -5.6, 5, 0), 4, 2, now, WHITEWASH)
    pen.shape(box(-4.8, -3.2, 4.8, -2.5), dark(wood, 0.2))
    if not now.snow:
        for x in np.arange(-4.5, 4.6, 0.9):
            pen.shape(ring(x, -3.3, 0.3, count=8), (222, 52, 70))


def cape_dutch(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A whitewashed farmhouse under thatch, its gable in curves."""
    pen.shape([(-7, -2.6), (-6.4, -6), (6.4, -6), (7, -2.6)], near(rng, (110, 92, 80), 8))
    pen.shape(box(-6.6, -3, 6.6, 0), shaded(WHITEWASH))
    windows(pen, rng, (-6.6, -3, 6.6, 0), 6, 1, now, (70, 96, 76))
    gable = curve([(0, -7.6), (0.8, -7.2), (1.0, -6.2), (1.9, -5.4), (2.1, -3.4)], closed=False)
    pen.shape(symmetric([*gable, (2.1, 0)]), shaded(WHITEWASH, 0, 0.08))
    pen.shape(box(-0.6, -2.4, 0.6, 0), (70, 96, 76))
    pen.shape(box(-0.5, -5.2, 0.5, -3.8), pane(rng, now))


def verandah(
    pen: LitPen,
    rng: Rng,
    now: Moment,
    walls: Colors,
    roofs: Colors = ((178, 186, 190), (156, 70, 56)),
) -> None:
    """A low house under corrugated iron with a shaded porch all along."""
    wall, iron = near(rng, any_of(rng, walls), 8), near(rng, any_of(rng, roofs), 8)
    pen.shape(box(-5, -2.8, 5, 0), shaded(dark(wall, 0.12)))
    windows(pen, rng, (-5, -2.8, 5, 0), 4, 1, now, WHITEWASH)
    pen.shape([(-5.2, -3), (-3, -5.4), (3, -5.4), (5.2, -3)], iron)
    pen.shape([(-6.6, -2.3), (-5.2, -3.1), (5.2, -3.1), (6.6, -2.3)], light(iron, 0.25))
    for x in np.linspace(-6.2, 6.2, 6):
        pen.stroke([(x, 0), (x, -2.4)], 0.2, WHITEWASH)


def barn(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A red barn with white boards, and its silo."""
    red, roof = near(rng, (172, 48, 44), 8), roofed((112, 104, 104), now)
    pen.shape(box(5.2, -10, 8, 0), shaded((188, 192, 196), 0.2, 0.2))
    pen.shape(ring(6.6, -10, 1.4, 1.2, 180, 360.1), (150, 156, 166))
    pen.shape(path("-5,0 -5,-5 -3.6,-7.8 0,-9.2 3.6,-7.8 5,-5 5,0"), shaded(red))
    pen.stroke(path("-5.4,-4.6 -3.8,-8 0,-9.5 3.8,-8 5.4,-4.6"), 0.6, roof)
    pen.shape(box(-1.8, -3.6, 1.8, 0), red, WHITEWASH, 0.3)
    pen.stroke([(-1.8, 0), (1.8, -3.6)], 0.3, WHITEWASH)
    pen.stroke([(1.8, 0), (-1.8, -3.6)], 0.3, WHITEWASH)
    pen.shape(box(-0.8, -7, 0.8, -5.2), dark(red, 0.5), WHITEWASH, 0.3)


def block(pen: LitPen, rng: Rng, now: Moment, walls: Colors, floors: tuple[int, int]) -> None:
    """A block of flats or a tower of offices."""
    wall, count, half = (
        near(rng, any_of(rng, walls), 10),
        int(rng.integers(*floors)),
        rng.uniform(5, 8),
    )
    pen.shape(box(-half, -3.0 * count, half, 0), shaded(wall, 0.12, 0.12))
    windows(pen, rng, (-half, -3.0 * count, half, 0), round(half), min(count, 12), now, None)


whitewashed = partial(cottage, walls=(WHITEWASH,), roofs=RED_TILES, pitch=0.45, trim=(110, 84, 64))
brick_house = partial(cottage, walls=((176, 92, 62),), roofs=THATCH, storeys=2, width=7, pitch=1.2)
tin_roofed = partial(
    cottage, walls=MUD, roofs=((168, 172, 174), (170, 110, 80)), pitch=0.4, width=7, hipped=0
)
antillean = partial(verandah, walls=BRIGHT + PASTEL, roofs=((190, 80, 62), (200, 200, 196)))
panel_block = partial(
    block, walls=((206, 200, 190), (180, 190, 200), (222, 206, 176)), floors=(5, 10)
)
glass_tower = partial(
    block, walls=((126, 158, 184), (104, 132, 160), (150, 172, 180)), floors=(12, 26)
)
concrete_block = partial(block, walls=CONCRETE + PASTEL, floors=(4, 9))
white_tower = partial(block, walls=((236, 232, 226), (222, 226, 232)), floors=(9, 20))
stucco_block = partial(block, walls=STUCCO + PASTEL, floors=(3, 5))

"""Houses of earth, felt, thatch and wood, in metres, the middle of their foot at the origin."""

from functools import partial

import numpy as np

from tasks.samples.drawing.colors import WOOD, Color, Rng, any_of, dark, light, near, shaded
from tasks.samples.drawing.shapes import box, curve, ring
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment
from tasks.samples.landscapes.things.walls import (
    BRIGHT,
    MUD,
    THATCH,
    WHITEWASH,
    Colors,
    pane,
    windows,
)


def cube(
    pen: LitPen,
    rng: Rng,
    now: Moment,
    walls: Colors,
    storeys: tuple[int, int] = (1, 3),
    dome: Color | None = None,
    crown: bool = False,
    trim: Color | None = None,
) -> None:
    """A flat-roofed house of one to three steps; with a dome, or crowned as a kasbah is."""
    wall = near(rng, any_of(rng, walls), 8)
    height, half = -3.0 * int(rng.integers(storeys[0], storeys[1] + 1)), rng.uniform(3.2, 4.8)
    taper = 0.9 if crown else 1.0
    sides = [(-half, 0), (-taper * half, height), (taper * half, height), (half, 0)]
    if not crown and rng.random() < 0.5:
        pen.shape(box(-0.9 * half, height - 2.6, 0.2 * half, height), dark(wall, 0.1))
    if dome is not None and rng.random() < 0.6:
        pen.shape(ring(0, height, 0.6 * half, 0.62 * half, 180, 360.1), shaded(dome, 0.25, 0.2))
        pen.stroke([(0, height - 0.6 * half), (0, height - 0.6 * half - 1.2)], 0.2, WHITEWASH)
    pen.shape(sides, shaded(wall, 0.12, 0.12))
    if crown:
        for x in np.linspace(-taper * half + 0.4, taper * half - 0.4, 5):
            pen.shape([(x - 0.5, height), (x, height - 1.1), (x + 0.5, height)], wall)
    else:
        pen.stroke([(-half, height), (half, height)], 0.35, light(wall, 0.3))
    rows = max(1, round(-height / 3))
    windows(pen, rng, (-half, height, half, 0), 3, rows, now, trim or dark(wall, 0.2), small=True)


def stilted(
    pen: LitPen,
    rng: Rng,
    now: Moment,
    roofs: Colors = THATCH,
    legs: float = 1.8,
    steep: float = 1.0,
) -> None:
    """A wooden house under thatch, on stilts where the ground floods."""
    wood, roof = near(rng, (166, 122, 80), 12), near(rng, any_of(rng, roofs), 10)
    for x in (-3, -1, 1, 3) if legs else ():
        pen.stroke([(x, 0), (x, -legs)], 0.25, dark(wood, 0.3))
    pen.shape(box(-3.4, -legs - 2.4, 3.4, -legs), shaded(wood))
    pen.shape(box(-0.6, -legs - 1.9, 0.6, -legs), dark(wood, 0.5))
    peak = -legs - 2.4 - 3.0 * steep
    pen.shape(
        [(-4.6, -legs - 1.9), (-2, peak), (2, peak), (4.6, -legs - 1.9)], shaded(roof, 0.2, 0.2)
    )


def horned(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A saddle roof with horns, on posts, as on Sumatra and Sulawesi."""
    wood, roof = near(rng, (156, 82, 52), 10), any_of(rng, ((96, 80, 70), (122, 98, 74)))
    for x in np.linspace(-4, 4, 5):
        pen.stroke([(x, 0), (x, -2)], 0.35, WOOD)
    pen.shape([(-4.4, -1.6), (-5, -4.6), (5, -4.6), (4.4, -1.6)], shaded(wood))
    top = curve([(-7, -9.6), (-3, -7), (0, -6.4), (3, -7), (7, -9.6)], closed=False)
    pen.shape([*top, (5.2, -4.2), (-5.2, -4.2)], shaded(roof))
    for x in (-2.6, 0, 2.6):
        pen.shape(box(x - 0.6, -4, x + 0.6, -2.4), (240, 200, 110), dark(wood), 0.25)


def round_hut(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A round mud wall under a cone of thatch."""
    wall = near(rng, any_of(rng, ((186, 130, 88), (206, 160, 116), (164, 96, 66))), 10)
    for x, size in ((-2.6, 0.8), (1.2, 1.0)):
        with pen.at(x, 0, size):
            pen.shape(box(-1.9, -2.0, 1.9, 0), shaded(wall))
            pen.shape(box(-0.5, -1.6, 0.5, 0), dark(wall, 0.6))
            straw = near(rng, any_of(rng, THATCH), 8)
            pen.shape(
                [(-2.7, -1.7), (0, -4.6), (2.7, -1.7)], (light(straw, 0.15), dark(straw, 0.2))
            )


def yurt(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A white felt tent with a painted door."""
    for x in (-3.4, 3.2)[: int(rng.integers(1, 3))]:
        felt, band = (242, 238, 228), any_of(rng, ((206, 80, 48), (60, 104, 170)))
        pen.shape(box(x - 2.8, -1.9, x + 2.8, 0), shaded(felt))
        pen.shape(
            [(x - 3, -1.8), (x - 0.6, -3.4), (x + 0.6, -3.4), (x + 3, -1.8)], shaded(felt, 0, 0.15)
        )
        for y in (-1.8, -0.6):
            pen.stroke([(x - 2.8, y), (x + 2.8, y)], 0.16, dark(felt, 0.3))
        pen.shape(box(x - 0.6, -1.6, x + 0.6, 0), band, (240, 190, 80), 0.2)


def cabin(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A research station's module on legs, with its mast."""
    hull = near(rng, any_of(rng, ((206, 60, 44), (62, 110, 170), (224, 150, 50), (88, 130, 96))), 8)
    for x in (-5, -1.7, 1.7, 5):
        pen.stroke([(x, 0), (x, -1.6)], 0.35, (96, 100, 110))
    pen.shape(box(-6.5, -4.8, 6.5, -1.5, 0.6), shaded(hull))
    for x in np.linspace(-5, 5, 6):
        pen.shape(box(x - 0.5, -3.9, x + 0.5, -2.9, 0.2), pane(rng, now), WHITEWASH, 0.15)
    pen.stroke([(4.4, -4.8), (4.4, -10)], 0.18, (120, 124, 132))
    pen.shape([(4.4, -10), (7, -9.4), (4.4, -8.6)], (240, 120, 40))


painted_cube = partial(cube, walls=BRIGHT, trim=WHITEWASH)
mud_cube = partial(cube, walls=MUD, storeys=(1, 2))
sand_cube = partial(cube, walls=((226, 200, 158), (240, 226, 200)), storeys=(1, 3))

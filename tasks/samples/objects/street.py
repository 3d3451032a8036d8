"""Traffic lights, stop signs and umbrellas on -1..1 (y down)."""

from itertools import pairwise

import numpy as np

from tasks.samples.drawing.colors import (
    CREAM,
    GOLD,
    INK,
    STEEL,
    WOOD,
    Rng,
    any_of,
    dark,
    light,
    near,
    paint,
    shaded,
)
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import box, curve, path, placed, ring

_CASES = ((58, 62, 70), (236, 178, 52), (60, 92, 80))
_LAMPS = ((226, 54, 46), (250, 190, 48), (70, 190, 96))
_WHITE = (250, 248, 244)
_LETTERS = (  # strokes on cells 2 wide and 3 high
    (path("2,.3 1.5,0 .5,0 0,.5 0,1 .5,1.4 1.5,1.6 2,2 2,2.5 1.5,3 .5,3 0,2.7"),),
    (path("0,0 2,0"), path("1,0 1,3")),
    (path(".6,0 1.4,0 2,.6 2,2.4 1.4,3 .6,3 0,2.4 0,.6 .6,0"),),
    (path("0,3 0,0 1.4,0 2,.5 2,1.2 1.4,1.7 0,1.7"),),
)


def traffic_light(pen: ObjectPen, rng: Rng) -> None:
    """A three-lamp traffic light, one lamp lit; its pole is a prop."""
    case, lit = any_of(rng, _CASES), int(rng.integers(3))
    ink = dark(case, 0.6)
    with pen.props():
        pen.shape(box(-0.06, 0.8, 0.06, 2.6), (dark(STEEL, 0.15), dark(STEEL, 0.45)))
    if rng.random() < 0.4:
        pen.shape(box(-0.46, -1.0, 0.46, 0.96, 0.12), (64, 66, 76), INK)
    pen.shape(box(-0.36, -0.94, 0.36, 0.9, 0.14), shaded(case), ink)
    for i, color in enumerate(_LAMPS):
        y, on = -0.6 + 0.58 * i, i == lit
        lamp = shaded(color, 0.35, 0) if on else dark(color, 0.62)
        pen.shape(ring(0, y, 0.24), dark(case, 0.7))
        pen.shape(ring(0, y, 0.2), lamp)
        pen.shape(ring(-0.06, y - 0.08, 0.05, count=10), (255, 255, 255, 170 if on else 60))
        pen.stroke(ring(0, y, 0.25, start=185, end=355), 0.06, ink)


def stop_sign(pen: ObjectPen, rng: Rng) -> None:
    """A red octagon with its white border and word; the pole is a prop."""
    red = near(rng, (204, 42, 40), 12)
    with pen.props():
        pen.shape(box(-0.07, 0.7, 0.07, 2.6), shaded(STEEL, 0.2, 0.25))
    for radius, fill in ((1.0, dark(red, 0.5)), (0.97, _WHITE), (0.87, shaded(red, 0.12, 0.12))):
        pen.shape(ring(0, 0, radius, start=22.5, end=382.5, count=8), fill)
    for i, strokes in enumerate(_LETTERS):
        for line in strokes:
            pen.stroke(placed(line, -0.69 + 0.375 * i, -0.22, (0.13, 0.15)), 0.09, _WHITE)


def umbrella(pen: ObjectPen, rng: Rng) -> None:
    """An open umbrella in two colours, with a hooked handle or a beach pole."""
    first, second = paint(rng), any_of(rng, (CREAM, GOLD, CREAM))
    if rng.random() < 0.3:
        second = light(first, 0.25)
    if rng.random() < 0.6:
        hook = curve(path("0,.72 .05,.88 .17,.92 .26,.84 .27,.72"), closed=False)
        pen.stroke(np.concatenate([path("0,-.3"), hook]), 0.07, WOOD)
    else:
        pen.shape(box(-0.035, -0.4, 0.035, 1.0), ((236, 226, 206), (196, 180, 156)))
    panels = int(rng.integers(5, 8))
    ribs = np.sin(np.linspace(-np.pi / 2, np.pi / 2, panels + 1))  # they crowd at the sides
    # a rib is a quarter of an ellipse from the tip down to the rim
    rib = ring(0, -0.02, 1.0, 0.86, start=-90, end=0, count=12)
    for i, (a, b) in enumerate(pairwise(ribs)):
        scallop = [(a, -0.02), ((a + b) / 2, -0.02 - 0.24 * (b - a)), (b, -0.02)]
        hem = curve(scallop, closed=False)[1:-1]
        panel = np.concatenate([rib * (a, 1), hem, rib[::-1] * (b, 1)])
        pen.shape(panel, shaded(first if i % 2 else second), dark(first, 0.5), 0.02)
    pen.stroke(path("0,-.86 0,-1"), 0.06, WOOD)

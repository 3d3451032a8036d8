"""Potted plants and vases on -1..1 (y down)."""

import numpy as np

from tasks.samples.drawing.colors import (
    CREAM,
    GOLD,
    LEAF,
    RED,
    Color,
    Rng,
    any_of,
    dark,
    is_pale,
    light,
    near,
    paint,
    shaded,
)
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import box, curve, leaf, path, placed, polar, ring, symmetric

_POTS = ((206, 112, 72), (206, 112, 72), (236, 228, 212), (86, 130, 160))
_GREENS = (LEAF, (62, 122, 82), (124, 162, 74))
_PINK: Color = (240, 124, 156)
_GLAZES = ((62, 104, 166), (196, 92, 72), (238, 230, 212), (70, 142, 158))
_BUSH = path("-.42,-.1 .42,-.1 -.22,-.5 .26,-.5 0,-.2")
_PROFILES = (
    path(".22,-.9 .16,-.62 .26,-.36 .58,.02 .6,.36 .4,.78 .28,.95"),
    path(".36,-.9 .26,-.6 .3,-.2 .42,.3 .36,.72 .24,.95"),
    path(".14,-.95 .13,-.55 .2,-.25 .52,.16 .62,.52 .5,.82 .34,.95"),
)


def potted_plant(pen: ObjectPen, rng: Rng) -> None:
    """A broad-leaved plant, a cactus, a bush or a flower in its pot."""
    clay, green = near(rng, any_of(rng, _POTS)), near(rng, any_of(rng, _GREENS))
    any_of(rng, (_foliage, _cactus, _bush, _flower))(pen, rng, green)
    edge = dark(clay, 0.5)
    pen.shape(symmetric(path(".42,.3 .32,.96 0,.97")), shaded(clay, 0, 0.2), edge)
    pen.shape(box(-0.49, 0.22, 0.49, 0.42, 0.04), shaded(clay, 0.2, 0), edge)


def _foliage(pen: ObjectPen, rng: Rng, green: Color) -> None:
    for about in (-165, -15, -145, -35, -120, -60, -90):
        angle, length = about + rng.uniform(-8, 8), rng.uniform(0.85, 1.15)
        tone = near(rng, green, 12)
        pen.shape(leaf(0, 0.28, angle, length, 0.17), shaded(tone), dark(green, 0.45), 0.025)
        pen.stroke([(0, 0.28), polar(angle, 0.9 * length, 0, 0.28)], 0.02, light(tone, 0.4))


def _cactus(pen: ObjectPen, rng: Rng, green: Color) -> None:
    edge = dark(green, 0.45)
    for side, y in ((-1, -0.06), (1, -0.26)):
        bend = np.concatenate([path(".2,.1"), curve(path(".42,.1 .54,0 .55,-.26"), closed=False)])
        arm = placed(bend, 0, y, (side, 1))
        pen.stroke(arm, 0.25, edge)
        pen.stroke(arm, 0.2, green)
    pen.shape(box(-0.26, -0.84, 0.26, 0.36, 0.26), shaded(green), edge)
    for x in (-0.13, 0.0, 0.13):
        pen.stroke([(x, -0.7), (x, 0.3)], 0.02, light(green, 0.35))
    if rng.random() < 0.6:
        pen.shape(ring(0.02, -0.86, 0.13, 0.1), _PINK, dark(_PINK, 0.3), 0.02)


def _bush(pen: ObjectPen, rng: Rng, green: Color) -> None:
    for x, y in _BUSH:
        tone = near(rng, green, 12)
        pen.shape(ring(x, y, 0.46 if x == 0 else 0.36), shaded(tone), dark(green, 0.45), 0.025)
    bloom = any_of(rng, (_PINK, GOLD, CREAM, RED))
    for angle, radius in zip(rng.uniform(0, 360, 8), rng.uniform(0.1, 0.58, 8), strict=True):
        flower = ring(*polar(angle, radius, 0, -0.25), 0.07, count=12)
        pen.shape(flower, bloom, dark(bloom, 0.3), 0.015)


def _flower(pen: ObjectPen, rng: Rng, green: Color) -> None:
    bloom = paint(rng)
    for angle, length in ((-115, 0.85), (-65, 0.85), (-90, 1.05)):
        head = polar(angle, length, 0, 0.3)
        pen.stroke([(0, 0.3), head], 0.045, dark(green, 0.15))
        _blossom(pen, head, 0.13, bloom, petals=6)
    for angle in (-160, -20, -140, -40):
        pen.shape(leaf(0, 0.32, angle, 0.62, 0.13), shaded(green), dark(green, 0.45), 0.025)


def _blossom(
    pen: ObjectPen, center: tuple[float, float], size: float, color: Color, petals: int
) -> None:
    for k in range(petals):
        petal = ring(*polar(360 * k / petals, size, *center), 0.85 * size, count=16)
        pen.shape(petal, color, dark(color, 0.35), 0.018)
    pen.shape(ring(*center, 0.75 * size, count=16), GOLD, dark(GOLD, 0.3), 0.018)


def vase(pen: ObjectPen, rng: Rng) -> None:
    """A patterned vase; flowers standing in it, if any, are props."""
    color = near(rng, any_of(rng, _GLAZES))
    if rng.random() < 0.55:
        with pen.props():
            _bouquet(pen, rng)
    profile = curve(any_of(rng, _PROFILES), closed=False)
    pen.shape(symmetric(profile), shaded(color, 0.15, 0.2), dark(color, 0.55), 0.035)
    _pattern(pen, rng, profile, color)
    neck, top = profile[0]
    pen.shape(ring(0, top, neck + 0.03, 0.06), dark(color, 0.45), dark(color, 0.6), 0.025)
    glint = profile[(profile[:, 1] > -0.5) & (profile[:, 1] < 0.6)]
    pen.stroke(placed(glint, 0, 0, (-0.68, 1)), 0.07, (255, 255, 255, 110))


def _bouquet(pen: ObjectPen, rng: Rng) -> None:
    for angle in rng.choice((-125, -110, -90, -75, -58), 3, replace=False):
        length = rng.uniform(0.6, 0.85)
        head = polar(angle, length, 0, -0.85)
        pen.stroke([(0, -0.7), head], 0.04, dark(LEAF, 0.1))
        pen.shape(leaf(*polar(angle, 0.4 * length, 0, -0.85), angle + 35, 0.3, 0.07), LEAF)
        _blossom(pen, head, 0.1, paint(rng), petals=5)


def _pattern(pen: ObjectPen, rng: Rng, profile: np.ndarray, color: Color) -> None:
    tone = any_of(rng, _GLAZES[:2]) if is_pale(color) else light(color, 0.7)
    style = int(rng.integers(3))
    for y in (-0.3, 0.0, 0.3, 0.58):
        half = float(np.interp(y, profile[:, 1], profile[:, 0])) - 0.03
        if style == 0:
            pen.stroke(curve([(-half, y), (0, y + 0.05), (half, y)], closed=False), 0.06, tone)
        elif style == 1:
            zigzag = np.stack([np.linspace(-half, half, 9), y + 0.06 * (-1.0) ** np.arange(9)], 1)
            pen.stroke(zigzag, 0.035, tone)
        else:
            for x in np.linspace(-half, half, 5)[1:-1]:
                pen.shape(ring(x, y, 0.06, count=14), tone)

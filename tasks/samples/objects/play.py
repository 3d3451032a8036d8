"""Kites, balls and teddy bears on -1..1 (y down)."""

import numpy as np

from tasks.samples.drawing.colors import (
    CREAM,
    INK,
    Color,
    Rng,
    any_of,
    dark,
    light,
    near,
    paint,
    shaded,
)
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import box, curve, path, placed, polar, ring, turned

_FURS = ((176, 120, 72), (206, 156, 100), (140, 92, 60), (226, 190, 146))
_BLACK: Color = (48, 46, 58)
_WEDGES = ((226, 66, 58), CREAM, (54, 128, 200), CREAM, (250, 200, 64), CREAM)


def kite(pen: ObjectPen, rng: Rng) -> None:
    """A diamond kite in four quarters with a bowed tail; its string is a prop."""
    first, second = paint(rng), paint(rng)
    third = second if rng.random() < 0.5 else light(first, 0.5)
    ink, waist = dark(first, 0.6), rng.uniform(-0.55, -0.4)
    top, right, bottom, left = (0, -1.0), (0.62, waist), (0, 0.42), (-0.62, waist)
    with pen.props():
        pen.stroke(curve([(0, waist), (0.5, 0.8), (1.3, 2.4)], closed=False), 0.018, CREAM)
    swing = rng.uniform(0.12, 0.3) * rng.choice((-1, 1))
    knots = [(0, 0.4), (swing, 0.55), (-0.6 * swing, 0.75), (0.7 * swing, 0.98)]
    tail = curve(knots, closed=False)
    pen.stroke(tail, 0.03, ink)
    for i, (x, y) in enumerate(tail[[7, 14, 21]]):
        bow = second if i % 2 else first
        for side in (-1, 1):
            half = placed(path("0,0 .13,-.06 .13,.06"), x, y, (side, 1))
            pen.shape(half, bow, dark(bow, 0.4), 0.015)
    quarters = ((top, right, first), (left, top, second), (right, bottom, third))
    for a, b, fill in (*quarters, (bottom, left, first)):
        pen.shape([(0, waist), a, b], shaded(fill, 0.12, 0.1))
    for spar in ([top, bottom], [left, right], [top, right, bottom, left, top]):
        pen.stroke(spar, 0.03, ink)


def sports_ball(pen: ObjectPen, rng: Rng) -> None:
    """A football, a basketball or a beach ball."""
    kind, turn = int(rng.integers(3)), float(rng.uniform(0, 360))
    if kind == 0:
        _football(pen, turn)
    elif kind == 1:
        _basketball(pen, near(rng, (232, 124, 48)), turn)
    else:
        _beach_ball(pen, turn)


def soccer_ball(pen: ObjectPen, rng: Rng) -> None:
    """A football of black and white patches."""
    _football(pen, float(rng.uniform(0, 360)))


def basketball(pen: ObjectPen, rng: Rng) -> None:
    """An orange ball with dark seams."""
    _basketball(pen, near(rng, (232, 124, 48)), float(rng.uniform(0, 360)))


def _football(pen: ObjectPen, turn: float) -> None:
    pen.shape(ring(0, 0, 1.0), ((255, 255, 252), (222, 222, 230)), (96, 94, 106), 0.05)
    for k in range(5):
        angle = turn + 72 * k
        pen.stroke([polar(angle, 0.34), polar(angle, 0.72)], 0.05, _BLACK)
        pen.stroke([polar(angle + 14, 0.8), polar(angle + 58, 0.8)], 0.05, _BLACK)
        rim = ring(0, 0, 0.97, start=angle - 17, end=angle + 17, count=6)
        inner = [polar(angle + 14, 0.8), polar(angle, 0.7), polar(angle - 14, 0.8)]
        pen.shape(np.concatenate([rim, inner]), _BLACK)
    pen.shape(ring(0, 0, 0.36, start=turn, end=turn + 360, count=5), _BLACK)


def _basketball(pen: ObjectPen, color: Color, turn: float) -> None:
    pen.shape(ring(0, 0, 1.0), shaded(color, 0.15, 0.12), dark(color, 0.5), 0.05)
    bow = curve(path(".62,-.77 .36,0 .62,.77"), closed=False)
    for seam in (bow, placed(bow, 0, 0, (-1, 1)), path("0,-.97 0,.97"), path("-.97,0 .97,0")):
        pen.stroke(turned(seam, turn), 0.045, (74, 44, 34))


def _beach_ball(pen: ObjectPen, turn: float) -> None:
    pen.shape(ring(0, 0, 1.0), CREAM, (120, 96, 110), 0.05)
    for i, color in enumerate(_WEDGES):
        rim = ring(0, 0, 0.97, start=turn + 60 * i, end=turn + 60 * (i + 1), count=10)
        pen.shape(np.concatenate([path(".18,-.22"), rim]), color)
    pen.shape(ring(0.18, -0.22, 0.14), CREAM)


def teddy_bear(pen: ObjectPen, rng: Rng) -> None:
    """A teddy bear sitting, with a bow, sometimes in a shirt, sometimes waving."""
    fur, cloth = near(rng, any_of(rng, _FURS), 8), paint(rng)
    pale, ink, hem = light(fur, 0.5), dark(fur, 0.5), dark(cloth, 0.5)
    fill = shaded(fur, 0, 0.17)
    waving = rng.random() < 0.4
    for side in (-1, 1):
        pen.shape(ring(0.4 * side, -0.82, 0.19), fill, ink)
        pen.shape(ring(0.4 * side, -0.82, 0.1), pale)
        if waving and side == 1:
            pen.shape(ring(0.62, -0.08, 0.19, 0.34, angle=40), fill, ink)
        else:
            pen.shape(ring(0.58 * side, 0.22, 0.18, 0.36, angle=-32 * side), fill, ink)
    pen.shape(ring(0, 0.36, 0.52, 0.56), fill, ink)
    if rng.random() < 0.4:
        shirt = np.clip(ring(0, 0.3, 0.52, 0.5), (-0.6, -0.2), (0.6, 0.5))
        pen.shape(shirt, shaded(cloth), hem, 0.025)
        for y in (0.08, 0.28):
            pen.stroke([(-0.46, y), (0.46, y)], 0.06, light(cloth, 0.7))
    else:
        pen.shape(ring(0, 0.42, 0.33, 0.38), pale)
    for side in (-1, 1):
        pen.shape(ring(0.46 * side, 0.74, 0.26, 0.25), fill, ink)
        pen.shape(ring(0.48 * side, 0.77, 0.15, 0.14), pale)
    _bear_face(pen, fur, pale, ink)
    for side in (-1, 1):
        pen.shape([(0, -0.02), (0.24 * side, -0.14), (0.24 * side, 0.1)], cloth, hem, 0.025)
    pen.shape(box(-0.06, -0.08, 0.06, 0.04, 0.03), light(cloth, 0.2), hem, 0.02)


def _bear_face(pen: ObjectPen, fur: Color, pale: Color, ink: Color) -> None:
    pen.shape(ring(0, -0.46, 0.5, 0.44), shaded(fur, 0.1, 0.1), ink)
    pen.shape(ring(0, -0.32, 0.24, 0.19), pale)
    pen.shape(ring(0, -0.4, 0.085, 0.06), INK)
    pen.stroke(path("0,-.35 0,-.28"), 0.03, INK)
    pen.stroke(curve(path("-.1,-.26 0,-.22 .1,-.26"), closed=False), 0.03, INK)
    for side in (-1, 1):
        pen.shape(ring(0.19 * side, -0.54, 0.06), INK)
        pen.shape(ring(0.19 * side + 0.02, -0.56, 0.02, count=8), (255, 255, 255))
        pen.shape(ring(0.32 * side, -0.36, 0.08, 0.06), (236, 130, 120, 90))

"""Cups and clocks on -1..1 (y down)."""

from tasks.samples.drawing.colors import (
    INK,
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
from tasks.samples.drawing.shapes import box, curve, polar, ring, symmetric

_DRINKS = ((96, 62, 44), (96, 62, 44), (176, 116, 60), (150, 60, 44))
_GLAZES = ((222, 68, 54), (52, 118, 186), (244, 184, 60), (238, 232, 218))
_STRONG = ((222, 68, 54), (52, 118, 186), (72, 154, 112))
_DOTS = ((-0.36, -0.2), (0.1, -0.24), (-0.12, 0.12), (0.34, 0.1), (-0.34, 0.46), (0.12, 0.46))
_HEART = [(0, -0.02), (0.12, -0.16), (0.3, -0.12), (0.32, 0.12), (0, 0.46)]
_FACES = ((252, 248, 236), (236, 242, 246))


def cup(pen: ObjectPen, rng: Rng) -> None:
    """A mug with a handle, seen slightly from above: plain, banded, dotted or with a heart."""
    color = near(rng, any_of(rng, _GLAZES))
    ink, taper = dark(color, 0.55), rng.uniform(0.0, 0.16)
    handle = ring(0.62, 0.06, 0.33, 0.36, -105, 105)
    pen.stroke(handle, 0.2, ink)
    pen.stroke(handle, 0.14, dark(color, 0.1))
    side = [(0.66, -0.6), (0.66 - 0.5 * taper, 0.4), (0.6 - taper, 0.76), (0.44 - taper, 0.86)]
    pen.shape(symmetric(side), shaded(color, 0.12, 0.15), ink, 0.035)
    accent = any_of(rng, _STRONG) if is_pale(color) else light(color, 0.75)
    style = int(rng.integers(4))
    if style == 1:
        half = 0.63 - 0.4 * taper
        for y in (-0.1, 0.14):
            pen.shape(box(-half, y, half, y + 0.11), accent)
    elif style == 2:
        for x, y in _DOTS:
            pen.shape(ring(x, y, 0.09, count=16), accent)
    elif style == 3:
        pen.shape(curve(symmetric(_HEART)), accent)
    pen.shape(ring(0, -0.6, 0.66, 0.19), (light(color, 0.4), light(color, 0.15)), ink, 0.035)
    drink = any_of(rng, _DRINKS)
    pen.shape(ring(0, -0.57, 0.55, 0.13), (dark(drink, 0.2), light(drink, 0.15)))
    pen.shape([(-0.52, -0.36), (-0.4, -0.34), (-0.38, 0.6), (-0.46, 0.56)], (255, 255, 255, 90))


def wall_clock(pen: ObjectPen, rng: Rng) -> None:
    """A round clock, any time of day."""
    _dial(pen, rng, paint(rng), 0.0, 1.0)


def alarm_clock(pen: ObjectPen, rng: Rng) -> None:
    """A clock on two feet under two bells."""
    frame = paint(rng)
    ink = dark(frame, 0.55)
    for s in (-1, 1):
        pen.stroke([(0.4 * s, 0.55), (0.62 * s, 0.98)], 0.14, ink)
        bell = ring(0.5 * s, -0.72, 0.3, 0.22, angle=35 * s)
        pen.shape(bell, shaded(frame, 0.2, 0.05), ink, 0.03)
    pen.stroke([(0, -0.7), (0, -0.98)], 0.1, ink)
    _dial(pen, rng, frame, 0.04, 0.8)


def _dial(pen: ObjectPen, rng: Rng, frame: Color, y: float, r: float) -> None:
    face = any_of(rng, _FACES)
    pen.shape(ring(0, y, r), shaded(frame, 0.2, 0.2), dark(frame, 0.55), 0.04)
    pen.shape(ring(0, y, 0.82 * r), shaded(face, 0.2, 0), dark(frame, 0.55), 0.025)
    for k in range(12):
        quarter = k % 3 == 0
        tick = [polar(30 * k, d * r, 0, y) for d in (0.6 if quarter else 0.66, 0.74)]
        pen.stroke(tick, 0.07 if quarter else 0.035, INK)
    hours = rng.uniform(0, 12)
    for turn, length, width in ((hours / 12, 0.4, 0.1), (hours % 1, 0.62, 0.065)):
        pen.stroke([(0, y), polar(360 * turn - 90, length * r, 0, y)], width, INK)
    pen.stroke([(0, y), polar(float(rng.uniform(0, 360)), 0.6 * r, 0, y)], 0.025, RED)
    pen.shape(ring(0, y, 0.08 * r), RED)

"""Pizzas from above on -1..1 (y down)."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, dark, light, near, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import path, placed, polar, ring

_CRUST, _SAUCE, _CHEESE = (214, 152, 84), (196, 70, 44), (250, 208, 110)
_SALAMI, _TOMATO, _BASIL, _OLIVE = (206, 66, 50), (232, 84, 60), (84, 142, 66), (58, 52, 56)


def pizza(pen: ObjectPen, rng: Rng) -> None:
    """A whole pizza, one with a slice gone, or the slice."""
    crust, cheese = near(rng, _CRUST, 10), near(rng, _CHEESE, 10)
    if rng.random() < 0.25:
        _slice(pen, rng, crust, cheese)
    else:
        _round(pen, rng, crust, cheese)


def _round(pen: ObjectPen, rng: Rng, crust: Color, cheese: Color) -> None:
    gone = float(rng.choice((0, 0, 45, 60)))  # degrees
    start = float(rng.uniform(0, 360)) + gone
    span = 360 - gone
    whole = ring(0, 0, 1.0, start=start, end=start + span - 0.01, count=64)
    if gone:
        whole = np.concatenate([whole, path("0,0")])
    pen.shape(whole, shaded(crust, 0.2, 0.1), dark(crust, 0.45))
    pen.shape(0.86 * whole, _SAUCE)
    ragged = 0.8 + 0.03 * np.sin(1.9 * np.arange(len(whole)))
    pen.shape(whole * ragged[:, None], shaded(cheese, 0.2, 0))
    count, meat = int(rng.integers(7, 12)), rng.random() < 0.7
    for i in range(count):
        angle = start + span * (i + 0.5) / count
        _topping(pen, *polar(angle, 0.58 if i % 2 else 0.34), _SALAMI if meat else _TOMATO)
    for _ in range(int(rng.integers(6, 14))):
        x, y = polar(start + span * rng.uniform(0.05, 0.95), rng.uniform(0.15, 0.72))
        if rng.random() < 0.5:
            pen.shape(ring(x, y, 0.09, 0.045, angle=rng.uniform(0, 180), count=12), _BASIL)
        else:
            pen.stroke(ring(x, y, 0.055, count=12), 0.035, _OLIVE)
    for k in range(1, 8):
        pen.stroke([(0, 0), polar(start + span * k / 8, 0.86)], 0.018, (*dark(cheese, 0.4), 130))


def _slice(pen: ObjectPen, rng: Rng, crust: Color, cheese: Color) -> None:
    rim = ring(0, 0.95, 1.75, start=240, end=300, count=20)
    pen.shape(np.concatenate([rim, path("0,.95")]), shaded(cheese, 0, 0.08), dark(cheese, 0.45))
    for x, y in path("-.24,-.28 .3,-.32 .02,.1 -.02,-.5"):
        _topping(pen, x, y, _SALAMI)
    for x, y, angle in rng.uniform((-0.3, -0.5, 0), (0.3, 0.1, 180), (5, 3)):
        pen.shape(ring(x, y, 0.08, 0.04, angle=angle, count=12), _BASIL)
    pen.stroke(rim, 0.24, dark(crust, 0.45))
    pen.stroke(rim, 0.19, crust)
    pen.stroke(placed(rim, -0.01, -0.04), 0.06, light(crust, 0.35))


def _topping(pen: ObjectPen, x: float, y: float, color: Color) -> None:
    pen.shape(ring(x, y, 0.14, count=20), color, dark(color, 0.3), 0.025)
    if color == _TOMATO:
        pen.shape(ring(x, y, 0.075, count=12), light(color, 0.35))
    else:
        pen.shape(ring(x - 0.03, y - 0.04, 0.04, count=8), light(color, 0.3))

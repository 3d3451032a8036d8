"""What drives in a street, from the side, facing right, in metres."""

import numpy as np

from tasks.samples.drawing.colors import TYRE, Color, Rng, any_of, dark, light, near, shaded
from tasks.samples.drawing.shapes import box, curve, path, ring
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment

_GLASS: Color = (124, 160, 184)
_PAINTS: tuple[Color, ...] = (
    (206, 60, 52),
    (236, 234, 228),
    (66, 74, 90),
    (156, 162, 170),
    (56, 104, 168),
    (104, 140, 104),
)
_OLD: tuple[Color, ...] = ((90, 190, 190), (236, 130, 160), (240, 210, 110), (200, 70, 60))


def _wheels(pen: LitPen, places: tuple[float, ...], radius: float) -> None:
    for x in places:
        pen.shape(ring(x, -radius, radius, count=18), TYRE)
        pen.shape(ring(x, -radius, 0.45 * radius, count=12), (190, 192, 198))


def car(pen: LitPen, rng: Rng, now: Moment, color: Color | None = None, lamp: bool = False) -> None:
    """A saloon."""
    color = color or near(rng, any_of(rng, _PAINTS), 10)
    if lamp:
        pen.shape(box(-0.5, -1.7, 0.2, -1.4), (250, 246, 226))
    pen.shape(path("-1.6,-.8 -1.1,-1.42 .4,-1.45 1.1,-.85"), dark(color, 0.1))
    pen.shape(path("-1.3,-.85 -1,-1.3 -.25,-1.32 -.25,-.85"), _GLASS)
    pen.shape(path("-.1,-.85 -.1,-1.32 .35,-1.33 .85,-.85"), _GLASS)
    body = curve(path("-2.1,-.3 -2.1,-.8 -1.4,-.92 1,-.92 2,-.75 2.15,-.3"))
    pen.shape(body, shaded(color, 0.12, 0.22))
    pen.shape(box(1.9, -0.75, 2.1, -0.55), (255, 246, 210))
    _wheels(pen, (-1.3, 1.3), 0.34)


def taxi(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A yellow saloon with a lamp."""
    car(pen, rng, now, near(rng, (246, 196, 50), 8), lamp=True)


def oldtimer(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A finned American saloon of the fifties."""
    color = near(rng, any_of(rng, _OLD), 8)
    pen.shape(path("-1.3,-.9 -.9,-1.5 .5,-1.5 .9,-.9"), light(color, 0.7))
    pen.shape(path("-1,-.9 -.75,-1.35 .4,-1.35 .65,-.9"), _GLASS)
    pen.shape(
        path("-2.6,-.3 -2.7,-1.1 -1.8,-.95 1.4,-.95 2.4,-.85 2.5,-.3"), shaded(color, 0.2, 0.15)
    )
    pen.stroke([(-2.6, -0.6), (2.45, -0.6)], 0.1, (236, 236, 236))
    _wheels(pen, (-1.5, 1.5), 0.38)


def kei(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Japan's short, high small car."""
    color = near(rng, any_of(rng, ((246, 244, 238), (150, 200, 210), (236, 170, 170))), 8)
    pen.shape(box(-1.6, -1.75, 1.35, -0.3, 0.25), shaded(color, 0.1, 0.18))
    for x0, x1 in ((-1.4, -0.6), (-0.5, 0.35), (0.45, 1.1)):
        pen.shape(box(x0, -1.55, x1, -0.95), _GLASS)
    pen.shape(box(1.2, -0.9, 1.7, -0.3, 0.12), color)
    _wheels(pen, (-1.1, 1.1), 0.32)


def van(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A minibus."""
    color = near(rng, any_of(rng, ((236, 232, 222), (230, 150, 60), (80, 150, 170))), 10)
    pen.shape(path("-2.3,-.35 -2.3,-2.1 1.3,-2.1 2.1,-1.1 2.3,-.35"), shaded(color, 0.1, 0.2))
    for x in (-1.9, -1.0, -0.1):
        pen.shape(box(x, -1.85, x + 0.75, -1.2), _GLASS)
    pen.shape(path(".85,-1.2 .85,-1.85 1.2,-1.85 1.75,-1.2"), _GLASS)
    _wheels(pen, (-1.4, 1.4), 0.38)


def pickup(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A cab in front of an open bed."""
    color = near(rng, any_of(rng, _PAINTS), 10)
    pen.shape(path("-.2,-1 -.1,-1.8 .8,-1.8 1.3,-1.1"), dark(color, 0.1))
    pen.shape(path("0,-1.1 .05,-1.65 .7,-1.65 1.05,-1.1"), _GLASS)
    pen.shape(
        path("-2.6,-.45 -2.6,-1.15 -.2,-1.15 1.2,-1.15 2.4,-1 2.5,-.45"), shaded(color, 0.1, 0.2)
    )
    _wheels(pen, (-1.6, 1.6), 0.44)


def _bus(pen: LitPen, color: Color, decks: int, length: float, nose: float) -> None:
    half, high = length / 2, 1.2 + 1.6 * decks
    pen.shape(box(-half, -high, half - nose, -0.4, 0.2), shaded(color, 0.1, 0.15))
    if nose:
        pen.shape(box(half - nose - 0.2, -1.7, half, -0.4, 0.2), shaded(color, 0.05, 0.2))
    for deck in range(decks):
        y = -high + 0.4 + 1.6 * deck
        for x in np.arange(-half + 0.3, half - nose - 0.9, 1.2):
            pen.shape(box(x, y, x + 0.95, y + 0.8), _GLASS)
    _wheels(pen, (-0.6 * half, 0.6 * half), 0.48)


def bus(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A city bus of any colour."""
    _bus(pen, near(rng, any_of(rng, _PAINTS), 16), 1, 9, 0)


def school_bus(pen: LitPen, rng: Rng, now: Moment) -> None:
    """America's yellow school bus, with a bonnet."""
    _bus(pen, near(rng, (246, 178, 40), 6), 1, 9, 1.4)
    pen.stroke([(-4.4, -1.2), (3, -1.2)], 0.14, TYRE)


def double_decker(pen: LitPen, rng: Rng, now: Moment) -> None:
    """London's red double-decker."""
    _bus(pen, near(rng, (206, 36, 40), 8), 2, 8.5, 0)


def tuk_tuk(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Three wheels under a canopy."""
    body, roof = any_of(rng, (((60, 150, 90), (246, 200, 60)), ((50, 90, 170), (206, 60, 50))))
    for x in (-1.0, 0.1, 0.9):
        pen.stroke([(x, -0.8), (x * 0.9, -1.8)], 0.1, dark(body, 0.4))
    pen.shape(box(-1.25, -1.95, 0.95, -1.6, 0.15), roof)
    pen.shape(path("-1.3,-.35 -1.3,-1 -.3,-1 -.2,-.6 .6,-.6 .8,-1.1 1.2,-.5 1.2,-.3"), shaded(body))
    _wheels(pen, (-0.85, 1.05), 0.28)


def scooter(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A motor scooter and its rider."""
    color, shirt = (near(rng, any_of(rng, _PAINTS), 12) for _ in range(2))
    pen.shape(path("-.8,-.4 -.7,-.8 0,-.75 .1,-.4 .5,-.4 .6,-1 .75,-1 .8,-.3"), color)
    pen.stroke([(-0.3, -0.8), (-0.15, -1.4)], 0.4, shirt)
    pen.stroke([(-0.1, -1.3), (0.55, -1.05)], 0.14, shirt)
    pen.shape(ring(-0.08, -1.7, 0.2, count=12), dark(color, 0.3))
    _wheels(pen, (-0.65, 0.75), 0.27)


def snowcat(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A cabin on tracks."""
    color = near(rng, (232, 110, 40), 8)
    pen.shape(box(-2.3, -0.9, 2.3, 0, 0.42), TYRE)
    pen.shape(path("-2,-.8 -2,-2.5 1.2,-2.5 1.9,-1.4 2.1,-.8"), shaded(color))
    for x in (-1.7, -0.6, 0.4):
        pen.shape(box(x, -2.2, x + 0.8, -1.5), _GLASS)

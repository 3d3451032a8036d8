"""Boats from the side, in metres, on the waterline."""

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, near, shaded
from tasks.samples.drawing.shapes import box, curve, path
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import Moment

_HULLS: tuple[Color, ...] = ((206, 60, 52), (46, 96, 150), (240, 236, 226), (60, 130, 110))


def sail(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A yacht."""
    pen.stroke([(0.2, -0.8), (0.2, -10)], 0.2, (120, 96, 80))
    pen.shape(path(".5,-1.4 .5,-9.6 4,-1.4"), (250, 248, 240))
    pen.shape(path("0,-1.4 0,-9 -2.6,-1.2"), (236, 232, 224))
    pen.shape(path("-3.6,-1 4.2,-1 3.2,0.2 -2.8,0.2"), shaded(near(rng, any_of(rng, _HULLS), 8)))


def dhow(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A lateen sail on a raked mast."""
    pen.stroke([(0, -1), (0.6, -7.5)], 0.26, (96, 72, 56))
    pen.shape(curve(path("-3.6,-2.2 -.5,-6.5 4.2,-10 2,-5 2,-1.8")), (244, 236, 214))
    pen.shape(path("-5.4,-2.2 -3.6,-1 3.4,-1 6,-2 4,.2 -4,.2"), shaded((134, 92, 62)))


def junk(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Battened, red-brown sails."""
    cloth = near(rng, (186, 84, 50), 12)
    for x, size in ((-2, 0.8), (1.6, 1.0)):
        with pen.at(x, -1.4, size):
            pen.shape(path("-.4,0 -.6,-8 1.6,-9 3,-6 3.2,-.4"), shaded(cloth))
            for y in (-1.8, -3.6, -5.4):
                pen.stroke([(-0.4, y), (3, y - 0.6)], 0.16, dark(cloth, 0.4))
    pen.shape(path("-5.6,-3 -4,-1.6 4,-1.2 6,-2.4 4.6,.2 -4.4,.2"), shaded((110, 76, 58)))


def outrigger(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A narrow canoe with its float."""
    pen.stroke([(-2.6, 0.5), (2.8, 0.5)], 0.26, (196, 160, 110))
    for x in (-1.4, 1.4):
        pen.stroke(
            curve([(x, -0.6), (x + 0.2, -0.9), (x, 0.5)], closed=False), 0.14, (150, 110, 76)
        )
    pen.shape(
        path("-4.4,-1.2 -3.4,-.6 3.2,-.6 4.6,-1.3 3.4,.1 -3.4,.1"),
        near(rng, any_of(rng, _HULLS), 10),
    )
    pen.shape(path("0,-.7 .4,-5.4 2.8,-1.6"), any_of(rng, ((248, 240, 220), (230, 120, 60))))
    pen.stroke([(0, -0.6), (0.4, -5.6)], 0.14, (120, 90, 66))


def longtail(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A slim Thai boat: high bow, canopy, ribbons."""
    wood = near(rng, (150, 98, 60), 8)
    pen.shape(curve(path("-5,-.8 -3,-.5 3,-.6 5,-1.6 6,-3.2 5.6,-1 4,.2 -4.4,.2")), shaded(wood))
    pen.shape(box(-2.6, -2.6, 1.8, -2.3), any_of(rng, ((240, 236, 226), (60, 120, 170))))
    for x in (-2.3, 1.5):
        pen.stroke([(x, -0.5), (x, -2.4)], 0.14, wood)
    for i, tone in enumerate(((226, 60, 80), (250, 200, 60), (70, 150, 90))):
        pen.stroke([(5.4 + 0.2 * i, -2.4), (5.2 + 0.2 * i, -1.3)], 0.22, tone)


def trawler(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A fishing boat with its wheelhouse forward."""
    hull = near(rng, any_of(rng, _HULLS), 8)
    pen.stroke([(-2.6, -1), (-2.6, -6)], 0.2, (110, 100, 96))
    pen.stroke([(-2.6, -5), (-5, -1.8)], 0.12, (110, 100, 96))
    pen.shape(box(0.8, -4.2, 3.4, -1), shaded((244, 240, 230)))
    pen.shape(box(1.2, -3.7, 3.0, -2.8), (90, 124, 148))
    pen.shape(path("-5,-1.2 3,-1.2 5.4,-2.2 4.4,.2 -4.4,.2"), shaded(hull))

"""Plants and other things lower than a tree, in metres, their foot at the origin."""

from functools import partial

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, mix, near
from tasks.samples.drawing.shapes import box, curve, leaf, path, placed, polar, ring
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import SNOW, Moment

_ROCKS: tuple[Color, ...] = ((140, 136, 132), (120, 112, 108), (164, 150, 134))


def saguaro(pen: LitPen, rng: Rng, now: Moment) -> None:
    """The ribbed column with arms of the Sonoran desert."""
    height, tone = rng.uniform(5, 8), near(rng, (88, 132, 84), 8)
    for side in (-1, 1):
        if rng.random() < 0.85:
            low, high = rng.uniform(0.3, 0.5) * height, rng.uniform(0.65, 0.9) * height
            arm = curve([(0, -low), (side * 1.2, -low - 0.2), (side * 1.4, -high)], closed=False)
            pen.stroke(arm, 0.55, dark(tone, 0.08))
    pen.shape(box(-0.42, -height, 0.42, 0, 0.4), tone)
    for x in (-0.18, 0.1):
        pen.stroke([(x, -height + 0.5), (x, -0.1)], 0.08, light(tone, 0.25))


def columns(pen: LitPen, rng: Rng, now: Moment, tone: Color = (120, 146, 92)) -> None:
    """Candelabra of upright columns: the Andes' cardon, Africa's euphorbia."""
    tone = near(rng, tone, 8)
    for x in (-1.3, -0.7, 0.0, 0.7, 1.3):
        height = rng.uniform(3, 5) - 0.6 * abs(x)
        bend = curve([(0, -0.4), (0.9 * x, -1.0), (x, -height)], closed=False)
        pen.stroke(bend, 0.4, tone if x > 0 else light(tone, 0.12))


def agave(pen: LitPen, rng: Rng, now: Moment, tone: Color = (124, 160, 146)) -> None:
    """A rosette of swords."""
    tone = near(rng, tone, 8)
    for angle in (-172, -150, -8, -30, -128, -52, -108, -74, -90):
        pen.shape(leaf(0, 0, angle, rng.uniform(1.2, 1.7), 0.2), dark(tone, 0.1 * rng.random()))


def aloe(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A rosette on a stem with red candles, as in the Cape."""
    pen.shape(box(-0.25, -1.6, 0.25, 0), (124, 104, 84))
    with pen.at(0, -1.5, 1.0):
        agave(pen, rng, now, (132, 158, 116))
        for angle in (-110, -88, -66):
            tip, foot = polar(angle, 2.5), polar(angle, 1.4)
            pen.stroke([foot, tip], 0.26, (226, 84, 44))


def shrub(pen: LitPen, rng: Rng, now: Moment, tone: Color = (134, 142, 96)) -> None:
    """A low round bush."""
    tone, width = near(rng, tone, 12), rng.uniform(0.7, 1.5)
    if now.snow:
        tone = mix(tone, SNOW, 0.75)
    for dx, r in ((-0.4, 0.4), (0.4, 0.42), (0.0, 0.55)):
        puff = ring(dx * width, -0.35 * width, r * width, 0.8 * r * width, count=14)
        pen.shape(puff, (light(tone, 0.14), dark(tone, 0.16)))


def tussock(pen: LitPen, rng: Rng, now: Moment, tone: Color = (206, 184, 110)) -> None:
    """A bunch of stiff grass."""
    tone, size = near(rng, tone, 12), rng.uniform(0.6, 1.1)
    for angle in np.linspace(-160, -20, 9):
        x, y = polar(angle + rng.uniform(-6, 6), size)
        pen.shape([(-0.09, 0), (x, y), (0.09, 0)], dark(tone, rng.uniform(0, 0.25)))


def rock(pen: LitPen, rng: Rng, now: Moment, tones: tuple[Color, ...] = _ROCKS) -> None:
    """A boulder."""
    tone, size = near(rng, any_of(rng, tones), 10), rng.uniform(0.5, 1.6)
    outline = path("-.6,0 -.55,-.35 -.2,-.6 .25,-.52 .55,-.3 .62,0")
    pen.shape(placed(outline, 0, 0, size), (light(tone, 0.2), dark(tone, 0.25)))
    if now.snow:
        pen.shape(placed(path("-.5,-.36 -.2,-.6 .25,-.52 .5,-.32 .1,-.42"), 0, 0, size), SNOW)


def termite_mound(pen: LitPen, rng: Rng, now: Moment) -> None:
    """A red earth spire."""
    height, tone = rng.uniform(1.6, 3.2), near(rng, (178, 92, 56), 10)
    spire = curve(path("-.4,0 -.3,-.5 -.12,-.8 0,-1 .16,-.7 .26,-.5 .42,0"))
    pen.shape(placed(spire, 0, 0, height), (light(tone, 0.1), dark(tone, 0.25)))


def flowers(pen: LitPen, rng: Rng, now: Moment, blooms: tuple[Color, ...]) -> None:
    """A patch in bloom, where there is no snow."""
    if now.snow:
        return
    tone = any_of(rng, blooms)
    for x, y in zip(rng.uniform(-1.6, 1.6, 14), rng.uniform(-0.9, 0, 14), strict=True):
        pen.shape(ring(x, y, 0.13, count=7), near(rng, tone, 14))


def snow_drift(pen: LitPen, rng: Rng, now: Moment) -> None:
    """Wind-packed snow or, without any, stones."""
    if not now.snow:
        rock(pen, rng, now)
        return
    width = rng.uniform(2, 5)
    drift = curve(path("-1,0 -.4,-.14 .1,-.22 .5,-.1 1,0"))
    pen.shape(placed(drift, 0, 0, width), (SNOW, (206, 222, 240)))


cardon = partial(columns, tone=(138, 152, 100))
euphorbia = partial(columns, tone=(96, 140, 84))
sage = partial(shrub, tone=(156, 160, 126))
heather = partial(shrub, tone=(150, 96, 120))
fern = partial(shrub, tone=(86, 150, 66))
spinifex = partial(tussock, tone=(196, 192, 112))
ichu = partial(tussock, tone=(212, 178, 92))
flax = partial(tussock, tone=(104, 130, 70))
poppies = partial(flowers, blooms=((222, 58, 44), (246, 226, 90), (250, 246, 240)))
lupins = partial(flowers, blooms=((150, 96, 190), (206, 110, 180), (240, 170, 196)))

"""Meadows, beaches, lakes and snow."""

import numpy as np

from tasks.samples import objects as o
from tasks.samples.drawing.colors import (
    DAY,
    EVENING,
    NIGHT,
    Color,
    Rng,
    any_of,
    dark,
    light,
    mix,
    near,
)
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import curve, ring
from tasks.samples.scenery.land import grass, hills, pine, round_tree, sea
from tasks.samples.scenery.sky import daylight, night, sky, snowfall
from tasks.samples.scenes.scene import Scene, Zone

FLYERS = (o.AIRPLANE, o.FLYING_BIRD, o.KITE)
_HAZE: Color = (188, 212, 226)


def meadow(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """Hills, trees and grass under a day or evening sky."""
    horizon = rng.uniform(0.42, 0.6)
    evening = daylight(pen, rng, aspect, horizon)
    greens = ((134, 182, 92), (156, 190, 96), (110, 168, 104), (196, 184, 96))
    green = near(rng, any_of(rng, greens), 10)
    if rng.random() < 0.4:
        hills(pen, rng, aspect, horizon, 0.24, mix((112, 132, 164), _HAZE, 0.4), peaks=True)
    for i in range(2):
        tone = mix(dark(green, 0.12), _HAZE, 0.45 - 0.3 * i)
        hills(pen, rng, aspect, horizon + 0.04 * i, 0.13, tone)
    leaf = any_of(rng, ((86, 142, 82), (110, 156, 76), (214, 142, 66)))
    for _ in range(int(rng.integers(0, 6))):
        tree = round_tree if rng.random() < 0.7 else pine
        foot = horizon + rng.uniform(0.0, 0.05)
        tree(pen, rng, rng.uniform(0, aspect), foot, rng.uniform(0.12, 0.26), leaf)
    hills(pen, rng, aspect, horizon + 0.06, 0.04, green)
    grass(pen, rng, aspect, horizon + 0.06, green, blooms=rng.random() < 0.6)
    lawn = (o.CAT, o.BIRD, o.SPORTS_BALL, o.UMBRELLA, o.TEDDY_BEAR, o.POTTED_PLANT)
    zones = (
        Zone(FLYERS, 0.05, horizon - 0.08, "fly", 0.75),
        Zone(lawn, horizon + 0.1, 1.0),
        Zone((o.APPLE, o.BANANA), horizon + 0.2, 1.0, "stand", 0.3),
    )
    return Scene(zones, EVENING if evening else DAY)


def beach(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """Sea between sky and sand."""
    horizon, shore = rng.uniform(0.3, 0.42), rng.uniform(0.64, 0.76)
    evening = daylight(pen, rng, aspect, horizon)
    if rng.random() < 0.4:
        hills(pen, rng, aspect, horizon + 0.01, 0.1, (136, 166, 178))
    waters: tuple[tuple[Color, Color], ...] = (
        ((58, 132, 184), (110, 196, 204)),
        ((72, 146, 178), (140, 208, 200)),
        ((60, 110, 160), (120, 170, 190)),
    )
    far, close = any_of(rng, waters)
    if evening:
        far, close = mix(far, (200, 110, 110), 0.3), mix(close, (252, 190, 140), 0.35)
    sea(pen, rng, aspect, horizon, shore + 0.06, far, close, (255, 252, 240))
    _sand(pen, rng, aspect, shore)
    on_sand = (o.UMBRELLA, o.SPORTS_BALL, o.BIRD, o.TEDDY_BEAR)
    zones = (
        Zone(FLYERS, 0.05, horizon - 0.05, "fly", 0.6),
        Zone((o.BOAT,), horizon + 0.05, shore - 0.02, "float"),
        Zone(on_sand, shore + 0.08, 1.0),
    )
    return Scene(zones, EVENING if evening else DAY)


def _sand(pen: Pen, rng: Rng, aspect: float, shore: float) -> None:
    sand = near(rng, (238, 212, 160), 8)
    knots = np.stack([np.linspace(-0.1, aspect + 0.1, 7), shore + rng.uniform(-0.03, 0.03, 7)], 1)
    edge, corners = curve(knots, closed=False), [(aspect + 0.2, 1.05), (-0.2, 1.05)]
    for rise, color in ((-0.02, (250, 250, 244)), (-0.006, dark(sand, 0.12)), (0.02, sand)):
        shape = np.concatenate([edge + np.array((0, rise)), corners])
        pen.shape(shape, (color, light(color, 0.15)))
    for _ in range(26):
        pebble = ring(rng.uniform(0, aspect), rng.uniform(shore + 0.06, 1), 0.007, 0.004, count=10)
        pen.shape(pebble, any_of(rng, (dark(sand, 0.2), light(sand, 0.6), (226, 160, 130))))


def lake(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """Mountains behind open water, by day or under the moon."""
    horizon = rng.uniform(0.36, 0.5)
    if rng.random() < 0.35:
        night(pen, rng, aspect, horizon)
        tint, ridge, shine = NIGHT, (52, 56, 104), (206, 214, 250)
        far, close = (64, 76, 136), (32, 42, 94)
    else:
        evening = daylight(pen, rng, aspect, horizon)
        tint, ridge, shine = EVENING if evening else DAY, (110, 138, 160), (250, 252, 250)
        far, close = (120, 180, 206), (52, 118, 168)
        if evening:
            far, close, ridge = (236, 168, 136), (104, 96, 150), (122, 104, 140)
    hills(pen, rng, aspect, horizon + 0.02, 0.26, ridge, peaks=True)
    hills(pen, rng, aspect, horizon + 0.02, 0.08, mix(ridge, (60, 110, 80), 0.5))
    sea(pen, rng, aspect, horizon, 1.01, far, close, shine)
    zones = (
        Zone(FLYERS, 0.05, horizon - 0.06, "fly", 0.6),
        Zone((o.BOAT,), horizon + 0.08, 0.98, "float"),
    )
    return Scene(zones, tint)


def snow(pen: Pen, rng: Rng, aspect: float) -> Scene:
    """Snow on hills and firs, falling or fallen."""
    horizon = rng.uniform(0.42, 0.56)
    top, bottom = any_of(
        rng,
        (
            ((150, 184, 214), (232, 240, 246)),
            ((186, 190, 214), (246, 232, 232)),
            ((110, 150, 206), (226, 236, 246)),
        ),
    )
    sky(pen, aspect, horizon, top, bottom)
    hills(pen, rng, aspect, horizon, 0.26, (150, 172, 200), peaks=True)
    for i in range(2):
        tone = mix((206, 220, 238), (240, 244, 250), 0.5 * i)
        hills(pen, rng, aspect, horizon + 0.05 * i, 0.1, tone)
    for _ in range(int(rng.integers(3, 9))):
        x, foot = rng.uniform(0, aspect), horizon + rng.uniform(0.0, 0.08)
        pine(pen, rng, x, foot, rng.uniform(0.14, 0.32), (76, 122, 112), snow=True)
    hills(pen, rng, aspect, horizon + 0.08, 0.04, (240, 245, 252))
    if rng.random() < 0.7:
        snowfall(pen, rng, aspect)
    ground = (o.CAT, o.BIRD, o.CAR, o.TEDDY_BEAR, o.SPORTS_BALL, o.STOP_SIGN)
    zones = (
        Zone((o.AIRPLANE, o.FLYING_BIRD), 0.05, horizon - 0.1, "fly", 0.6),
        Zone(ground, horizon + 0.12, 1.0),
    )
    return Scene(zones, (0.97, 0.98, 1.0))

"""What rises on the horizon. The unit is the frame's height."""

from collections.abc import Callable
from functools import partial

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, dark, light, mix, near
from tasks.samples.drawing.shapes import curve, placed, ring
from tasks.samples.landscapes.moment import SNOW
from tasks.samples.landscapes.stage import Stage
from tasks.samples.scenery.land import hills

_ROCK: Color = (124, 118, 116)


def plain(stage: Stage) -> None:
    """A low line of rises, or woods where there is forest."""
    pen, rng, foot = stage.pen, stage.rng, stage.horizon + 0.006
    with pen.far(0.45):
        hills(pen, rng, stage.aspect, foot, 0.03, _cover(stage, 0.14))
    if stage.place.climate.biome in ("rain_forest", "boreal"):
        tone = mix(dark(stage.now.grass, 0.3), (40, 84, 66), 0.5)
        for distance, height in ((0.5, 0.09), (0.3, 0.055)):
            with pen.far(distance):
                for x in np.arange(-0.05, stage.aspect + 0.05, 0.035):
                    high = height * rng.uniform(0.6, 1.1)
                    pen.shape(ring(x, foot, 0.035, high, 180, 360.1, count=10), near(rng, tone, 6))


def rolling(stage: Stage) -> None:
    """Round hills, one behind the other."""
    for i, distance in enumerate((0.55, 0.25)):
        with stage.pen.far(distance):
            height = 0.15 - 0.06 * i
            tone = _cover(stage, 0.06 * i)
            hills(stage.pen, stage.rng, stage.aspect, stage.horizon + 0.006, height, tone)


def alps(stage: Stage, summit: float = 2.6) -> None:
    """A range, `summit` km above the place, with snow down to the snow line."""
    rng = stage.rng
    for distance, tallest, count in ((0.5, 0.34, 5), (0.28, 0.22, 6)):
        with stage.pen.far(distance):
            xs = np.linspace(-0.1, stage.aspect + 0.1, count) + rng.uniform(-0.1, 0.1, count)
            for x in rng.permutation(xs):
                _mountain(stage, float(x), tallest * rng.uniform(0.5, 1.0), summit)
    with stage.pen.far(0.15):
        hills(stage.pen, rng, stage.aspect, stage.horizon + 0.006, 0.05, _cover(stage, 0.12))


def _mountain(stage: Stage, x: float, height: float, summit: float) -> None:
    rng, foot = stage.rng, stage.horizon + 0.01
    half, peak = height * rng.uniform(0.9, 1.3), (x, foot - height)
    rock = near(rng, mix(_ROCK, stage.green, 0.35), 8)
    ridge = _ragged(rng, (x + 0.12 * half, foot), peak, 0.02)
    stage.pen.shape(np.concatenate([[(x - half, foot)], ridge[::-1]]), light(rock, 0.12))
    stage.pen.shape(np.concatenate([ridge, [(x + half, foot)]]), dark(rock, 0.22))
    snowy = float(np.clip(1 - stage.now.snowline / (summit * height / 0.25), 0, 0.94))
    if snowy < 0.06:
        return
    hem = foot - height * (1 - snowy)
    left, right = x - snowy * half, x + snowy * half
    middle = (x + 0.12 * half * snowy, hem)
    for corner, tone in ((left, SNOW), (right, mix(SNOW, (150, 172, 212), 0.5))):
        zigzag = _ragged(rng, (corner, hem), middle, 0.09 * height)
        stage.pen.shape(np.concatenate([[peak], zigzag]), tone)


def _ragged(
    rng: Rng, start: tuple[float, float], end: tuple[float, float], depth: float
) -> np.ndarray:
    """Return a jagged line that strays up to `depth` from the straight one."""
    line = np.linspace(start, end, 8)
    line[1:-1] += np.stack([rng.normal(0, 0.004, 6), depth * rng.uniform(-1, 1, 6)], 1)
    return line


def volcano(stage: Stage) -> None:
    """One wide cone over hills, with snow if it is high enough."""
    rng, foot = stage.rng, stage.horizon + 0.01
    x, height = rng.uniform(0.2, 0.8) * stage.aspect, rng.uniform(0.2, 0.34)
    slope = [(0.07, -1), (0.16, -0.78), (0.45, -0.36), (1.0, -0.1), (1.9, 0.02)]
    right = curve(slope, closed=False)
    cone = np.concatenate([right[::-1], [(0.0, -0.95)], right * (-1, 1)])
    rock = near(rng, mix((104, 92, 96), stage.green, 0.3), 8)
    with stage.pen.far(0.45):
        stage.pen.shape(
            placed(cone, x, foot, height), (light(rock, 0.1), mix(rock, stage.green, 0.6))
        )
        dim = np.concatenate([right, [(0.3, 0.02), (0.12, -0.5), (0.0, -0.95)]])
        stage.pen.shape(placed(dim, x, foot, height), (*dark(rock, 0.5), 90))
        if stage.now.snowline < 3.2:
            low = max(0.28, min(0.8, stage.now.snowline / 3.6))
            cap = right[right[:, 1] < -low]
            hem = _ragged(rng, tuple(cap[-1]), tuple(cap[-1] * (-1, 1)), 0.07)
            snow = np.concatenate([cap, hem, (cap * (-1, 1))[::-1], [(0.0, -0.95)]])
            stage.pen.shape(placed(snow, x, foot, height), SNOW)
    rolling(stage)


def karst(stage: Stage) -> None:
    """Steep, rounded towers of limestone under green."""
    rng, foot = stage.rng, stage.horizon + 0.01
    rock = (172, 164, 150)
    for distance, tallest, count in ((0.6, 0.3, 6), (0.4, 0.24, 5), (0.2, 0.13, 4)):
        with stage.pen.far(distance):
            for x in rng.uniform(-0.1, stage.aspect + 0.1, count):
                height, half = tallest * rng.uniform(0.5, 1), rng.uniform(0.05, 0.11)
                tower = curve(
                    [(-1.1, 0), (-0.8, -0.6), (-0.3, -1), (0.3, -0.97), (0.8, -0.55), (1.1, 0)],
                    False,
                )
                green = near(rng, dark(stage.now.grass, 0.2), 8)
                stage.pen.shape(
                    placed(tower, x, foot, (half, height)), (light(green, 0.12), dark(green, 0.15))
                )
                cliff = [(0.35, -0.75), (0.62, -0.6), (0.8, -0.12), (0.45, -0.1)]
                stage.pen.shape(placed(curve(cliff), x, foot, (half, height)), rock)


def mesa(stage: Stage) -> None:
    """Flat-topped rocks in bands."""
    rng, foot = stage.rng, stage.horizon + 0.01
    rock = near(rng, mix(stage.soil, (196, 112, 70), 0.5), 8)
    for distance, tallest, count in ((0.5, 0.16, 3), (0.25, 0.2, 2)):
        with stage.pen.far(distance):
            for x in rng.uniform(0, stage.aspect, count):
                height, half = tallest * rng.uniform(0.4, 1), rng.uniform(0.1, 0.3)
                for low, high, wide, tone in (
                    (0, 0.45, 1.35, dark(rock, 0.04)),
                    (0.45, 0.75, 1.0, light(rock, 0.16)),
                    (0.75, 1.0, 0.95, dark(rock, 0.18)),
                ):
                    top = 1.0 if low == 0 else wide
                    band = [(-wide, -low), (-top, -high), (top, -high), (wide, -low)]
                    stage.pen.shape(placed(band, x, foot, (half, height)), tone)


def dunes(stage: Stage) -> None:
    """Sand in crests, one face in the sun."""
    rng, sand = stage.rng, near(stage.rng, stage.soil, 6)
    for i in range(4):
        foot = stage.horizon + 0.015 + 0.02 * i
        with stage.pen.far(0.4 - 0.12 * i):
            for x in rng.uniform(-0.1, stage.aspect + 0.1, 3):
                height, half = rng.uniform(0.05, 0.16), rng.uniform(0.3, 0.55)
                crest = curve(
                    [(-1, 0), (-0.3, -0.55), (0.05, -1), (0.2, -0.5), (0.1, 0)], closed=False
                )
                stage.pen.shape(placed(crest, x, foot, (half, height)), light(sand, 0.18))
                lee = curve([(0.05, -1), (0.2, -0.5), (0.1, 0), (1, 0), (0.5, -0.4)])
                stage.pen.shape(placed(lee, x, foot, (half, height)), dark(sand, 0.2))


def fjord(stage: Stage) -> None:
    """Steep walls that close in from both sides."""
    rng, foot = stage.rng, stage.horizon + 0.012
    gap = rng.uniform(0.3, 0.7) * stage.aspect
    for distance, reach in ((0.55, 0.12), (0.35, 0.26), (0.15, 0.42)):
        with stage.pen.far(distance):
            for side in (-1, 1):
                near_gap = gap + side * reach * rng.uniform(0.4, 1.0)
                away = near_gap + side * np.array((0.03, 0.09, 0.2, 0.5, 1.2))
                up = (
                    (0.3 + 0.25 * reach)
                    * rng.uniform(0.8, 1.1)
                    * np.array((0.35, 0.7, 0.9, 1.1, 1.0))
                )
                rock = near(rng, mix(_ROCK, stage.green, 0.4), 8)
                wall = [(near_gap, foot), *zip(away, foot - up, strict=True), (away[-1], foot)]
                stage.pen.shape(wall, (light(rock, 0.05), dark(rock, 0.25)))
                snowy = float(np.clip(1 - stage.now.snowline / 1.6, 0, 0.9))
                if snowy > 0.1:
                    hem = _ragged(
                        rng,
                        (away[-1], foot - up[-1] * (1 - 0.6 * snowy)),
                        (away[1], foot - up[1] * 0.86),
                        0.03,
                    )
                    stage.pen.shape([*zip(away[1:], foot - up[1:], strict=True), *hem], SNOW)


def _cover(stage: Stage, depth: float) -> Color:
    """The colour of slopes: snow, woods or what the ground is."""
    if stage.now.snow:
        return mix(SNOW, (96, 116, 120), 0.12 + depth)
    return dark(stage.green, 0.12 + depth)


RELIEFS: dict[str, Callable[[Stage], None]] = {
    "plain": plain,
    "hills": rolling,
    "alps": alps,
    "himalaya": partial(alps, summit=5.5),
    "volcano": volcano,
    "karst": karst,
    "mesa": mesa,
    "dunes": dunes,
    "fjord": fjord,
}

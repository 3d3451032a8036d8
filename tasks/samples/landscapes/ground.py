"""Land, fields and water in front of the horizon. The unit is the frame's height."""

import numpy as np

from tasks.samples.drawing.colors import Color, any_of, dark, light, mix, near
from tasks.samples.drawing.shapes import box, curve, path, placed, ring
from tasks.samples.landscapes.climate import Climate
from tasks.samples.landscapes.moment import SNOW
from tasks.samples.landscapes.roadside import Road
from tasks.samples.landscapes.stage import Stage
from tasks.samples.scenery.land import sea

_TUFT = path("-.3,0 -.5,-1 0,-.35 .45,-1.1 .35,0")
_BLOOM: dict[str, tuple[Color, float, float]] = {  # colour; height and row spacing in metres
    "corn": ((104, 150, 60), 1.8, 1.8),
    "wheat": ((222, 188, 96), 0.8, 0.0),
    "rape": ((240, 214, 54), 0.9, 0.0),
    "sunflower": ((240, 190, 50), 1.6, 2.2),
    "vines": ((112, 146, 66), 1.4, 3.2),
    "tea": ((72, 134, 66), 1.0, 2.4),
    "rice": ((140, 190, 80), 0.0, 0.0),
    "lavender": ((140, 110, 190), 0.7, 2.2),
    "plough": ((0, 0, 0), 0.1, 2.0),
}


_NEEDS: dict[str, tuple[float, float, float]] = {  # mm of rain per year; lowest and highest °C
    "rice": (900, 12, 30),
    "tea": (1100, 12, 26),
    "vines": (400, 8, 20),
    "lavender": (400, 9, 18),
}


def thrives(crop: str, climate: Climate) -> bool:
    """Whether a crop gets the rain and the warmth it needs."""
    rain, coldest, warmest = _NEEDS.get(crop, (320, 0, 30))
    return climate.rain >= rain and coldest <= climate.mean <= warmest


def plane(stage: Stage) -> None:
    """The level ground, its grass and its stones."""
    pen, ground = stage.pen, stage.ground
    far = mix(ground, pen.haze, 0.35)
    pen.shape(box(-0.01, stage.horizon, stage.aspect + 0.01, 1.01), (far, ground))
    if not stage.now.snow:
        for y in stage.horizon + (1 - stage.horizon) * stage.rng.random(9) ** 2:  # uneven colour
            x, wide = stage.rng.uniform(0, stage.aspect), 0.1 + 1.2 * (y - stage.horizon)
            tone = stage.soil if stage.rng.random() < 0.5 else stage.now.grass
            pen.shape(ring(x, y, wide, 0.12 * wide, count=20), (*tone, 70))
        _tufts(stage, ground)


def _tufts(stage: Stage, ground: Color) -> None:
    rng = stage.rng
    depth = rng.random(40) ** 0.7
    xs, ys = rng.uniform(0, stage.aspect, 40), stage.horizon + 0.05 + (0.95 - stage.horizon) * depth
    for x, y, size in zip(xs, ys, 0.008 + 0.026 * depth, strict=True):
        tone = dark(ground, rng.uniform(0.06, 0.22)) if rng.random() < 0.6 else light(ground, 0.2)
        stage.pen.shape(placed(_TUFT, x, y, size), tone)


def field(stage: Stage, road: Road, crop: str, side: int) -> None:
    """Fields of a crop on one side of a road."""
    rng, (color, height, gap) = stage.rng, _BLOOM[crop]
    near_edge, far_edge = road.middle + side * 6.0, road.middle + side * 70.0
    color = near(rng, dark(stage.soil, 0.2) if crop == "plough" else color, 10)
    if stage.now.snow:
        color = mix(SNOW, color, 0.12)
    elif stage.now.leaf is None and crop in ("corn", "sunflower", "vines", "lavender", "rape"):
        color = mix(stage.soil, color, 0.3)  # stubble and bare canes
    if crop == "rice":
        _paddies(stage, road, side, color)
        return
    distance = np.geomspace(6, 160, 12)
    edges = [road.x(m, distance) for m in (near_edge, far_edge)]
    foot = stage.foot(distance)
    floor = stage.ground if gap else color
    outline = [*zip(edges[0], foot, strict=True), *zip(edges[1][::-1], foot[::-1], strict=True)]
    stage.pen.shape(outline, (mix(floor, stage.pen.haze, 0.3), floor))
    if not gap:
        for m in np.linspace(near_edge, far_edge, 10)[1:-1]:
            road.line(m, 0.4, dark(color, 0.12), 6, 120)
        return
    rows = np.arange(abs(far_edge - near_edge), 0, -gap)[-22:]
    for m in near_edge + side * rows:  # the farthest first
        x, top = road.x(m, distance), stage.foot(distance) - height / distance
        with stage.pen.far(0.1):
            crest = np.stack([road.x(m + 0.45 * gap, distance), top], 1)
            front = np.concatenate([np.stack([x, top], 1), np.stack([x, foot], 1)[::-1]])
            stage.pen.shape(front, dark(color, 0.22))
            stage.pen.shape(np.concatenate([np.stack([x, top], 1), crest[::-1]]), light(color, 0.1))


def _paddies(stage: Stage, road: Road, side: int, color: Color) -> None:
    """Flooded fields between low banks."""
    water = mix(stage.now.horizon, stage.now.zenith, 0.4)
    distances = np.geomspace(6, 120, 9)
    for far, close in zip(distances[:0:-1], distances[-2::-1], strict=True):
        for m in (6, 18, 34, 60):
            corners = [(m, far), (m + 14, far), (m + 14, close * 1.06), (m, close * 1.06)]
            quad = [(road.x(road.middle + side * a, d), stage.foot(d)) for a, d in corners]
            flooded = stage.rng.random() < 0.4
            if flooded:
                with stage.pen.unlit():
                    stage.pen.shape(quad, water)
            else:
                stage.pen.shape(quad, near(stage.rng, color, 10))


def terraces(stage: Stage) -> None:
    """A hillside cut into steps, green or flooded."""
    rng, green = stage.rng, near(stage.rng, (132, 182, 78), 10)
    x, high = rng.uniform(0.1, 0.9) * stage.aspect, rng.uniform(0.18, 0.28)
    water = mix(stage.now.horizon, stage.now.zenith, 0.4)
    for i in range(9):
        t = i / 9
        top, half = stage.horizon + 0.05 - high * (1 - t), 0.15 + 0.75 * t
        knots = [
            (x + half * u, top + 0.05 * u * u + rng.normal(0, 0.006)) for u in np.linspace(-1, 1, 7)
        ]
        edge = curve(knots, closed=False)
        body = np.concatenate(
            [edge, [(x + half, stage.horizon + 0.07), (x - half, stage.horizon + 0.07)]]
        )
        with stage.pen.far(0.3 * (1 - t)):
            stage.pen.shape(body, dark(green, 0.24))
            step = np.concatenate([edge, np.add(edge[::-1], (0, 0.017))])
            stage.pen.shape(step, water if rng.random() < 0.35 else light(green, 0.1))


def water(stage: Stage, top: float, bottom: float, lake: bool = False) -> None:
    """The sea or a lake, coloured by the climate and by the sky."""
    mean, rng = stage.place.climate.mean, stage.rng
    if lake:
        tones = (104, 146, 170), (58, 104, 132)
    elif mean > 21:
        tones = (34, 122, 184), (84, 204, 198)
    elif mean > 12.5:
        tones = (38, 98, 164), (64, 146, 188)
    else:
        tones = (70, 108, 136), (74, 124, 142)
    cloud = 0.15 + 0.35 * stage.now.cloud
    far, close = (near(rng, mix(tone, stage.now.horizon, cloud), 8) for tone in tones)
    glitter = mix(stage.now.horizon, (255, 255, 250), 0.5)
    sea(stage.pen, rng, stage.aspect, top, bottom, far, close, glitter)
    if stage.place.climate.mean < -3:
        _ice(stage, top, bottom)


def _ice(stage: Stage, top: float, bottom: float) -> None:
    """Floes and, sometimes, an iceberg."""
    rng = stage.rng
    for _ in range(int(rng.integers(0, 3))):
        x, size = rng.uniform(0, stage.aspect), rng.uniform(0.06, 0.16)
        berg = [
            (-1, 0),
            (-0.8, -0.5),
            (-0.35, -0.9),
            (-0.1, -0.55),
            (0.3, -1.0),
            (0.7, -0.4),
            (1, 0),
        ]
        foot = top + rng.uniform(0.01, 0.08)
        stage.pen.shape(placed(berg, x, foot, (size, 0.8 * size)), (SNOW, (176, 208, 228)))
        face = [(-0.1, -0.55), (0.3, -1.0), (0.15, -0.3), (0.3, 0), (-0.2, 0)]
        stage.pen.shape(placed(face, x, foot, (size, 0.8 * size)), (150, 194, 220))
    for d in np.sort(rng.random(int(rng.integers(8, 26)))):
        y, x = top + (bottom - top) * (0.06 + 0.9 * d), rng.uniform(0, stage.aspect)
        size = 0.02 + 0.12 * d * rng.random()
        floe = ring(0, 0, size, 0.25 * size, count=7)
        stage.pen.shape(placed(floe, x, y + 0.1 * size), (140, 176, 200))
        stage.pen.shape(placed(floe, x, y), SNOW)


def beach(stage: Stage, shore: float) -> None:
    """Sand, shingle or snow from the waterline down."""
    climate, rng = stage.place.climate, stage.rng
    if stage.now.snow:
        sand = SNOW
    elif stage.place.soil == "black":
        sand = (92, 86, 88)
    elif climate.mean > 21:
        sand = (246, 230, 194)
    elif climate.mean > 9:
        sand = (226, 200, 152)
    else:
        sand = any_of(rng, ((156, 150, 142), (136, 128, 112)))
    sand = near(rng, sand, 6)
    xs = np.linspace(-0.1, stage.aspect + 0.1, 7)
    line = curve(np.stack([xs, shore + rng.uniform(-0.03, 0.03, 7)], 1), closed=False)
    for drop, tone in ((-0.02, (250, 250, 246)), (-0.006, dark(sand, 0.14)), (0.02, sand)):
        corners = [(stage.aspect + 0.2, 1.05), (-0.2, 1.05)]
        stage.pen.shape(
            np.concatenate([np.add(line, (0, drop)), corners]), (tone, light(tone, 0.12))
        )
    for _ in range(20):
        x, y = rng.uniform(0, stage.aspect), rng.uniform(shore + 0.05, 1)
        stage.pen.shape(ring(x, y, 0.008, 0.005, count=8), dark(sand, rng.uniform(0.1, 0.4)))

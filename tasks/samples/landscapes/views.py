"""What is photographed: open country, a street, the coast or the wild."""

from collections.abc import Callable

import numpy as np

from tasks.samples.drawing.colors import Rng, any_of, dark, light, mix, near
from tasks.samples.drawing.shapes import box, curve
from tasks.samples.landscapes.flora import COVER, Draw
from tasks.samples.landscapes.gazetteer import Place
from tasks.samples.landscapes.ground import beach, field, plane, terraces, thrives, water
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import moment
from tasks.samples.landscapes.relief import RELIEFS
from tasks.samples.landscapes.roadside import Road
from tasks.samples.landscapes.stage import Stage
from tasks.samples.landscapes.street import street
from tasks.samples.landscapes.things import animals
from tasks.samples.scenery.sky import cloud, sky, snowfall, stars, sun


def open_sky(stage: Stage) -> None:
    """The sky above the horizon with sun, clouds or stars."""
    pen, rng, now, aspect = stage.pen, stage.rng, stage.now, stage.aspect
    with pen.unlit():
        sky(pen, aspect, stage.horizon, now.zenith, now.horizon)
        if now.sun < -4 and now.cloud < 0.6:
            stars(pen, rng, aspect, 0.8 * stage.horizon)
        if 0 < now.sun < 40 and now.cloud < 0.6 and rng.random() < 0.45:
            y = stage.horizon * max(0.1, 0.95 - now.sun / 28)
            sun(pen, rng.uniform(0.05, 0.95) * aspect, y, 0.045, (255, 214, 130))
        tone = mix(mix(now.horizon, (255, 255, 255), 0.55), (150, 156, 170), 0.5 * now.cloud)
        for _ in range(round(9 * now.cloud * rng.uniform(0.5, 1.2))):
            x, y = rng.uniform(0, aspect), rng.uniform(0.05, 0.85 * stage.horizon)
            cloud(pen, rng, x, y, rng.uniform(0.07, 0.2), tone)


def country(stage: Stage) -> None:
    """A road through the land, its fields, a house or two."""
    rng, people = stage.rng, stage.people
    biome = stage.place.climate.biome
    RELIEFS[stage.place.relief](stage)
    plane(stage)
    road = Road(stage)
    crops = [crop for crop in people.crops if thrives(crop, stage.place.climate)]
    if crops and rng.random() < 0.65:
        crop = any_of(rng, crops)
        if crop == "rice" and stage.place.relief != "plain" and rng.random() < 0.5:
            terraces(stage)
        for side in (-1, 1):
            if rng.random() < 0.65:
                field(stage, road, crop, side)
    road.draw()
    trees, _ = COVER[biome]
    stage.scatter(stage.flora.trees, round(trees * rng.uniform(0.4, 1)), (22, 160), road.clear, 3)
    stage.scatter(stage.flora.low, int(rng.integers(5, 16)), (7, 30), road.clear)
    for _ in range(int(rng.integers(0, 4))):
        _build(stage, any_of(rng, people.homes), (28, 80), road.clear)
    if people.landmarks and rng.random() < 0.3:
        _build(stage, any_of(rng, people.landmarks), (45, 110), road.clear)
    if people.beasts and rng.random() < 0.45:
        beast = any_of(rng, people.beasts)
        stage.scatter((beast,), int(rng.integers(2, 6)), (12, 35), road.clear, 1.5)
    road.furnish()
    stage.paint()


def wild(stage: Stage) -> None:
    """Land without people."""
    rng, climate = stage.rng, stage.place.climate
    RELIEFS[stage.place.relief](stage)
    plane(stage)
    trees, _ = COVER[climate.biome]
    if climate.rain > 400 and rng.random() < 0.4:
        _lake(stage)
    elif rng.random() < 0.5:
        trees = round(1.5 * trees)
    nearest = 32 if climate.biome == "rain_forest" else 16
    count = round(trees * rng.uniform(0.6, 1.2))
    stage.scatter(stage.flora.trees, count, (nearest, 150), width=3)
    stage.scatter(stage.flora.low, int(rng.integers(10, 30)), (6, 40))
    if stage.people.game and rng.random() < 0.55:
        beast = any_of(rng, stage.people.game)
        stage.scatter((beast,), int(rng.integers(1, 6)), (8, 26), width=1.5)
    stage.paint()


def _lake(stage: Stage) -> None:
    rng = stage.rng
    top = stage.horizon + rng.uniform(0.02, 0.06)
    bottom = top + rng.uniform(0.1, 0.25)
    if stage.now.snow:  # frozen over
        stage.pen.shape(box(-0.01, top, stage.aspect + 0.01, bottom), (214, 228, 240))
    else:
        water(stage, top, bottom, lake=True)
    xs = np.linspace(-0.1, stage.aspect + 0.1, 6)
    shore = curve(np.stack([xs, bottom + rng.uniform(-0.04, 0.02, 6)], 1), closed=False)
    corners = [(stage.aspect + 0.2, 1.05), (-0.2, 1.05)]
    stage.pen.shape(np.concatenate([shore, corners]), stage.ground)


def coast(stage: Stage) -> None:
    """Sea, a shore, boats, what stands by the water."""
    rng, people, place = stage.rng, stage.people, stage.place
    shore = rng.uniform(0.66, 0.8)
    if place.relief in ("alps", "fjord", "volcano", "karst") and rng.random() < 0.7:
        RELIEFS[place.relief](stage)
    water(stage, stage.horizon, shore + 0.06)
    for _ in range(int(rng.integers(0, 4))):
        distance = rng.uniform(1.1, 3.5) * stage.eye / (shore - stage.horizon)
        stage.put(rng.uniform(0, stage.aspect), distance, people.boat, mirror=rng.random() < 0.5)
    stage.paint()
    beach(stage, shore)
    side = any_of(rng, (-1, 1))
    edge = stage.aspect / 2 + side * rng.uniform(-0.05, 0.3) * stage.aspect
    _spit(stage, side, edge, shore)

    def ashore(x: float, distance: float) -> bool:
        return side * (x - edge) > 0.02

    back = stage.eye / (shore - 0.02 - stage.horizon)
    stage.scatter(stage.flora.trees, int(rng.integers(4, 11)), (0.85 * back, 1.6 * back), ashore, 2)
    stage.scatter(stage.flora.low, int(rng.integers(3, 9)), (0.55 * back, 1.1 * back), ashore)
    for _ in range(int(rng.integers(1, 5))):
        _build(stage, any_of(rng, people.town), (1.6 * back, 2.6 * back), ashore)
    if place.people == "station":
        stage.scatter(people.game, 3, (0.5 * back, 0.9 * back), width=1)
    elif rng.random() < 0.5:
        stage.put(rng.uniform(0.2, 0.8) * stage.aspect, back, animals.gulls)
    stage.paint()


def _spit(stage: Stage, side: int, edge: float, shore: float) -> None:
    """Land that rises from the beach towards one side of the frame."""
    outer = stage.aspect / 2 + side * (stage.aspect / 2 + 0.1)
    x = np.linspace(edge, outer, 6)
    rise = np.array((0.0, 0.3, 0.5, 0.62, 0.7, 0.75)) * (shore - stage.horizon)
    top = curve(np.stack([x, shore + 0.03 - rise], 1), closed=False)
    green = near(stage.rng, stage.ground, 6)
    stage.pen.shape(
        np.concatenate([top, [(outer, shore + 0.05)]]), (light(green, 0.08), dark(green, 0.1))
    )


def _build(
    stage: Stage,
    draw: Draw,
    distances: tuple[float, float],
    clear: Callable[[float, float], bool],
) -> None:
    """Put a building where there is room for it."""
    distance, x = stage.rng.uniform(*distances), stage.rng.uniform(0.05, 0.95) * stage.aspect
    if all(clear(x + side * 5 / distance, distance) for side in (-1, 1)):
        stage.put(x, distance, draw, 8)


VIEWS = (country, street, coast, wild)
HORIZONS = ((0.4, 0.52), (0.52, 0.58), (0.36, 0.46), (0.4, 0.54))  # how far down the frame
EYES = ((2.6, 4.2), (2.6, 4.2), (7, 12), (2.6, 4.2))  # metres above the ground


def draw_view(frame: tuple[int, int], place: Place, rng: Rng) -> LitPen:
    """Draw what is seen at a place, at some moment, in a frame (width, height)."""
    kind = int(rng.choice(len(VIEWS), p=np.divide(place.views, sum(place.views))))
    now = moment(place.climate, rng)
    pen = LitPen(frame, now.light, now.horizon)
    horizon, aspect = rng.uniform(*HORIZONS[kind]), frame[0] / frame[1]
    # the sea is seen from a height, and forest giants from below
    eye = rng.uniform(*EYES[kind])
    if place.climate.biome == "rain_forest" and VIEWS[kind] is wild:
        horizon += 0.1
    stage = Stage(pen, rng, place, now, aspect, horizon, eye)
    open_sky(stage)
    VIEWS[kind](stage)
    if now.falling:
        snowfall(pen, rng, aspect)
    return pen

"""A street from the other side of it: houses, shops, traffic. The unit is the frame's height."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, mix, near
from tasks.samples.drawing.shapes import box, ring
from tasks.samples.landscapes.lit_pen import LitPen
from tasks.samples.landscapes.moment import SNOW
from tasks.samples.landscapes.relief import RELIEFS
from tasks.samples.landscapes.roadside import POLES, warning
from tasks.samples.landscapes.stage import Stage

_BOARDS: tuple[Color, ...] = ((206, 50, 50), (40, 100, 170), (240, 190, 60), (60, 140, 90))


def street(stage: Stage) -> None:
    """A row of houses across a road, with its traffic."""
    pen, rng, people = stage.pen, stage.rng, stage.people
    kerb, metre = rng.uniform(0.66, 0.74), rng.uniform(0.036, 0.05)
    pen.shape(box(-0.01, stage.horizon, stage.aspect + 0.01, 1.01), stage.ground)
    if rng.random() < 0.7 or not people.skyline:
        RELIEFS[stage.place.relief](stage)
    with pen.far(0.3):
        for _ in range(int(rng.integers(2, 6)) if people.skyline and rng.random() < 0.7 else 0):
            with pen.at(rng.uniform(0, stage.aspect), kerb - 0.06, 0.4 * metre):
                any_of(rng, people.skyline)(pen, rng, stage.now)
    pen.shape(
        box(-0.01, kerb - 0.09, stage.aspect + 0.01, kerb), mix(stage.ground, (190, 184, 176), 0.5)
    )
    _row(stage, kerb - 0.05, metre)
    for _ in range(int(rng.integers(0, 3)) if stage.flora.trees else 0):
        with pen.at(rng.uniform(0, stage.aspect), kerb - 0.01, 0.6 * metre):
            any_of(rng, stage.flora.trees)(pen, rng, stage.now)
    if people.poles and rng.random() < 0.5:
        with pen.at(rng.uniform(0, stage.aspect), kerb - 0.005, metre):
            POLES[people.poles](pen, rng, stage.now)
    _carriageway(stage, kerb, metre)


def _row(stage: Stage, foot: float, metre: float) -> None:
    """Houses side by side, sometimes with a landmark among them."""
    pen, rng, people = stage.pen, stage.rng, stage.people
    x = rng.uniform(-0.2, 0)
    while x < stage.aspect + 0.1:
        step = rng.uniform(8.5, 13.5) * metre
        if people.landmarks and rng.random() < 0.16:
            with pen.far(0.06), pen.at(x + step, foot - 0.01, metre):
                any_of(rng, people.landmarks)(pen, rng, stage.now)
            x += 1.3 * step
        with pen.at(x + step / 2, foot, metre):
            any_of(rng, people.town)(pen, rng, stage.now)
            if people.boards and rng.random() < 0.7:
                _shop(pen, rng, people.boards)
        x += step


def _shop(pen: LitPen, rng: Rng, kind: str) -> None:
    """An awning, or boards on end as in Asia."""
    if kind == "awnings":
        tone = any_of(rng, _BOARDS)
        for i, x in enumerate(np.arange(-3, 3, 1.0)):
            stripe = tone if i % 2 else (244, 240, 230)
            pen.shape([(x, -2.9), (x + 1, -2.9), (x + 1.1, -2), (x - 0.1, -2)], stripe)
        return
    for x in rng.uniform(-4.5, 4.5, 3):
        tone, high = any_of(rng, _BOARDS), rng.uniform(1.8, 3.2)
        pen.shape(box(x - 0.45, -2.4 - high, x + 0.45, -2.4), tone, (250, 246, 236), 0.12)
        for y in np.arange(-2.2 - high, -2.8, 0.8):
            pen.shape(ring(x, y + 0.3, 0.22, count=6), (252, 248, 238))


def _carriageway(stage: Stage, kerb: float, metre: float) -> None:
    """The kerb and two lanes with traffic, each on its proper side."""
    pen, rng, people, now = stage.pen, stage.rng, stage.people, stage.now
    paved = people.paved > 0 and rng.random() < 0.3 + 0.7 * people.paved
    tone = (112, 112, 120) if paved else light(stage.soil, 0.12)
    tone = near(rng, mix(tone, SNOW, 0.5) if now.snow else tone, 8)
    wide = stage.aspect + 0.01
    if paved:
        pen.shape(box(-0.01, kerb - 0.012, wide, kerb + 0.012), (206, 202, 196))
    pen.shape(box(-0.01, kerb + 0.01, wide, 1.01), (dark(tone, 0.1), tone))
    middle = kerb + 0.45 * (1 - kerb)
    if paved and people.double:
        for y in (middle - 0.011, middle + 0.004):
            pen.shape(box(-0.01, y, wide, y + 0.008), people.centre)
    elif paved:
        for x in np.arange(-rng.uniform(0, 0.2), wide, 0.24):
            pen.shape(box(x, middle - 0.007, x + 0.13, middle + 0.007), people.centre)
    if paved and people.edge is not None:
        pen.shape(box(-0.01, 0.965, wide, 0.98), people.edge)
    for lane, share in ((middle - 0.02, 0.7), (0.985, 0.7)):
        if rng.random() < share:
            near_lane = lane > middle
            # where people drive on the right, traffic in the near lane goes from left to right
            leftwards = near_lane == people.left
            scale = metre * (1.3 if near_lane else 1.05)
            with pen.at(rng.uniform(0.1, 0.9) * stage.aspect, lane, scale, mirror=leftwards):
                any_of(rng, people.traffic)(pen, rng, now)
    if people.beasts and people.realm == "indomalaya" and rng.random() < 0.3:
        with pen.at(rng.uniform(0.1, 0.9) * stage.aspect, 0.98, metre):
            people.beasts[0](pen, rng, now)
    if paved and rng.random() < 0.35:
        with pen.at(rng.uniform(0.05, 0.95) * stage.aspect, kerb + 0.01, metre):
            warning(people)(pen, rng, now)

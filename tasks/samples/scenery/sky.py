"""Skies and what hangs in them. The unit is the frame's height: x 0..aspect, y 0..1 downwards."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, light, mix, near
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import box, placed, ring, turned

SKIES: tuple[tuple[Color, Color], ...] = (
    ((96, 172, 228), (206, 234, 244)),
    ((122, 190, 224), (240, 240, 220)),
    ((92, 148, 214), (250, 214, 190)),
    ((156, 190, 210), (226, 232, 232)),
)
EVENINGS: tuple[tuple[Color, Color], ...] = (
    ((96, 92, 160), (252, 176, 120)),
    ((224, 110, 104), (254, 214, 140)),
)
NIGHTS: tuple[tuple[Color, Color], ...] = (
    ((24, 30, 74), (84, 92, 150)),
    ((34, 30, 70), (120, 96, 150)),
    ((22, 28, 70), (92, 86, 140)),
)


def sky(pen: Pen, aspect: float, horizon: float, top: Color, bottom: Color) -> None:
    """A graded sky down to `horizon`."""
    pen.shape(box(-0.01, -0.01, aspect + 0.01, horizon + 0.02), (top, bottom))


def daylight(pen: Pen, rng: Rng, aspect: float, horizon: float) -> bool:
    """A day or evening sky with its sun and clouds; returns whether it is evening."""
    evening = bool(rng.random() < 0.2)
    top, bottom = any_of(rng, EVENINGS if evening else SKIES)
    sky(pen, aspect, horizon, near(rng, top, 10), near(rng, bottom, 8))
    if rng.random() < 0.6:
        height = (0.75 if evening else 0.3) * horizon * rng.uniform(0.5, 1.1)
        glare = (255, 190, 100) if evening else (255, 214, 110)
        sun(pen, rng.uniform(0.1, 0.9) * aspect, height, rng.uniform(0.04, 0.07), glare)
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(-0.05, aspect + 0.05), rng.uniform(0.08, 0.72 * horizon)
        cloud(
            pen, rng, x, y, rng.uniform(0.08, 0.19), (255, 226, 206) if evening else (255, 253, 248)
        )
    return evening


def night(pen: Pen, rng: Rng, aspect: float, horizon: float) -> None:
    """A night sky with stars and a moon."""
    top, bottom = any_of(rng, NIGHTS)
    sky(pen, aspect, horizon, top, bottom)
    stars(pen, rng, aspect, min(horizon, 0.5))
    moon(pen, rng, rng.uniform(0.15, 0.85) * aspect, rng.uniform(0.1, 0.2), rng.uniform(0.04, 0.07))


def sun(pen: Pen, x: float, y: float, radius: float, color: Color) -> None:
    """A disc in its own haze."""
    pen.glow(x, y, 5 * radius, light(color, 0.4), 0.8)
    pen.shape(ring(x, y, radius), (light(color, 0.5), color))


def cloud(pen: Pen, rng: Rng, x: float, y: float, size: float, color: Color) -> None:
    """A heap of round puffs on a flat foot, shaded below."""
    puffs = int(rng.integers(3, 6))
    spread = np.linspace(-0.7, 0.7, puffs)
    radii = size * (0.26 + 0.2 * np.cos(spread * 1.7)) * rng.uniform(0.85, 1.2, puffs)
    for tone, dy in ((mix(color, (150, 168, 200), 0.3), 0.05 * size), (color, 0.0)):
        foot = y + dy
        pen.shape(box(x - 0.95 * size, foot - 0.2 * size, x + 0.95 * size, foot, 0.1 * size), tone)
        for dx, r in zip(spread, radii, strict=True):
            pen.shape(
                ring(x + dx * size, foot - 0.12 * size - 0.4 * r, r, 0.85 * r, count=24), tone
            )
    gleam = ring(x + spread[0] * 0.5 * size, y - 0.4 * size, 0.16 * size, 0.1 * size, count=16)
    pen.shape(gleam, (255, 255, 255, 120))


def stars(pen: Pen, rng: Rng, aspect: float, horizon: float) -> None:
    """Seventy stars, a few of them bright."""
    xs, ys = rng.uniform(0, aspect, 70), horizon * rng.random(70)
    for x, y, r in zip(xs, ys, rng.exponential(0.0016, 70), strict=True):
        tone = any_of(rng, ((255, 250, 230), (220, 230, 255), (255, 232, 190)))
        pen.shape(ring(x, y, 0.0016 + r, count=8), tone)
        if r > 0.004:
            pen.glow(x, y, 6 * r, (255, 250, 230), 0.5)


def moon(pen: Pen, rng: Rng, x: float, y: float, radius: float) -> None:
    """A full or crescent moon with its halo."""
    pen.glow(x, y, 4.5 * radius, (214, 222, 250), 0.6)
    gold, shade = ((255, 250, 226), (240, 228, 190)), (232, 220, 184)
    if rng.random() < 0.5:
        outer = ring(0, 0, 1.0, start=40, end=320)
        inner = ring(0.29, 0, 0.8, start=53.5, end=306.5)  # meets the outer arc's ends
        crescent = turned(np.concatenate([outer, inner[::-1]]), rng.uniform(-60, 20))
        pen.shape(placed(crescent, x, y, radius), gold)
        return
    pen.shape(ring(x, y, radius), gold)
    for dx, dy, r in ((-0.3, -0.2, 0.2), (0.3, 0.25, 0.26), (0.1, -0.5, 0.12)):
        pen.shape(ring(x + dx * radius, y + dy * radius, r * radius, count=16), shade)


def snowfall(pen: Pen, rng: Rng, aspect: float) -> None:
    """Flakes in the air."""
    n = int(rng.integers(40, 110))
    xs, ys = rng.uniform(0, aspect, n), rng.random(n)
    for x, y, r in zip(xs, ys, rng.uniform(0.002, 0.007, n), strict=True):
        pen.shape(ring(x, y, r, count=8), (255, 255, 255, 210))

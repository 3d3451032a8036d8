"""Fur: ragged outlines, tapering shapes, strands, blotches and stripes."""

from dataclasses import dataclass

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, dark, light
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import Points, curve, placed, ring, turned
from tasks.samples.objects.dogs.breed import Fur, Marks, fold

# how far out the points of an outline stand, in turn: locks, bristles or curls
_EDGES = {"long": (0.0, 0.3, 0.65, 1.0), "wire": (0.0, 0.8, 0.1, 1.0), "curly": (0, 0.9, 1.2, 0.9)}
_DEPTHS = {"long": 0.044, "wire": 0.028, "curly": 0.04}
_HANG = (-0.16, 0.4)  # locks fall down and back
_STRANDS = {"smooth": 0, "long": 22, "wire": 34, "curly": 30}

Ellipse = tuple[float, float, float, float]  # its middle and its radii: x, y, rx, ry


@dataclass(frozen=True)
class Place:
    """Maps a part's own coordinates to the sheet: stretches, turns, scales and moves them."""

    x: float
    y: float
    size: float = 1.0
    angle: float = 0.0  # degrees, clockwise
    wide: float = 1.0  # stretches the part's x; negative mirrors it

    def __call__(self, points: Points) -> np.ndarray:
        """Return `points` on the sheet."""
        own = turned(np.asarray(points) * (self.wide, 1), self.angle)
        return placed(own, self.x, self.y, self.size)


def edged(outline: np.ndarray, fur: Fur, depth: float = 1.0) -> np.ndarray:
    """Return a clockwise outline with the edge of `fur`, of equally many points."""
    if fur == "smooth":
        return outline
    out = _along(outline, closed=True)[:, ::-1] * (1, -1)
    step = np.resize(_EDGES[fur], len(outline))[:, None] * _DEPTHS[fur] * depth
    if fur == "long":
        out = out * (0.4 + 0.6 * np.clip(out[:, 1:], 0, 1)) + _HANG
    return outline + step * out


def ribbon(points: Points, widths: tuple[float, ...]) -> np.ndarray:
    """Return the clockwise outline of a curve through `points`, `widths` thick along it."""
    middle = curve(points, closed=False)
    along = _along(middle, closed=False)
    at = np.linspace(0, len(widths) - 1, len(middle))
    half = np.interp(at, range(len(widths)), widths)[:, None] / 2
    across = along[:, ::-1] * (1, -1) * half
    tip = middle[-1:] + along[-1:] * half[-1:]
    return np.concatenate([middle + across, tip, (middle - across)[::-1]])


def _along(line: np.ndarray, closed: bool) -> np.ndarray:
    if closed:
        along = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    else:
        along = np.gradient(line, axis=0)
    return along / (np.hypot(along[:, :1], along[:, 1:]) + 1e-9)


def strands(pen: ObjectPen, rng: Rng, area: Ellipse, color: Color, fur: Fur) -> None:
    """Draw single locks, bristles or curls inside `area`."""
    for i, (x, y) in enumerate(_scattered(rng, area, _STRANDS[fur])):
        tone = fold(color) if i % 3 else light(color, 0.25)
        if fur == "curly":
            start = rng.uniform(0, 360)
            pen.stroke(ring(x, y, 0.042, 0.036, start, start + 230, count=9), 0.018, (*tone, 200))
        elif fur == "long":
            lock = [(x, y), (x - 0.03, y + 0.06), (x - 0.08, y + 0.1)]
            pen.stroke(curve(lock, closed=False), 0.014, (*tone, 170))
        else:
            pen.stroke([(x, y), (x + rng.uniform(-0.05, 0.05), y + 0.06)], 0.014, (*tone, 190))


def marks(pen: ObjectPen, rng: Rng, area: Ellipse, color: Color, kind: Marks) -> None:
    """Draw merle blotches or brindle stripes inside `area`."""
    x, y, rx, ry = area
    if kind == "merle":
        for cx, cy in _scattered(rng, area, 13):
            ragged = curve(ring(0, 0, 1.0, count=7) * rng.uniform(0.5, 1.2, (7, 1)))
            size = (rng.uniform(0.04, 0.11), rng.uniform(0.03, 0.07))
            blot = placed(ragged, cx, cy, size)
            pen.shape(blot, (*dark(color, rng.uniform(0.6, 0.8)), 235))
    elif kind == "brindle":
        for at in np.arange(-0.95, 0.96, 0.07 / rx):
            half = ry * np.sqrt(1 - at * at) * rng.uniform(0.5, 1.0)
            sway = x + rx * at + rng.uniform(-0.03, 0.03, 3)
            stripe = curve(np.stack([sway, y + half * np.array((-1, 0, 1))], 1), closed=False)
            pen.stroke(stripe, rng.uniform(0.014, 0.03), (*dark(color, 0.5), 190))


def _scattered(rng: Rng, area: Ellipse, count: int) -> np.ndarray:
    """Return `count` points [count, 2] at random in `area`."""
    angles, radii = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    unit = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return unit * area[2:] + area[:2]

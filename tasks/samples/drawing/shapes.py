"""Outlines as [N, 2] arrays of (x, y), in whatever units the caller draws in, y downwards."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

Point = tuple[float, float]
Points = Sequence[Point] | np.ndarray

_STEPS = 8  # points of a spline per segment
_T = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
# Catmull-Rom: the weights of the four knots around a segment
_SPLINE = 0.5 * np.concatenate(
    [
        -_T + 2 * _T**2 - _T**3,
        2 - 5 * _T**2 + 3 * _T**3,
        _T + 4 * _T**2 - 3 * _T**3,
        -(_T**2) + _T**3,
    ],
    axis=1,
)


def curve(points: Points, closed: bool = True) -> np.ndarray:
    """Return a smooth line through `points` (Catmull-Rom), closed or open."""
    p = np.asarray(points, dtype=np.float64)
    if closed:
        q = np.concatenate([p[-1:], p, p[:2]])
    else:
        q = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    knots = np.stack([q[:-3], q[1:-2], q[2:-1], q[3:]], axis=1)
    line = (_SPLINE @ knots).reshape(-1, 2)
    return line if closed else np.concatenate([line, p[-1:]])


@lru_cache(maxsize=64)
def _circle(count: int) -> np.ndarray:
    t = np.radians(np.linspace(0, 360, count, endpoint=False))
    return np.stack([np.cos(t), np.sin(t)], axis=1)


def turned(points: Points, degrees: float) -> np.ndarray:
    """Return `points` turned clockwise about the origin."""
    a = np.radians(degrees)
    return np.asarray(points) @ np.array([(np.cos(a), np.sin(a)), (-np.sin(a), np.cos(a))])


def ring(
    x: float, y: float, rx: float, ry: float | None = None, angle: float = 0.0, count: int = 40
) -> np.ndarray:
    """Return `count` points of an ellipse, turned clockwise by `angle` degrees."""
    points = _circle(count) * (rx, rx if ry is None else ry)
    return placed(turned(points, angle) if angle else points, x, y)


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Return a rectangle."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)


def placed(points: Points, x: float, y: float, size: float = 1.0) -> np.ndarray:
    """Return `points` drawn around the origin, scaled by `size` and moved to (x, y)."""
    return np.asarray(points, dtype=np.float64) * size + np.array((x, y))

"""Tight curls: an afro's outline, its bulges and its coils."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, dark, is_pale, light
from tasks.samples.drawing.shapes import ring
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.look import Look


def tones(color: Color) -> tuple[Color, Color]:
    """Return the colours of locks in shade and in light."""
    pale = is_pale(color)
    return dark(color, 0.28 if pale else 0.4), light(color, 0.45 if pale else 0.19)


def cloud(face: Identity, look: Look) -> np.ndarray:
    """Return the outline of an afro, below a hat if there is one."""
    w, v, size = face.wide, look.volume, 0.46 if face.long_hair else 0.16
    if look.hat is not None:
        return ring(0, -0.2, w + 0.16 + size + v, 0.7 + size, count=60)
    return ring(0, -0.62, w + 0.16 + size + v, 1.28 + 1.6 * size + v, 140, 400, count=60)


def puffy(line: np.ndarray) -> np.ndarray:
    """Return an outline with the bulges of tight curls."""
    bulge = 1 + 0.025 * np.abs(np.sin(np.arange(len(line)) * 0.8))
    middle = line.mean(0)
    return (line - middle) * bulge[:, None] + middle


def coils(
    pen: FacePen, rng: Rng, outer: np.ndarray, inner: np.ndarray, color: Color, count: int
) -> None:
    """Scatter small curls between an outline and a line of equally many points, or a point."""
    picks, share = rng.integers(len(outer), size=count), np.sqrt(rng.uniform(0.1, 0.9, (count, 1)))
    inner = np.broadcast_to(inner, outer.shape)[picks]
    middles = inner + (outer[picks] - inner) * share
    angles = rng.uniform(0, 2 * np.pi, (count, 1)) + np.linspace(0, 4.2, 7)
    curls = np.stack([0.07 * np.cos(angles), 0.06 * np.sin(angles)], -1)
    pen.hairs(middles[:, None] + curls, 0.035, tones(color))

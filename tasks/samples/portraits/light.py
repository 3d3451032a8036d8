"""The shading of a head, an egg with bumps and hollows under one light, by Lambert's law."""

from typing import NamedTuple

import numpy as np

from tasks.samples.drawing.colors import Color, mix
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.look import Look

_TOP = -1.75  # of the skull
_STEEPEST = 1.7
_STEP = 4  # shade is soft, so a quarter of the picture's resolution is enough


class Bump(NamedTuple):
    """A round hill or hollow of the face: where it is, how wide and high, how far out."""

    x: float
    y: float
    wide: float
    high: float
    out: float


def deep(skin: Color, amount: float = 0.5) -> Color:
    """Return the tone of `skin` in shade: darker and redder."""
    return mix(skin, (66, 18, 22), amount)


def shade_head(pen: FacePen, face: Identity, look: Look) -> None:
    """Shade the pen's skin as a head."""
    x, y = pen.grid(_STEP)
    ends = pen.turned([(-face.wide, 0), (face.wide, 0), (0, _TOP), (0, face.chin_y)])
    half, mid = np.abs(ends[1] - ends[0])[0] / 2, (ends[0, 0] + ends[1, 0]) / 2
    tall, level = (ends[3, 1] - ends[2, 1]) / 2, (ends[3, 1] + ends[2, 1]) / 2
    across, upright = (x - mid) / half * 0.93, (y - level) / tall * 0.85
    rise = np.sqrt(np.clip(1 - across**2 - upright**2, 0.12, 1))
    slope_x, slope_y = 0.8 * across / rise, 0.6 * upright / rise
    for bump in _bumps(face, look):
        (cx, cy), (wide, high) = pen.turned([bump[:2]])[0], (bump.wide, bump.high)
        hill = bump.out * np.exp(-(((x - cx) / wide) ** 2) - ((y - cy) / high) ** 2)
        slope_x = slope_x + hill * 2 * (x - cx) / wide**2
        slope_y = slope_y + hill * 2 * (y - cy) / high**2
    slope_x, slope_y = (np.clip(s, -_STEEPEST, _STEEPEST) for s in (slope_x, slope_y))
    right, below, front = look.sun
    lambert = (slope_x * right + slope_y * below + front) / np.sqrt(1 + slope_x**2 + slope_y**2)
    lit = lambert / front
    pen.tinted(np.clip(0.95 * (1 - lit), 0, 0.8), _STEP, deep(face.skin, 0.66))
    pen.tinted(np.clip(0.9 * (lit - 1.02), 0, 0.5), _STEP, mix(face.skin, (255, 246, 232), 0.75))


def _bumps(face: Identity, look: Look) -> list[Bump]:
    nose, y, w = face.nose, face.nose_y, face.nose_wide
    ridge, tip = {"plain": (0.07, 0.08), "big": (0.08, 0.16), "pointy": (0.12, 0.11)}[nose]
    bend = 0.09 * face.skew[1]
    bumps = [
        Bump(0.5 * bend, 0.3, 0.13, 0.5, ridge),
        Bump(bend, y - 0.05, 0.13 + 0.25 * (w - 0.2), 0.15, tip),
        Bump(0, -0.75, 0.6, 0.35, 0.06),
        Bump(0, face.chin_y - 0.2, 0.24, 0.17, 0.06),
        Bump(0, face.mouth_y + 0.24, 0.3, 0.09, -0.025),
        Bump(0, face.mouth_y - 0.2, 0.05, 0.1, -0.012),
    ]
    for side in (-1, 1):
        bumps += [
            Bump(0.5 * side, 0.02, 0.3, 0.22, -0.06),  # the eye's socket
            Bump(0.5 * side, -0.33, 0.36, 0.13, 0.03),  # the brow's ridge
            Bump(0.8 * w * side + bend, y, 0.1, 0.1, 0.035),
        ]
        if look.cheekbones:
            bumps.append(Bump(0.74 * side, 0.44, 0.25, 0.13, 0.13))
            bumps.append(Bump(0.72 * side, 0.86, 0.24, 0.22, -0.13))
        else:
            bumps.append(Bump(0.62 * side, 0.66, 0.32, 0.32, 0.05))
        if face.chubby:
            bumps.append(Bump(0.78 * side, 0.95, 0.32, 0.34, 0.13))
        if look.smiling:
            bumps.append(Bump(0.6 * side, 0.55, 0.22, 0.18, 0.06))
    return bumps

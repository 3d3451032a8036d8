"""The nose: its lower edge, wings and nostrils; `light.py` has given it its shape."""

import numpy as np

from tasks.samples.drawing.colors import light, mix
from tasks.samples.drawing.shapes import placed, ring
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep


def nose(pen: FacePen, face: Identity) -> None:
    """Draw the nose."""
    w, y, x = face.nose_wide, face.nose_y, 0.09 * face.skew[1]
    tone = deep(face.skin, 0.78)
    pointy, big = face.nose == "pointy", face.nose == "big"
    for side in (-1, 1):
        knots = [(0.15, -0.2), (0.1, 0.1), (0.1 + 0.25 * (w - 0.2), y - 0.25)]
        bridge = np.array(knots) * (side, 1) + (0.5 * x, 0)
        pen.crease(bridge, 0.07, deep(face.skin, 0.5), 0.6 if pointy else 0.2, 0.035)
        knots = [(0.72 * w, y - 0.17), (w, y - 0.07), (0.96 * w, y + 0.06), (0.6 * w, y + 0.08)]
        wing = np.array(knots) * (side, 1) + (x, 0)
        pen.crease(wing, 0.065 if big else 0.045, tone, 0.9, 0.012)
        hole = ring(side * 0.45 * w + x, y + 0.055, 0.2 * w + 0.01, 0.032, angle=-14 * side)
        pen.shape(hole, mix(tone, (30, 10, 14), 0.5))
    tip = y + (0.2 if pointy else 0.11)
    left, right = [(-0.5 * w, y + 0.06), (-0.2 * w, tip - 0.01)], [(0.2 * w, tip - 0.01)]
    base = [*left, (0, tip), *right, (0.5 * w, y + 0.06)]
    pen.crease(placed(base, x, 0), 0.085 if pointy else 0.05, tone, 0.85, 0.014)
    if pointy:
        ridge = [(-0.035, -0.05), (0.035, -0.05), (0.05, y), (0, y + 0.12), (-0.05, y)]
        pen.soft(placed(ridge, x, 0), light(face.skin, 0.7), 0.02, 0.9)
    pen.soft(ring(x, y - 0.06, 0.24 * w, 0.06), light(face.skin, 0.7), 0.045, 0.6 if big else 0.3)

"""Hair on the face: mustache, goatee, sideburns and full beard."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, dark, light, mix
from tasks.samples.drawing.shapes import curve, symmetric
from tasks.samples.portraits.face_pen import FacePen, mirrored
from tasks.samples.portraits.head import outline, stubble
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.look import Look


def facial_hair(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw beard and sideburns, if any, before the mouth is drawn over them."""
    color = mix(look.hair_tone, (40, 26, 20), 0.2)
    if look.hair == "blond":
        color = dark(look.hair_tone, 0.3)
    if look.beard == "stubble":
        stubble(pen, face, rng)
    if look.sideburns:
        _sideburns(pen, face, color, rng)
    if look.beard == "full":
        _full(pen, face, color, rng)
    if look.beard in ("goatee", "circle"):
        _goatee(pen, face, color, rng, around=look.beard == "circle")
    if look.beard in ("mustache", "circle", "full"):
        _mustache(pen, face, look, color, rng)


def _sideburns(pen: FacePen, face: Identity, color: Color, rng: Rng) -> None:
    w = face.wide
    strip = [(w + 0.03, -0.4), (0.84 * w, -0.4), (0.78 * w, 0.3), (0.68 * w, 0.8)]
    for points in mirrored([*strip, (0.96 * w, 0.72), (w + 0.02, 0.2)]):
        pen.shape(points, color)
    x = rng.choice((-1, 1), 26) * rng.uniform(0.8, 0.97, 26) * w
    _hairs(pen, x, rng.uniform(-0.3, 0.62, 26), color)


def _full(pen: FacePen, face: Identity, color: Color, rng: Rng) -> None:
    edge, y = outline(face), face.chin_y
    low = edge[edge[:, 1] > 0.35] * (1.03, 1.0)
    low[:, 1] += np.clip(low[:, 1] - 0.9, 0, 1) * 0.16
    m = face.mouth_y
    knots = [(-0.86, 0.62), (-0.7, m - 0.12), (-0.44, m - 0.2), (0, m - 0.24)]
    inner = np.array([*knots, (0.44, m - 0.2), (0.7, m - 0.12), (0.86, 0.62)])
    beard = np.concatenate([low, curve(inner * (face.wide, 1), closed=False)])
    pen.shape(beard, (color, dark(color, 0.2)))
    x = rng.uniform(-0.9, 0.9, 90) * face.jaw
    _hairs(pen, x, rng.uniform(m - 0.05 + 0.1 * (np.abs(x) < 0.5), y), color)


def _goatee(pen: FacePen, face: Identity, color: Color, rng: Rng, around: bool) -> None:
    m, y = face.mouth_y, face.chin_y + 0.06
    half = [
        (0, m + 0.2),
        (0.14, m + 0.22),
        (0.3, m + 0.24),
        (0.4, y - 0.2),
        (0.27, y),
        (0, y + 0.05),
    ]
    pen.shape(curve(symmetric(half)), (color, dark(color, 0.15)))
    if around:
        arm = [
            (0.62, m - 0.1),
            (0.68, m + 0.16),
            (0.4, y - 0.1),
            (0.28, y - 0.26),
            (0.52, m + 0.12),
        ]
        for points in mirrored([*arm, (0.5, m - 0.1)]):
            pen.shape(curve(points), color)
    _hairs(pen, rng.uniform(-0.3, 0.3, 34), rng.uniform(m + 0.28, y - 0.06, 34), color)


def _mustache(pen: FacePen, face: Identity, look: Look, color: Color, rng: Rng) -> None:
    m, nose = face.mouth_y - 0.02, face.nose_y
    wide = face.mouth_wide + (0.22 if look.smiling else 0.14)
    lift = 0.1 if look.smiling else 0.0
    half = [(0, nose + 0.16), (0.2, nose + 0.15), (0.7 * wide, m - 0.14 - 0.5 * lift)]
    half += [
        (wide, m + 0.06 - lift),
        (0.8 * wide, m + 0.03 - 0.6 * lift),
        (0.3, m - 0.02),
        (0, m - 0.05),
    ]
    pen.shape(curve(symmetric(half)), (color, dark(color, 0.2)))
    x = rng.uniform(-0.8, 0.8, 26)
    _hairs(pen, x * wide, m - 0.13 - lift * np.abs(x), color)


def _hairs(pen: FacePen, x: np.ndarray, y: np.ndarray, color: Color) -> None:
    """Draw single hairs that start at (x, y) and point down and outwards."""
    ends = np.stack([x + 0.03 * np.sign(x), y + 0.09], 1)
    lines = np.stack([np.stack([x, y], 1), ends], 1)
    pen.hairs(lines, 0.026, (light(color, 0.25), dark(color, 0.4)))

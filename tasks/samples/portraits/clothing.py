"""Clothes below the neck, with necktie and necklace."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, mix, near, paint, shaded
from tasks.samples.drawing.shapes import curve, placed, ring, symmetric
from tasks.samples.portraits.face_pen import FacePen, mirrored
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look

_SUITS: tuple[Color, ...] = ((36, 40, 54), (58, 60, 68), (44, 52, 78), (74, 62, 56))
_METALS: tuple[Color, ...] = ((246, 206, 84), (236, 238, 244))
_BOTTOM = 3.4


def clothes(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw what covers the shoulders."""
    neck = (0.74 if face.male else 0.56) + 0.14 * face.chubby
    kind = look.clothes
    color = near(rng, any_of(rng, _SUITS), 8) if kind == "suit" else paint(rng)
    if kind == "turtleneck":
        half = [(0, 1.86), (neck + 0.06, 1.84), (neck + 0.12, 2.1)]
    else:
        depth = {"tee": 2.3, "vee": 2.75, "shirt": 2.3, "suit": 2.5, "dress": 2.7}[kind]
        brim = 1.3 if kind == "dress" else neck + 0.1
        top = 2.5 if kind == "dress" else 2.0
        half = [(0, depth), (0.5 * brim, depth - 0.4 * (depth - top)), (brim, top)]
    wide = 2.5 if face.male else 2.2
    half += [(neck + 0.7, 2.24), (wide, 2.55), (wide + 0.5, _BOTTOM), (0, _BOTTOM)]
    if kind == "dress":
        half[3] = (1.5, 2.55)
    body = np.concatenate([np.array(half), np.array(half)[::-1] * (-1, 1)])
    pen.shape(body, shaded(color, 0.12, 0.2))
    if kind == "turtleneck":
        for y in (1.95, 2.06):
            pen.stroke([(-neck, y), (0, y + 0.05), (neck, y)], 0.03, dark(color, 0.25))
    elif kind == "tee":
        rim = curve(
            [(-neck - 0.1, 2.0), (-0.45, 2.22), (0, 2.3), (0.45, 2.22), (neck + 0.1, 2.0)], False
        )
        pen.stroke(rim, 0.08, dark(color, 0.2))
    elif kind in ("shirt", "suit"):
        _collar(pen, face, look, neck, color, rng)
    if look.necklace:
        _necklace(pen, rng, neck)


def _collar(pen: FacePen, face: Identity, look: Look, neck: float, color: Color, rng: Rng) -> None:
    shirt = color
    if look.clothes == "suit":
        shirt = any_of(rng, ((246, 246, 248), (210, 226, 244), (250, 238, 226)))
        front = [(neck + 0.12, 1.96), (0.9, 2.3), (0.2, 3.3), (0, 3.4)]
        pen.shape(symmetric([(0, 2.1), *front]), shirt)
        for lapel in mirrored(
            [(neck + 0.16, 1.98), (1.1, 2.3), (0.75, 2.66), (0.2, 3.4), (0.5, 2.5)]
        ):
            pen.shape(lapel, shaded(color, 0.16, 0.1), dark(color, 0.5), 0.03)
    if not look.necktie:
        pen.shape([(-0.34, 1.9), (0.34, 1.9), (0, 2.52)], mix(face.skin, deep(face.skin), 0.25))
    for wing in mirrored([(neck + 0.02, 1.78), (neck + 0.16, 1.98), (0.42, 2.42), (0.1, 2.16)]):
        pen.shape(wing, shaded(light(shirt, 0.2), 0.2, 0.06), dark(shirt, 0.4), 0.03)
    if look.necktie:
        tie = near(
            rng, any_of(rng, ((190, 30, 44), (30, 60, 140), (24, 110, 84), (110, 40, 120))), 16
        )
        blade = symmetric([(0, 2.3), (0.13, 2.34), (0.3, 3.4), (0, 3.4)])
        pen.shape(blade, shaded(tie, 0.12, 0.1), dark(tie, 0.5), 0.03)
        for y in np.arange(2.5, 3.2, 0.22):
            pen.stroke([(-0.16, y + 0.1), (0.2, y - 0.08)], 0.06, light(tie, 0.5))
        knot = symmetric([(0, 2.04), (0.22, 2.05), (0.14, 2.38), (0, 2.4)])
        pen.shape(knot, shaded(tie, 0.25, 0.1), dark(tie, 0.5), 0.03)


def _necklace(pen: FacePen, rng: Rng, neck: float) -> None:
    metal = any_of(rng, _METALS)
    chain = curve(
        [(-neck + 0.06, 1.8), (-0.44, 2.1), (0, 2.24), (0.44, 2.1), (neck - 0.06, 1.8)], False
    )
    if rng.random() < 0.5:
        for x, y in chain[::2]:
            pen.shape(ring(x, y, 0.075, count=14), (252, 248, 240), dark(metal, 0.45), 0.02)
        return
    pen.stroke(placed(chain, 0, 0.035), 0.05, dark(metal, 0.6))
    pen.stroke(chain, 0.06, metal)
    stone = any_of(rng, (metal, (60, 150, 210), (214, 50, 70), (60, 170, 110)))
    pen.shape(ring(0, 2.34, 0.11, 0.13), shaded(stone, 0.5, 0.2), dark(metal, 0.5), 0.03)

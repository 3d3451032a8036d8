"""Hair that falls beside the face and behind the neck, straight or in waves."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, dark, shaded
from tasks.samples.drawing.shapes import curve, placed, ring
from tasks.samples.portraits.curls import cloud, coils, puffy, tones
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look

ENDS = {"bob": 1.42, "long": 3.2}  # how far down loose hair reaches


def back_hair(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw the hair behind neck and ears."""
    w, color = face.wide, look.hair_tone
    shade = dark(color, 0.3)
    if look.style == "afro":
        pen.shape(puffy(cloud(face, look)), shaded(color, 0.12, 0.2))
        coils(pen, rng, cloud(face, look), np.array((0, -0.7)), color, 110)
    elif look.style == "bun":
        pen.shape(puffy(ring(0.3 * look.part, -2.12, 0.48, 0.4)), shaded(color, 0.14, 0.2))
    elif look.style == "ponytail":
        side = float(np.sign(look.part))
        knots = [(0.7, -1.2), (1.36, -0.9), (1.52, 0.2), (1.5, 1.4), (1.24, 2.3)]
        tail = curve([*knots, (1.06, 1.4), (0.9, 0)])
        pen.shape(_fallen(face, tail) * (side, 1), (color, shade))
        edges = [np.array([(x, -0.4), (x + 0.05, 0.9), (1.24, 2.2)]) for x in (1.45, 1.0)]
        _strands(pen, face, rng, (edges[0] * (side, 1), edges[1] * (side, 1)), color)
    elif look.style in ENDS:
        end, (out, _) = ENDS[look.style], _curtain(face, look)
        half = [(0, -1.6), *out, (0.72 * w, end + 0.06), (0, end)]
        for side in (-1, 1):
            panel = _fallen(face, curve(half)) * (side, 1)
            pen.shape(panel, (dark(color, 0.16), shade))
        if look.tucked:
            inner = np.array(half[1:-2]) * (0, 1) + (0.86 * w, 0)
            for side in (-1, 1):
                _strands(pen, face, rng, (out * (side, 1), inner * (side, 1)), color)


def curtains(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw loose hair that falls in front of the ears."""
    color, (out, inn) = look.hair_tone, _curtain(face, look)
    for side in (-1, 1):
        edges = [_fallen(face, curve(line, closed=False)) for line in (out, inn)]
        panel = np.concatenate([edges[0], edges[1][::-1]]) * (side, 1)
        pen.soft(placed(panel, -0.07 * side, 0.03), deep(face.skin, 0.7), 0.06, 0.6)
        pen.shape(panel, (color, dark(color, 0.12)))
        _strands(pen, face, rng, (out * (side, 1), inn * (side, 1)), color)


def _curtain(face: Identity, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Return the outer and inner edge of loose hair on the right side, with equally many knots."""
    w, v, end = face.wide, look.volume, ENDS[look.style]
    spread = 0.2 if look.style == "long" else 0.05
    out = [(w + 0.05 + 0.5 * v, -1.0), (w + 0.16 + 0.7 * v, -0.3)]
    out += [(w + 0.26 + 0.8 * v, 0.6), (w + 0.22 + spread + v, 0.8 * end), (w + spread, end)]
    inn = [(0.8 * w, -0.8), (0.93 * w, -0.3), (w - 0.07, 0.5), (w - 0.14, 0.8 * end)]
    inn.append((0.74 * w, end))
    return np.array(out), np.array(inn)


def _fallen(face: Identity, lines: np.ndarray) -> np.ndarray:
    """Let falling hair run straight, or in waves; lines are [..., 2]."""
    if face.texture == "straight":
        return lines
    x, y = lines[..., 0], lines[..., 1]
    wave = 0.085 * np.sin(y * 2 * np.pi / 0.55) * np.clip(y + 1.1, 0, 1)
    return np.stack([x + wave * np.sign(x), y], -1)


def _strands(
    pen: FacePen, face: Identity, rng: Rng, edges: tuple[np.ndarray, np.ndarray], color: Color
) -> None:
    """Draw locks between two edges of falling hair that have equally many knots."""
    one, other = (curve(edge, closed=False) for edge in edges)
    share = np.linspace(0.08, 0.92, 9) + rng.uniform(-0.03, 0.03, 9)
    lines = one + (other - one) * share[:, None, None]
    if face.texture == "straight":
        pen.locks(lines[:, ::4], (0.02, 0.045, 0.02), tones(color))
    else:
        pen.locks(_fallen(face, lines)[:, ::2], (0.03, 0.075, 0.03), tones(color))

"""What is worn on the head: hats, glasses, earrings."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, near, paint, shaded
from tasks.samples.drawing.shapes import box, curve, ring, symmetric
from tasks.samples.portraits.face_pen import FacePen, mirrored
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look

_FRAMES: tuple[Color, ...] = ((24, 22, 26), (24, 22, 26), (92, 44, 30), (40, 50, 90), (150, 24, 40))
_FELTS: tuple[Color, ...] = ((58, 50, 48), (146, 112, 74), (216, 196, 156), (92, 36, 40))


def hat(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw a hat that covers the hairline."""
    w, v = face.wide, 0.12 + 0.4 * look.volume
    low = face.forehead + 0.26  # the brim's height
    brow = ring(0, low + 0.04, 0.92 * w, 0.16)
    pen.soft(brow, deep(face.skin, 0.8), 0.07, 0.85)
    if look.hat == "cap":
        color = paint(rng)
        dome = [(0, -2.0 - v), (0.6 * w, -1.92 - v), (w + v, -1.4), (w + 0.1 + 0.4 * v, low + 0.02)]
        pen.shape(curve(symmetric([*dome, (0, low - 0.1)])), shaded(color, 0.22, 0.2))
        for seam in mirrored([(0, -1.98 - v), (0.5 * w, -1.7), (0.62 * w, low - 0.1)]):
            pen.stroke(curve(seam, closed=False), 0.025, dark(color, 0.35))
        badge = light(color, 0.75) if sum(color) < 480 else dark(color, 0.6)
        pen.shape(ring(0, low - 0.46, 0.22, 0.2), badge)
        edge = [
            (0, low - 0.2),
            (0.7 * w, low - 0.14),
            (1.06 * w, low + 0.12),
            (0.6 * w, low + 0.13),
        ]
        bill = curve(symmetric([*edge, (0, low + 0.15)]))
        pen.shape(bill, (dark(color, 0.2), dark(color, 0.5)), dark(color, 0.6), 0.03)
    elif look.hat == "beanie":
        color = paint(rng)
        dome = [(0, -2.16 - v), (0.55 * w, -2.02 - v), (w + v, -1.45), (w + 0.08 + v, low - 0.1)]
        pen.shape(curve(symmetric([*dome, (0, low - 0.1)])), shaded(color, 0.2, 0.15))
        for x in np.linspace(-0.8, 0.8, 8) * w:
            pen.stroke(
                [(0.75 * x, -1.95 - v), (x, -1.5), (1.08 * x, low - 0.3)], 0.03, dark(color, 0.2)
            )
        band = [(0, low - 0.34), (0.6 * w, low - 0.32), (w + 0.14 + v, low - 0.26)]
        band += [(w + 0.12 + v, low + 0.08), (0.6 * w, low + 0.05), (0, low + 0.03)]
        pen.shape(symmetric(band), shaded(light(color, 0.3), 0.1, 0.2), dark(color, 0.4), 0.03)
        if rng.random() < 0.5:
            pen.shape(ring(0, -2.26 - v, 0.24), shaded(light(color, 0.5), 0.2, 0.2))
    else:
        color = near(rng, any_of(rng, _FELTS), 10)
        crown = [(0, -2.1 - v), (0.3 * w, -2.2 - v), (0.72 * w, -2.08 - v), (0.9 * w, low - 0.12)]
        pen.shape(curve(symmetric([*crown, (0, low)])), shaded(color, 0.16, 0.15))
        ribbon = [(0, low - 0.38), (0.9 * w, low - 0.34), (0.97 * w, low - 0.04), (0, low)]
        pen.shape(symmetric(ribbon), dark(color, 0.55) if sum(color) > 300 else light(color, 0.5))
        rim = ring(0, low - 0.02, 1.75 * w, 0.24)
        rim[:, 1] -= 0.18 * (rim[:, 0] / (1.75 * w)) ** 2
        front = rim[np.argsort(np.arctan2(rim[:, 1] - low, rim[:, 0]))]
        pen.shape(front, shaded(color, 0.1, 0.35), dark(color, 0.5), 0.03)


def glasses(pen: FacePen, face: Identity, rng: Rng) -> None:
    """Draw a pair of glasses."""
    frame, wire = any_of(rng, _FRAMES), 0.06 if rng.random() < 0.25 else 0.095
    square = rng.random() < 0.55
    high = rng.uniform(0.27, 0.34)
    for side in (-1, 1):
        x = 0.5 * side
        rim = (
            box(x - 0.4, -high, x + 0.4, high, 0.12) if square else ring(x, 0.02, 0.37, high + 0.04)
        )
        pen.shape(rim, (226, 240, 250, 44))
        pen.stroke(np.concatenate([rim, rim[:2]]), wire, frame)
        pen.stroke([(x - 0.2, 0.1), (x - 0.02, -0.16)], 0.045, (255, 255, 255, 110))
        pen.stroke([(0.88 * side, -0.08), (face.wide * side, -0.12)], wire, frame)
    bridge = curve([(-0.13, -0.04), (0, -0.11), (0.13, -0.04)], closed=False)
    pen.stroke(bridge, wire, frame)


def earrings(pen: FacePen, face: Identity, rng: Rng) -> None:
    """Draw an earring in each ear: a hoop, a drop or a big pearl."""
    metal = any_of(rng, ((248, 210, 90), (238, 240, 246)))
    stone = any_of(rng, (metal, (40, 150, 200), (220, 50, 80), (50, 170, 120)))
    kind, edge = rng.choice(("hoop", "drop", "pearl")), dark(metal, 0.6)
    for side in (-1, 1):
        x, y = (face.wide + 0.02 + 0.06 * face.ears) * side, 0.5
        if kind == "hoop":
            for width, color in ((0.12, edge), (0.075, metal)):
                circle = ring(x, y + 0.25, 0.2, 0.25)
                pen.stroke(np.concatenate([circle, circle[:2]]), width, color)
        elif kind == "drop":
            pen.stroke([(x, y), (x, y + 0.25)], 0.05, metal)
            drop = curve([(x, y + 0.16), (x + 0.12, y + 0.44), (x, y + 0.56), (x - 0.12, y + 0.44)])
            pen.shape(drop, shaded(stone, 0.5, 0.1), edge, 0.035)
        else:
            pen.shape(ring(x, y + 0.08, 0.15), ((255, 255, 252), (220, 214, 206)), edge, 0.03)

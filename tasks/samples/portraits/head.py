"""The head itself: neck, ears, the outline of the face, and what age and time leave on its skin."""

import numpy as np

from tasks.samples.drawing.colors import Rng, mix
from tasks.samples.drawing.shapes import curve, placed, ring, symmetric
from tasks.samples.portraits.face_pen import FacePen, mirrored
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep, shade_head
from tasks.samples.portraits.look import Look


def outline(face: Identity) -> np.ndarray:
    """Return the head's outline, clockwise from the top of the skull."""
    w, jaw, chin, y = face.wide, face.jaw, face.chin, face.chin_y
    half = [(0, -1.75), (0.52 * w, -1.64), (0.88 * w, -1.22), (0.99 * w, -0.55), (w, 0.1)]
    half += [(0.55 * w + 0.45 * jaw, 0.58), (jaw, 0.63 * y), (0.5 * (jaw + chin) + 0.06, 0.83 * y)]
    half += [(chin, y - 0.07), (0.45 * chin, y)]
    points = curve(symmetric([*half, (0, y + 0.01)]))
    low = np.clip(points[:, 1] - 0.6, 0, None)  # a crooked jaw leans to one side
    return points + np.stack([0.07 * face.skew[3] * low, 0 * low], 1)


def neck(pen: FacePen, face: Identity) -> None:
    """Draw neck and shoulders, in the shade of the head."""
    wide = (0.74 if face.male else 0.56) + 0.14 * face.chubby
    half = [(wide, 0.9), (wide, 1.7), (wide + 0.08, 2.0), (wide + 0.5, 2.22), (2.0, 2.5)]
    half += [(2.9, 3.3), (0, 3.3)]
    base = mix(face.skin, deep(face.skin), 0.16)
    with pen.on_skin():
        pen.shape(curve(symmetric([(0, 0.9), *half])), (base, face.skin))
    chin = face.chin_y
    pen.soft(ring(0, chin - 0.12, 0.9 * face.jaw, 0.56), deep(face.skin), 0.12, 0.75)
    for edge in mirrored([(wide - 0.1, 1.5), (wide - 0.16, 1.9), (0.14, 2.5)]):
        pen.crease(edge, 0.08, deep(face.skin), 0.4, 0.05)
    if face.male:
        pen.soft(ring(0, chin + 0.3, 0.1, 0.06), deep(face.skin), 0.04, 0.6)
    for x, y in ((0.5, 2.42), (-0.5, 2.42)):  # collar bones
        pen.crease([(0.2 * x, y + 0.1), (x, y), (2.6 * x, y - 0.06)], 0.05, deep(face.skin), 0.4)


def head(pen: FacePen, face: Identity, look: Look) -> None:
    """Draw ears and face, shaded, without its features."""
    if face.double_chin:
        _second_chin(pen, face)
    with pen.on_skin():
        for side in (-1, 1):
            knots = [(0.94, -0.2), (1.06, -0.27), (1.17, -0.14), (1.14, 0.2), (1.05, 0.48)]
            ear = np.array([*knots, (0.96, 0.5), (0.92, 0.3)])
            ear[:, 0] = (ear[:, 0] - 0.95) * face.ears + face.wide - 0.06
            pen.shape(curve(ear) * (side, 1), mix(face.skin, deep(face.skin), 0.22))
        pen.shape(outline(face), face.skin)
    for side in (-1, 1):
        x = side * (face.wide + 0.07)
        pen.crease([(x, -0.12), (x + 0.06 * side, 0.06), (x, 0.28)], 0.06, deep(face.skin), 0.7)
    shade_head(pen, face, look)
    _complexion(pen, face, look)
    if not face.young:
        _wrinkles(pen, face)


def _second_chin(pen: FacePen, face: Identity) -> None:
    """A fold below the chin that bulges over the neck."""
    y, wide = face.chin_y, 0.8 * face.jaw
    bulge = [(wide, y - 0.35), (0.82 * wide, y + 0.04), (0.4 * wide, y + 0.24), (0, y + 0.28)]
    below = curve(symmetric([(0, y - 0.4), *bulge]))
    pen.soft(placed(below, 0, 0.1), deep(face.skin, 0.7), 0.05, 0.85)
    with pen.on_skin():
        pen.shape(below, mix(face.skin, deep(face.skin), 0.1))
    pen.soft(ring(0, y + 0.02, 0.75 * wide, 0.1), deep(face.skin, 0.7), 0.04, 0.9)
    pen.soft(ring(0, y + 0.17, 0.4 * wide, 0.04), (255, 244, 230), 0.05, 0.3)


def _complexion(pen: FacePen, face: Identity, look: Look) -> None:
    """Blush, freckles, moles, blemishes."""
    flush = mix(face.skin, (228, 56, 74), 0.66)
    if look.rosy:
        for cheek in mirrored(ring(0.66, 0.55, 0.27, 0.21, angle=-16)):
            pen.soft(cheek, flush, 0.12, 0.8)
    else:
        for cheek in mirrored(ring(0.64, 0.55, 0.26, 0.2)):
            pen.soft(cheek, mix(face.skin, (214, 80, 70), 0.4), 0.14, 0.3)
    if look.cheekbones:
        for bone, hollow in zip(
            mirrored(ring(0.7, 0.4, 0.24, 0.07, angle=-24)),
            mirrored(ring(0.72, 0.74, 0.26, 0.1, angle=-32)),
            strict=True,
        ):
            pen.soft(bone, mix(face.skin, (255, 246, 232), 0.7), 0.05, 0.6)
            pen.soft(hollow, deep(face.skin, 0.6), 0.07, 0.65)
    pen.dots(face.freckles, 0.022, (*deep(mix(face.skin, (150, 80, 30), 0.4)), 120))
    pen.dots(face.moles, 0.034, deep(face.skin, 0.85))
    for x, y in face.blemishes:
        pen.soft(ring(x, y, 0.06), mix(face.skin, (176, 36, 40), 0.62), 0.02, 0.95)


def _wrinkles(pen: FacePen, face: Identity) -> None:
    """The lines of an older face."""
    tone, mouth = deep(face.skin, 0.75), face.mouth_y
    for i, y in enumerate((-0.86, -0.72, -0.58)):
        half = 0.56 - 0.06 * i
        line = [(-half, y + 0.03), (-0.2, y - 0.02), (0.2, y + 0.01), (half, y + 0.04)]
        pen.crease(line, 0.055, tone, 0.75, 0.018)
    for side in (-1, 1):
        frown = [(0.09, -0.42), (0.07, -0.3), (0.1, -0.2)]
        folds = [[(0.36, 0.7), (0.52, 0.9), (0.6, mouth + 0.16)]]
        folds += [[(0.55, mouth + 0.1), (0.58, mouth + 0.26), (0.5, mouth + 0.4)], frown]
        folds += [[(0.8, 0.0), (0.9, 0.02 + s), (0.98, 0.02 + 2 * s)] for s in (-0.07, 0.0, 0.06)]
        for line in folds:
            pen.crease(np.array(line) * (side, 1), 0.06, tone, 0.75, 0.018)
        jowl = ring(0.62 * face.jaw * side, 1.38, 0.16, 0.16)
        pen.soft(jowl, tone, 0.1, 0.35)


def stubble(pen: FacePen, face: Identity, rng: Rng) -> None:
    """Shade jaws, chin and upper lip with the shadow of a beard shaven this morning."""
    tint = mix(mix(face.skin, (44, 50, 66), 0.62), face.hair_tone, 0.12)
    mouth, y = face.mouth_y, face.chin_y
    side = [(face.wide + 0.05, 0.42), (0.84, 0.8), (0.62, mouth - 0.02), (0.42, mouth - 0.28)]
    band = [*side, (0, mouth - 0.26), (0, y + 0.1), (face.jaw, y), (face.wide + 0.3, 1.0)]
    for half in mirrored(band):
        pen.soft(half, tint, 0.06, 0.62)
    spots = np.stack([rng.uniform(-1, 1, 400) * face.wide, rng.uniform(0.75, y, 400)], 1)
    lips = (np.abs(spots[:, 0]) < 0.6) & (np.abs(spots[:, 1] - mouth - 0.02) < 0.18)
    cheek = spots[:, 1] < mouth - 0.25 - 0.4 * (np.abs(spots[:, 0]) - 0.5).clip(0)
    spots = spots[~lips & ~cheek & pen.on_head(spots)]
    pen.dots(spots, 0.018, (*mix(tint, (24, 24, 30), 0.6), 120))

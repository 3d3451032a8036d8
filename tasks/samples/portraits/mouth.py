"""The mouth: lips, teeth, and the folds of a smile."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, light, mix
from tasks.samples.drawing.shapes import ring
from tasks.samples.portraits.face_pen import FacePen, band, mirrored
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look

_LIPSTICKS: tuple[Color, ...] = ((200, 22, 44), (214, 40, 100), (150, 20, 60), (226, 60, 66))
_BLOOD: Color = (60, 8, 20)


def corners(face: Identity, look: Look) -> np.ndarray:
    """Return the left and the right corner of the mouth, [2, 2]."""
    x, line = _line(face, look)
    return np.array([(x[0], line[0]), (x[-1], line[-1])])


def _line(face: Identity, look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y along the line where closed lips meet."""
    half, lift = (face.mouth_wide + 0.13, 0.17) if look.smiling else (face.mouth_wide, 0.01)
    along = np.linspace(-1, 1, 25)
    return half * along, face.mouth_y + 0.05 - lift * along**2 - 0.11 * face.skew[2] * along


def mouth(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw the mouth, closed or open, level or smiling."""
    x, line = _line(face, look)
    half, along, tone = x[-1], np.linspace(-1, 1, len(x)), deep(face.skin, 0.75)
    gap = (0.19 if look.smiling else 0.15) * look.mouth_open * (1 - along**2)
    above, below = line - 0.42 * gap, line + 0.58 * gap
    full = (2.15 if face.big_lips else 0.85) * face.lips * (0.9 if look.smiling else 1.0)
    edge = full * np.sqrt(1 - np.abs(along) ** 1.7)
    dip = 0.25 * np.exp(-((along / 0.16) ** 2))  # Cupid's bow
    top, bottom = above - 0.088 * edge * (1.06 - dip), below + 0.115 * edge
    middle = len(x) // 2
    pen.soft(ring(0, bottom[middle] + 0.06, 0.7 * half, 0.05), tone, 0.04, 0.5)
    if look.mouth_open:
        pen.shape(band(x, above, below), (66, 16, 24))
        teeth = above + np.minimum((0.62 if look.smiling else 0.34) * (below - above), 0.12)
        pen.shape(band(x, above, teeth)[2:-2], (244, 240, 230))
        if not look.smiling:
            pen.shape(ring(0, below[middle] - 0.025, 0.5 * half, 0.03), (178, 78, 84))
    natural = mix(face.skin, (176, 62, 66), 0.36 if face.male else 0.46)
    color = any_of(rng, _LIPSTICKS) if look.lipstick else natural
    pen.shape(band(x, top, above), mix(color, _BLOOD, 0.22))
    pen.shape(band(x, below, bottom), (color, mix(color, _BLOOD, 0.12)))
    spot = ring(-0.05, (below[middle] + bottom[middle]) / 2, 0.42 * half, 0.025 * full)
    pen.soft(spot, light(color, 0.75), 0.025, 0.65 if look.lipstick else 0.3)
    if not look.mouth_open:
        seam = np.stack([x, line], 1)[::3]
        pen.taper(seam, (0.02, 0.038, 0.042, 0.038, 0.02), mix(tone, _BLOOD, 0.6))
    for end_x, end_y in corners(face, look):
        pen.soft(ring(end_x, end_y, 0.045), tone, 0.03, 0.8)
    if look.smiling:
        fold = [(face.nose_wide + 0.06, face.nose_y + 0.02), (half + 0.08, 0.9)]
        for line in mirrored([*fold, (half + 0.16, face.mouth_y + 0.06)]):
            pen.crease(line, 0.06, tone, 0.75, 0.022)

"""Houses and roads. The unit is the frame's height: x 0..aspect, y 0..1 downwards."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, mix, near, shaded
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import box

_FACADES = (
    (240, 214, 170),
    (226, 150, 120),
    (168, 196, 196),
    (246, 228, 196),
    (206, 170, 190),
    (190, 204, 160),
)
_ROOFS = ((184, 84, 66), (120, 92, 104), (146, 104, 74))
_LAMPLIGHT: Color = (255, 214, 120)


def house(
    pen: Pen, rng: Rng, x: float, foot: float, width: float, height: float, lit: bool = False
) -> None:
    """A town house with its roof, windows and door; `lit` draws it at night."""
    facade = near(rng, any_of(rng, _FACADES), 10)
    roof = near(rng, any_of(rng, _ROOFS), 10)
    pane: Color = (140, 176, 198)
    frame = light(facade, 0.55)
    if lit:
        facade, roof = mix(facade, (44, 50, 92), 0.68), mix(roof, (30, 34, 70), 0.6)
        pane, frame = mix(pane, (30, 36, 74), 0.7), dark(facade, 0.3)
    top, x1 = foot - height, x + width
    left, right = (x - 0.02, top + 0.01), (x1 + 0.02, top + 0.01)
    if rng.random() < 0.5:
        ridge = [(x + width / 2, top - 0.35 * width)]
    else:
        ridge = [(x + 0.05 * width, top - 0.08), (x1 - 0.05 * width, top - 0.08)]
    pen.shape([left, *ridge, right], roof)
    pen.shape(box(x, top, x1, foot), shaded(facade, 0.1, 0.1))

    columns, rows = max(2, round(width / 0.12)), max(1, round(height / 0.19))
    storey, half = (height - 0.02) / (rows + 0.15), 0.24 * width / columns
    door = int(rng.integers(columns))
    for row in range(rows):
        for column in range(columns):
            cx, y = x + (column + 0.5) * width / columns, top + (0.25 + row) * storey
            if row == rows - 1 and column == door:
                shape = box(cx - half, y - 0.01, cx + half, foot)
                pen.shape(shape, dark(roof, 0.25), dark(facade, 0.4), 0.008)
                continue
            sill = y + 0.52 * storey
            glass = _LAMPLIGHT if lit and rng.random() < 0.55 else pane
            pen.shape(box(cx - half, y, cx + half, sill), shaded(glass, 0.2, 0), frame, 0.01)
            pen.stroke([(cx, y), (cx, sill)], 0.006, frame)
            ledge = box(cx - 1.3 * half, sill, cx + 1.3 * half, sill + 0.012)
            pen.shape(ledge, dark(facade, 0.25))


def road(pen: Pen, rng: Rng, aspect: float, kerb: float, color: Color) -> None:
    """Pavement slabs above the kerb line, asphalt with a dashed line below it."""
    stone = mix((198, 190, 180), color, 0.3)
    pen.shape(box(-0.01, kerb - 0.09, aspect + 0.01, kerb), (dark(stone, 0.05), light(stone, 0.15)))
    slant = rng.uniform(-0.03, 0.03)
    for x in np.arange(-0.05, aspect + 0.05, 0.11):
        pen.stroke([(x, kerb - 0.09), (x + slant, kerb - 0.012)], 0.004, dark(stone, 0.2))
    pen.shape(box(-0.01, kerb - 0.014, aspect + 0.01, kerb + 0.012), shaded(stone, 0.35, 0.2))
    pen.shape(box(-0.01, kerb + 0.012, aspect + 0.01, 1.01), (dark(color, 0.12), color))
    middle = kerb + 0.55 * (1 - kerb)
    for x in np.arange(-rng.uniform(0, 0.2), aspect, 0.24):
        upper, lower = [(x, middle), (x + 0.13, middle)], middle + 0.018
        pen.shape([*upper, (x + 0.12, lower), (x - 0.01, lower)], light(color, 0.7))

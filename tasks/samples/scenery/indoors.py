"""Walls, windows and tables. The unit is the frame's height: x 0..aspect, y 0..1 downwards."""

import numpy as np

from tasks.samples.drawing.colors import CREAM, Color, Rng, any_of, dark, light, near, paint, shaded
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import box, curve, ring

_VIEWS = (
    ((120, 182, 226), (214, 236, 244)),
    ((250, 176, 120), (252, 224, 170)),
    ((38, 50, 104), (86, 96, 156)),
)
_WHITE: Color = (250, 246, 238)


def wallpaper(pen: Pen, rng: Rng, aspect: float, bottom: float, color: Color) -> None:
    """A plain, striped, dotted, tiled or panelled wall."""
    pen.shape(box(-0.01, -0.01, aspect + 0.01, bottom), shaded(color, 0.12, 0.06))
    tone = dark(color, 0.12) if rng.random() < 0.4 else light(color, 0.3)
    style, step = int(rng.integers(5)), rng.uniform(0.09, 0.15)
    if style == 1:
        for x in np.arange(rng.uniform(-step, 0), aspect, step):
            pen.shape(box(x, -0.01, x + 0.45 * step, bottom), tone)
    elif style == 2:
        for i, y in enumerate(np.arange(0.03, bottom, 0.8 * step)):
            for x in np.arange((i % 2) * step / 2, aspect, step):
                pen.shape(ring(x, y, 0.16 * step, count=12), tone)
    elif style == 3:
        for i, y in enumerate(np.arange(0.0, bottom, step)):
            pen.stroke([(0, y), (aspect, y)], 0.006, tone)
            for x in np.arange((i % 2) * step, aspect, 2 * step):
                pen.stroke([(x, y), (x, min(y + step, bottom))], 0.006, tone)
    elif style == 4:
        rail = 0.55 * bottom
        pen.shape(box(-0.01, rail, aspect + 0.01, bottom), (light(color, 0.55), light(color, 0.4)))
        pen.shape(box(-0.01, rail - 0.012, aspect + 0.01, rail + 0.012), light(color, 0.75))
        for x in np.arange(rng.uniform(0, 0.08), aspect, 0.09):
            pen.stroke([(x, rail + 0.02), (x, bottom)], 0.006, light(color, 0.25))


def window(
    pen: Pen, rng: Rng, x: float, y: float, width: float, height: float, curtain: Color
) -> None:
    """A window onto the sky with its curtains."""
    edge, x1, y1 = dark(_WHITE, 0.3), x + width, y + height
    pen.shape(box(x - 0.02, y - 0.02, x1 + 0.02, y1 + 0.02), _WHITE, edge, 0.008)
    pen.shape(box(x, y, x1, y1), any_of(rng, _VIEWS))
    pen.stroke([(x + width / 2, y), (x + width / 2, y1)], 0.016, _WHITE)
    pen.stroke([(x, y + height / 2), (x1, y + height / 2)], 0.016, _WHITE)
    pen.shape(box(x - 0.04, y1 + 0.01, x1 + 0.04, y1 + 0.035), _WHITE, edge, 0.006)
    for side, rod in ((1, x), (-1, x1)):
        outer, inner = rod - 0.05 * side, rod + 0.3 * width * side
        waist = (rod + 0.1 * width * side, y + 0.55 * height)
        hem = [(rod + 0.02 * side, y1 + 0.02), (outer, y1 + 0.02)]
        pen.shape([(outer, y - 0.03), (inner, y - 0.03), waist, *hem], shaded(curtain, 0.2, 0.1))


def picture(pen: Pen, rng: Rng, x: float, y: float, width: float, height: float) -> None:
    """A framed little landscape."""
    frame = any_of(rng, ((150, 102, 64), (60, 56, 66), (226, 196, 120)))
    pen.shape(box(x, y, x + width, y + height), shaded(frame, 0.15, 0.2), dark(frame, 0.5), 0.006)
    m, ground = 0.1 * min(width, height), y + 0.62 * height
    pen.shape(box(x + m, y + m, x + width - m, y + height - m), ((190, 220, 232), CREAM))
    mountain = [(x + m, ground), (x + 0.4 * width, y + 0.4 * height), (x + 0.7 * width, ground)]
    pen.shape(mountain, near(rng, (120, 150, 170)))
    pen.shape(box(x + m, ground, x + width - m, y + height - m), near(rng, (140, 176, 110)))


def bunting(pen: Pen, rng: Rng, aspect: float) -> None:
    """A string of little flags across the wall."""
    colors = [paint(rng) for _ in range(3)]
    height, sag = rng.uniform(0.03, 0.1), rng.uniform(0.05, 0.12)
    string = curve([(-0.1, height), (aspect / 2, height + sag), (aspect + 0.1, height)], False)
    pen.stroke(string, 0.006, _WHITE)
    xs = np.arange(rng.uniform(0.0, 0.1), aspect, 0.11)
    for i, x in enumerate(xs):
        y = float(np.interp(x, string[:, 0], string[:, 1]))
        pen.shape([(x, y), (x + 0.08, y), (x + 0.04, y + 0.09)], shaded(colors[i % 3], 0.1, 0.1))


def planks(
    pen: Pen, rng: Rng, area: tuple[float, float, float, float], color: Color, upright: bool
) -> None:
    """Boards with seams and a little grain over `area` (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = area
    pen.shape(box(*area), shaded(color, 0.15, 0.12))
    (start, end), (low, high) = ((x0, x1), (y0, y1)) if upright else ((y0, y1), (x0, x1))
    step = rng.uniform(0.1, 0.2)
    for seam in np.arange(start, end, step):
        pen.stroke(_along(seam, low, high, upright), 0.006, dark(color, 0.3))
        for grain in seam + step * rng.uniform(0.2, 0.8, 2):
            first, last = rng.uniform(low, high, 2)
            line = _along(grain, first, last, upright)
            if grain < end:  # the last board may be cut narrower
                pen.stroke(line, 0.004, (*dark(color, 0.3), 90))


def _along(at: float, low: float, high: float, upright: bool) -> list[tuple[float, float]]:
    return [(at, low), (at, high)] if upright else [(low, at), (high, at)]


def gingham(pen: Pen, rng: Rng, aspect: float, color: Color) -> None:
    """A checked tablecloth filling the frame."""
    pen.shape(box(-0.01, -0.01, aspect + 0.01, 1.01), CREAM)
    step = rng.uniform(0.1, 0.2)
    veil = (*color, 88)  # two veils over each other make the darker checks
    for a in np.arange(-rng.uniform(0, 1) * step, max(aspect, 1.0), step):
        pen.shape(box(a, -0.01, a + step / 2, 1.01), veil)
        pen.shape(box(-0.01, a, aspect + 0.01, a + step / 2), veil)

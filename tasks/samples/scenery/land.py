"""Hills, trees, grass and water. The unit is the frame's height: x 0..aspect, y 0..1 downwards."""

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, dark, light, near, shaded
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import box, curve, placed, ring

_SNOW: Color = (247, 249, 253)
_CROWN = ((0.0, -0.62, 0.34), (-0.2, -0.55, 0.24), (0.18, -0.58, 0.24), (-0.04, -0.8, 0.24))
_TUFT = ((-0.3, 0.0), (-0.5, -1.0), (0.0, -0.35), (0.45, -1.1), (0.35, 0.0))
_BLOOMS = ((252, 250, 244), (250, 214, 90), (236, 120, 140), (190, 150, 220))


def hills(
    pen: Pen, rng: Rng, aspect: float, base: float, height: float, color: Color, peaks: bool = False
) -> None:
    """One ridge across the frame, round or peaked, its foot at the frame's bottom."""
    n = int(rng.integers(4, 8))
    x = np.linspace(-0.2, aspect + 0.2, n) + rng.uniform(-0.06, 0.06, n)
    line = np.stack([x, base - height * rng.uniform(0.1, 1.0, n)], 1)
    ridge = line if peaks else curve(line, closed=False)
    outline = np.concatenate([ridge, [(aspect + 0.3, 1.05), (-0.3, 1.05)]])
    pen.shape(outline, shaded(color, 0.18, 0.1))
    if not peaks:
        return
    for top, before, after in zip(line[1:-1], line[:-2], line[2:], strict=True):
        if top[1] + 0.06 < min(before[1], after[1]):  # snow on what stands out
            left, right = top + 0.3 * (before - top), top + 0.3 * (after - top)
            pen.shape([top, right, (left + right) / 2 + np.array((0, 0.012)), left], _SNOW)


def round_tree(pen: Pen, rng: Rng, x: float, foot: float, size: float, color: Color) -> None:
    """A trunk under a crown of four tones."""
    pen.shape(box(x - 0.05 * size, foot - 0.45 * size, x + 0.05 * size, foot), (128, 92, 64))
    tone = near(rng, color, 12)
    tones = (dark(tone, 0.12), tone, dark(tone, 0.04), light(tone, 0.16))
    for (dx, dy, r), fill in zip(_CROWN, tones, strict=True):
        pen.shape(ring(x + dx * size, foot + dy * size, r * size, count=24), fill)


def pine(
    pen: Pen, rng: Rng, x: float, foot: float, size: float, color: Color, snow: bool = False
) -> None:
    """A fir of three tiers, snowed on or not."""
    pen.shape(box(x - 0.04 * size, foot - 0.2 * size, x + 0.04 * size, foot), (104, 78, 60))
    tone = near(rng, color, 8)
    for i, (low, half) in enumerate(((-0.14, 0.3), (-0.4, 0.24), (-0.64, 0.17))):
        hem = [(half, low), (0.4 * half, low - 0.03), (-0.4 * half, low - 0.03), (-half, low)]
        tier = [(0, low - 0.38), *hem]
        pen.shape(placed(tier, x, foot, size), (light(tone, 0.06 * i), dark(tone, 0.15)))
        if snow:
            edge = [(0.55 * half, low - 0.17), (0.15 * half, low - 0.2), (-0.55 * half, low - 0.17)]
            pen.shape(placed([(0, low - 0.38), *edge], x, foot, size), _SNOW)


def grass(pen: Pen, rng: Rng, aspect: float, top: float, color: Color, blooms: bool) -> None:
    """Tufts, and sometimes flowers, growing larger towards the viewer."""
    depth = rng.random(100) ** 0.7
    xs, ys = rng.uniform(0, aspect, 100), top + 0.02 + (0.98 - top) * depth
    for x, y, d in zip(xs, ys, depth, strict=True):
        tone = dark(color, rng.uniform(0.06, 0.22)) if rng.random() < 0.6 else light(color, 0.2)
        pen.shape(placed(_TUFT, x, y, 0.006 + 0.024 * d), tone)
    if blooms:
        pair = (any_of(rng, _BLOOMS), any_of(rng, _BLOOMS))
        for x, y, d in zip(xs[:38], ys[:38], depth[:38], strict=True):
            r = 0.003 + 0.006 * d
            pen.shape(ring(x + 0.02, y - 1.5 * r, r, count=8), any_of(rng, pair))


def sea(
    pen: Pen,
    rng: Rng,
    aspect: float,
    top: float,
    bottom: float,
    far: Color,
    close: Color,
    glitter: Color,
) -> None:
    """Water between `top` and `bottom` with waves that widen towards the viewer."""
    pen.shape(box(-0.01, top, aspect + 0.01, bottom), (far, close))
    ripple = ((0, 0), (0.3, -0.09), (0.7, 0.0), (1, -0.03), (0.7, 0.06), (0.3, -0.02))
    for x, d in zip(rng.uniform(-0.05, aspect, 60), rng.random(60), strict=True):
        tone = (*glitter, 120) if rng.random() < 0.5 else (*dark(close, 0.25), 90)
        wave = placed(ripple, x, top + 0.012 + (bottom - top) * 0.97 * d, 0.03 + 0.08 * d)
        pen.shape(wave, tone)

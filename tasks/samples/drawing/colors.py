"""Colours as 0..255 tuples, the palettes of `tables`, and how a drawing picks from them."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from tasks.samples.tables import rows_by, table

Color = tuple[int, ...]  # RGB, or RGBA for a glaze over what is there
Rng = np.random.Generator
T = TypeVar("T")

Tint = tuple[float, float, float]  # what the light leaves of red, green and blue, 0..1
DAY: Tint = (1.0, 1.0, 1.0)
EVENING: Tint = (1.0, 0.92, 0.86)
NIGHT: Tint = (0.74, 0.77, 0.97)

SHADE: Color = (30, 24, 52)  # shadows lean to blue
LIGHT: Color = (255, 250, 236)  # and light to warm white

CREAM: Color = (252, 246, 232)


def hexed(word: str) -> Color:
    """Return the colour of "#rrggbb"."""
    return tuple(bytes.fromhex(word[1:]))


PALETTES = {row["palette"]: [hexed(c) for c in row["colors"].split()] for row in table("palettes")}
# from top to bottom, or from far to close
GRADIENTS = {
    name: [(hexed(row["top"]), hexed(row["bottom"])) for row in rows]
    for name, rows in rows_by("gradients", "gradient").items()
}
COLORS = {  # of coats, hair and soils by their names
    name: {row["name"]: hexed(row["color"]) for row in rows}
    for name, rows in rows_by("colors", "set").items()
}


def mix(a: Color, b: Color, amount: float) -> Color:
    """Return the colour `amount` (0..1) of the way from `a` to `b`."""
    return tuple(round(p + (q - p) * amount) for p, q in zip(a[:3], b[:3], strict=True))


def dark(color: Color, amount: float = 0.35) -> Color:
    """Return a deeper tone of `color`, leaning to blue as shadows do."""
    return mix(color, SHADE, amount)


def light(color: Color, amount: float = 0.35) -> Color:
    """Return a paler tone of `color`, leaning to warm white."""
    return mix(color, LIGHT, amount)


def shaded(color: Color, top: float = 0.15, bottom: float = 0.15) -> tuple[Color, Color]:
    """Return `color` as a gradient, lit from above by `top` and shaded below by `bottom`."""
    return light(color, top), dark(color, bottom)


def any_of(rng: Rng, choices: Sequence[T]) -> T:
    """Pick one of `choices`; unlike `rng.choice`, this keeps tuples as they are."""
    return choices[int(rng.integers(len(choices)))]


def near(rng: Rng, color: Color, spread: int = 14) -> Color:
    """Return `color` with each channel moved by up to `spread`."""
    shifts = rng.integers(-spread, spread + 1, 3).tolist()
    return tuple(min(255, max(0, v + d)) for v, d in zip(color, shifts, strict=True))

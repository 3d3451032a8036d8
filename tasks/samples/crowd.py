"""Crowds: many small sprites joined into one, spread out as a flock or fleet, or piled up."""

import numpy as np
from PIL import Image

from tasks.samples import objects as o
from tasks.samples.drawing.colors import DAY, Rng, Tint
from tasks.samples.objects import Kind
from tasks.samples.sprite import Sprite, draw_sprite

FLOCKING: tuple[Kind, ...] = (o.FLYING_BIRD, o.KITE, o.BOAT)
PILING: tuple[Kind, ...] = (o.APPLE, o.DONUT, o.BANANA)


def draw_crowd(kind: Kind, side: float, rng: Rng, tint: Tint = DAY, squash: float = 1.0) -> Sprite:
    """Draw ten to fifteen of `kind` as one sprite, about `side` pixels large."""
    each = side * rng.uniform(0.2, 0.26)
    members = [draw_sprite(kind, each, rng, tint, squash) for _ in range(int(rng.integers(10, 16)))]
    step = max(each, max(m.mask.shape[1] for m in members) - 4)
    seats = _pile(len(members), step) if kind in PILING else _spread(len(members), side, rng)
    seats[:, 1] *= squash
    corner = np.floor(seats.min(0))
    seats = np.round(seats - corner).astype(int)
    width = max(x + m.mask.shape[1] for (x, _), m in zip(seats, members, strict=True))
    height = max(y + m.mask.shape[0] for (_, y), m in zip(seats, members, strict=True))
    sheet, mask = Image.new("RGBA", (width, height)), np.zeros((height, width), dtype=bool)
    for i in np.argsort(seats[:, 1], kind="stable"):  # lower ones hide upper ones
        (x, y), member = seats[i].tolist(), members[i]
        sheet.alpha_composite(Image.fromarray(member.image), (x, y))
        h, w = member.mask.shape
        mask[y : y + h, x : x + w] |= member.mask
    return Sprite(kind, np.array(sheet), mask, crowd=True)


def _pile(count: int, step: float) -> np.ndarray:
    """Return corners [count, 2] of a heap: rows of five, four, three, ... from the bottom up."""
    rows = [(row, i) for row in range(5) for i in range(5 - row)][:count]
    return np.array([((i + row / 2) * 0.7 * step, -0.6 * row * step) for row, i in rows])


def _spread(count: int, side: float, rng: Rng) -> np.ndarray:
    """Return corners [count, 2] on a loose grid four wide."""
    grid = np.stack([np.arange(count) % 4, np.arange(count) // 4], axis=1)
    return (grid + rng.uniform(-0.33, 0.33, (count, 2))) * (side / 3.6, side / 5.5)

"""One object, or a crowd, drawn at its final size and shaded, with the mask of its pixels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageFilter

from tasks.samples.drawing.art import art
from tasks.samples.drawing.colors import DAY, Rng, Tint, any_of
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import turned
from tasks.samples.kinds import PILING, Kind


@dataclass
class Sprite:
    """A drawn object: `image` RGBA uint8 [h, w, 4] with its props, `mask` bool [h, w] without."""

    kind: Kind
    image: np.ndarray
    mask: np.ndarray
    crowd: bool = False

    @cached_property
    def extent(self) -> tuple[int, int, int, int]:
        """The object's own tight xyxy box within the sprite."""
        return tight_box(self.mask)


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return the xyxy box of a bool mask's pixels, ends exclusive."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def draw_sprite(
    kind: Kind, side: float, rng: Rng, tint: Tint = DAY, squash: float = 1.0, turn: float = 0.0
) -> Sprite:
    """Draw `kind` about `side` pixels large, in light of colour `tint`.

    `turn` (degrees) is added to its own tilt; `squash` scales its height, as when a
    table is seen at an angle.
    """
    unit, stretch = side / 2, float(np.exp(rng.normal(0, kind.stretch)))
    flip = -1 if kind.mirror and rng.random() < 0.5 else 1
    # columns are where the drawing's x and y axes go
    axes = turned(np.diag((flip, 1.0)), rng.normal(0, kind.tilt) + turn).T
    matrix = unit * np.diag((stretch, squash / stretch)) @ axes
    reach = 1.45 * unit * max(stretch, 1 / stretch) + 3
    up, down = max(reach, 1.1 * kind.above * unit), max(reach, 1.1 * kind.below * unit)
    wide = max(reach, 0.6 * down)
    supersample = 4 if side < 50 else 3 if side < 120 else 2
    pen = ObjectPen((round(2 * wide), round(up + down)), matrix, (wide, up), supersample)
    picture = art(f"{kind.folder}/{any_of(rng, kind.pictures.split())}")
    picture.draw(pen, rng, colors=kind.colors, choices=kind.choices)
    image, mask = pen.cutout()
    return Sprite(kind, _shade(image, side, tint), np.asarray(mask) > 127)


def _shade(image: Image.Image, side: float, tint: Tint) -> np.ndarray:
    """Make the flat drawing look rounded: light from the upper left, a soft dark rim."""
    blur = ImageFilter.BoxBlur(max(1.0, 0.05 * side))
    soft = np.asarray(image.getchannel("A").filter(blur), dtype=np.float32) / 255
    d = max(1, round(0.03 * side))
    padded = np.pad(soft, d)
    relief = padded[2 * d :, 2 * d :] - padded[: -2 * d, : -2 * d]  # brighter towards the light
    light = 0.8 + 0.34 * relief + 0.2 * soft
    pixels = np.array(image)
    lit = pixels[..., :3] * (light[..., None] * np.array(tint, dtype=np.float32))
    pixels[..., :3] = np.clip(lit, 0, 255)
    return pixels


def draw_crowd(kind: Kind, side: float, rng: Rng, tint: Tint = DAY, squash: float = 1.0) -> Sprite:
    """Draw ten to fifteen of `kind` as one sprite about `side` pixels large: a flock or a pile."""
    each = side * rng.uniform(0.2, 0.26)
    count = int(rng.integers(10, 16))
    members = [draw_sprite(kind, each, rng, tint, squash) for _ in range(count)]
    step = max(each, max(m.mask.shape[1] for m in members) - 4)
    if kind in PILING:  # rows of five, four, three, ... from the bottom up
        rows = [(row, i) for row in range(5) for i in range(5 - row)][:count]
        seats = np.array([((i + row / 2) * 0.7 * step, -0.6 * row * step) for row, i in rows])
    else:  # on a loose grid four wide
        grid = np.stack([np.arange(count) % 4, np.arange(count) // 4], axis=1)
        seats = (grid + rng.uniform(-0.33, 0.33, (count, 2))) * (side / 3.6, side / 5.5)
    seats[:, 1] *= squash
    seats = np.round(seats - np.floor(seats.min(0))).astype(int)
    width = max(x + m.mask.shape[1] for (x, _), m in zip(seats, members, strict=True))
    height = max(y + m.mask.shape[0] for (_, y), m in zip(seats, members, strict=True))
    sheet, mask = Image.new("RGBA", (width, height)), np.zeros((height, width), dtype=bool)
    for i in np.argsort(seats[:, 1], kind="stable"):  # lower ones hide upper ones
        (x, y), member = seats[i].tolist(), members[i]
        sheet.alpha_composite(Image.fromarray(member.image), (x, y))
        h, w = member.mask.shape
        mask[y : y + h, x : x + w] |= member.mask
    return Sprite(kind, np.array(sheet), mask, crowd=True)

"""One object drawn at its final size and shaded, with the mask of the pixels that belong to it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageFilter

from tasks.samples.drawing.colors import DAY, Rng, Tint
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import turned
from tasks.samples.objects import Kind


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
    kind: Kind,
    side: float,
    rng: Rng,
    tint: Tint = DAY,
    squash: float = 1.0,
    turn: float = 0.0,
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
    kind.draw(pen, rng)
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

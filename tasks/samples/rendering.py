"""Paints placed sprites on a background: shadows first, then the object, then the paper's grain."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from tasks.samples.sprite import Sprite

_COOL = np.array((1.0, 0.92, 0.78), dtype=np.float32)  # shade takes less blue than red
_POOL = Image.radial_gradient("L").point(
    [round(255 * max(0, 1 - v / 128) ** 0.8) for v in range(256)]
)


def meet(
    own: tuple[int, ...], x: int, y: int, frame: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where a thing of shape `own` with its corner at (x, y) overlaps a frame.

    Shapes are (height, width, ...). The overlap is given as slices of the frame and of the thing.
    """
    top, left = min(max(0, y), frame[0]), min(max(0, x), frame[1])
    bottom, right = max(top, min(frame[0], y + own[0])), max(left, min(frame[1], x + own[1]))
    part = (slice(top, bottom), slice(left, right))
    return part, (slice(top - y, bottom - y), slice(left - x, right - x))


def paint(canvas: np.ndarray, sprite: Sprite, x: int, y: int) -> None:
    """Lay `sprite` over the float32 canvas [H, W, 3]."""
    frame, own = meet(sprite.mask.shape, x, y, canvas.shape)
    image = sprite.image[own].astype(np.float32)
    canvas[frame] += image[..., 3:] / 255 * (image[..., :3] - canvas[frame])


def shade(canvas: np.ndarray, sprite: Sprite, x: int, y: int, rest: str) -> None:
    """Draw an object's shadow: a pool at its foot, or its own soft shape on a wall or table."""
    x0, y0, x1, y1 = sprite.extent
    width, height = x1 - x0, y1 - y0
    if rest in ("stand", "float") and not sprite.kind.on_pole:
        wide = 1.25 * sprite.kind.foot * width
        size = (max(6, round(wide)), max(4, round(0.16 * min(wide, height)) + 2))
        pool = _POOL.resize(size)
        left, top = x + (x0 + x1 - size[0]) // 2, y + y1 - round(0.62 * size[1])
        _darken(canvas, pool, left, top, 0.5)
    elif rest in ("lie", "hang"):
        side = max(width, height)
        blur = max(1.0, 0.04 * side)
        pad, drop = round(3 * blur), round((0.06 if rest == "lie" else 0.04) * side)
        alpha = Image.fromarray(np.pad(sprite.image[..., 3], pad))
        shape = alpha.filter(ImageFilter.BoxBlur(blur))
        _darken(canvas, shape, x - pad + drop // 2, y - pad + drop, 0.42)


def _darken(canvas: np.ndarray, shadow: Image.Image, x: int, y: int, strength: float) -> None:
    amount = np.asarray(shadow, dtype=np.float32) * (strength / 255)
    frame, own = meet(amount.shape, x, y, canvas.shape)
    canvas[frame] *= 1 - amount[own][..., None] * _COOL


def on_paper(canvas: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """Add the grain of the paper from `corner` on and darken the edges: float32 to uint8."""
    h, w = canvas.shape[:2]
    grain = _grain(h, w)[corner[0] : corner[0] + h, corner[1] : corner[1] + w]
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) ** 2 for n in (h, w))
    paper = grain * (1.02 - 0.05 * (y[:, None] + x))
    return np.clip(canvas * paper[..., None] + 0.5, 0, 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _grain(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(7)  # one sheet of paper for every picture
    cloudy = Image.fromarray(rng.normal(0, 1, (64, 64))).resize(
        (512, 512), Image.Resampling.BICUBIC
    )
    paper = 1 + 0.016 * rng.normal(0, 1, (512, 512)) + 0.006 * np.asarray(cloudy)
    again = (1 + -(-height // 512), 1 + -(-width // 512))
    return np.tile(paper.astype(np.float32), again)

"""One picture of one object: large, on a background where it belongs, in varied light."""

import numpy as np
from PIL import ImageFilter

from tasks.samples.backdrop import Backdrop
from tasks.samples.composition import Picture, Placed, squashed, visible
from tasks.samples.drawing.colors import Rng
from tasks.samples.drawing.pen import Pen, Size
from tasks.samples.kinds import Kind
from tasks.samples.scenes import Draw, Zone
from tasks.samples.sprite import Sprite, draw_sprite

_BLURRED = 0.4  # share of backgrounds that are out of focus


def compose_one(
    kind: Kind,
    like: str,
    draw_scene: Draw,
    frame: Size,
    rng: Rng,
    fill: float = 0.74,
    sunk: tuple[float, float] | None = None,
) -> Picture:
    """Draw `kind` in a frame (width, height) where the scene has a place for the kind named `like`.

    It spans about `fill` of the frame's shorter side. `sunk` (low, high) is the range of the share
    of its height below the frame, for what does not stand in it, such as a portrait.
    """
    width, height = frame
    pen = Pen(frame, np.eye(2) * height, (0, 0), supersample=2)
    scene = draw_scene(Backdrop(pen, rng, width / height))
    background = pen.finish()
    if rng.random() < _BLURRED:
        radius = rng.uniform(0.005, 0.016) * height
        background = background.filter(ImageFilter.GaussianBlur(radius))
    zone = next(zone for zone in scene.zones if like in zone.names.split(", "))
    side = float(np.clip(fill * np.exp(rng.normal(0, 0.2)), 0.4, 1.1)) * min(frame)
    squash = squashed(kind, zone, rng)
    turn = rng.uniform(0, 360) if kind.turns and zone.rest == "lie" else 0.0
    sprite = draw_sprite(kind, side, rng, scene.tint, squash, turn)
    placed = Placed(sprite, zone, *_seat(sprite, zone, frame, rng, sunk))
    paper = (int(rng.integers(512)), int(rng.integers(512)))
    return Picture(np.asarray(background), visible([placed], (height, width)), paper)


def _seat(
    sprite: Sprite, zone: Zone, frame: Size, rng: Rng, sunk: tuple[float, float] | None
) -> tuple[int, int]:
    (width, height), (x0, y0, x1, y1) = frame, sprite.extent
    wide, high = x1 - x0, y1 - y0
    inset = 0.42 * wide  # a little of it may be outside
    x = rng.uniform(inset, width - inset) if 2 * inset < width else width / 2
    if sprite.kind.on_pole:  # which goes on below the frame
        bottom = rng.uniform(0.32, 0.46) * height + high / 2
    elif sunk is not None:
        bottom = height + rng.uniform(*sunk) * high
    elif zone.rest in ("stand", "float"):
        foot = rng.uniform(zone.far, max(zone.far, zone.close)) * height
        bottom = max(foot, rng.uniform(0.96, 1.04) * high)  # rather cut off the feet than the head
    else:
        middle = rng.uniform(zone.far, zone.close) * height
        bottom = np.clip(middle + high / 2, 0.92 * high, height + 0.08 * high)
    return round(x - (x0 + x1) / 2), round(bottom - y1)


def relit(picture: np.ndarray, rng: Rng, strength: float = 1.0) -> np.ndarray:
    """Return a picture, uint8 [H, W, 3], in another light: uneven, brighter or cooler."""
    height, width = picture.shape[:2]
    tone = np.exp(rng.normal(0, strength * 0.12)) * (1 + rng.normal(0, strength * 0.035, 3))
    slope = rng.normal(0, strength * 0.07, 2)
    down, across = (np.linspace(-s, s, n) for s, n in zip(slope, (height, width), strict=True))
    ramp = (1 + down[:, None] + across).astype(np.float32)
    lit = picture * (ramp[..., None] * tone.astype(np.float32))
    return np.clip(lit + 0.5, 0, 255).astype(np.uint8)

"""One picture: a scene, the objects placed in it, and the part of each that remains visible."""

from dataclasses import dataclass, field

import numpy as np

from tasks.samples.backdrop import Backdrop
from tasks.samples.drawing.colors import Rng, Tint, any_of
from tasks.samples.drawing.pen import MARGIN, Pen, Size
from tasks.samples.kinds import FLOCKING, PILING, Kind
from tasks.samples.rendering import meet, on_paper, paint, shade
from tasks.samples.scenes import SCENES, Scene, Zone
from tasks.samples.sprite import Sprite, draw_crowd, draw_sprite

LEAST_VISIBLE = 0.25  # share of its pixels that an object must show, or it is left out
EMPTY, CROWDED = 0.03, 0.06  # shares of pictures without objects, and with a crowd if it fits
COUNTS = (0.1, 0.16, 0.21, 0.2, 0.15, 0.1, 0.08)  # how often a picture holds 1, 2, ... 7 objects
TYPICAL = (0.56, 0.48, 0.46, 0.44, 0.42, 0.4, 0.38)  # their size then, relative to the shorter side


@dataclass
class Placed:
    """A sprite in the frame: its corner in pixels, and its visible part, bool [H, W]."""

    sprite: Sprite
    zone: Zone
    x: int
    y: int
    visible: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))

    @property
    def foot(self) -> int:
        """The frame's row where it meets the ground."""
        if self.sprite.kind.on_pole:
            return self.y + self.sprite.mask.shape[0] - MARGIN
        return self.y + self.sprite.extent[3]


@dataclass
class Picture:
    """A background, uint8 [H, W, 3], its objects from back to front, and its paper's corner."""

    background: np.ndarray
    objects: list[Placed]
    paper: tuple[int, int]

    def render(self) -> np.ndarray:
        """Return the finished picture, uint8 [H, W, 3]."""
        canvas = self.background.astype(np.float32)
        for item in self.objects:
            shade(canvas, item.sprite, item.x, item.y, item.zone.rest)
            paint(canvas, item.sprite, item.x, item.y)
        return on_paper(canvas, self.paper)


def frame_near(size: Size, rng: Rng) -> tuple[int, int]:
    """Pick a frame (width, height) near `size`: mostly as given, else wide, upright or square."""
    width, height = size
    frames = ((1.0, 1.0), (1.0, 0.9), (0.94, 1.0), (height / width, width / height), (0.85, 1.15))
    w, h = frames[rng.choice(len(frames), p=(0.5, 0.15, 0.1, 0.15, 0.1))]
    return round(width * w), round(height * h)


def compose(width: int, height: int, rng: Rng) -> Picture:
    """Invent one picture of `width` x `height` pixels."""
    pen = Pen((width, height), np.eye(2) * height, (0, 0), supersample=2)
    draw_scene = list(SCENES)[rng.choice(len(SCENES), p=list(SCENES.values()))]
    scene = draw_scene(Backdrop(pen, rng, width / height))
    background = np.asarray(pen.finish())
    count = 0 if rng.random() < EMPTY else 1 + int(rng.choice(len(COUNTS), p=COUNTS))
    placed: list[Placed] = []
    crowds = [(z, kind) for z in scene.zones for kind in z.kinds if kind in FLOCKING + PILING]
    if count and rng.random() < CROWDED and crowds:
        placed.append(_crowd(*any_of(rng, crowds), scene.tint, background.shape, rng))
    for _ in range(count):
        placed.append(_object(scene, TYPICAL[count - 1], background.shape, placed, rng))
    paper = (int(rng.integers(512)), int(rng.integers(512)))
    return Picture(background, visible(placed, background.shape), paper)


def _object(
    scene: Scene, typical: float, frame: tuple[int, ...], others: list[Placed], rng: Rng
) -> Placed:
    offers = [(zone, kind) for zone in scene.zones for kind in zone.kinds]
    shares = np.array([kind.share for _, kind in offers])
    zone, kind = offers[rng.choice(len(offers), p=shares / shares.sum())]
    size = float(kind.size * typical * np.exp(rng.normal(0, 0.34)))
    size = min(max(size, zone.smallest), zone.largest)
    turn = rng.uniform(0, 360) if zone.rest == "lie" and kind.turns else 0.0
    side, squash = size * min(frame[:2]), squashed(kind, zone, rng)
    sprite = draw_sprite(kind, side, rng, scene.tint, squash, turn)
    return _seat(sprite, size, zone, frame, others, rng)


def _crowd(zone: Zone, kind: Kind, tint: Tint, frame: tuple[int, ...], rng: Rng) -> Placed:
    """A flock, a fleet or a pile."""
    size = min(rng.uniform(0.4, 0.75), zone.largest)
    side, squash = size * min(frame[:2]), squashed(kind, zone, rng)
    return _seat(draw_crowd(kind, side, rng, tint, squash), 0.3, zone, frame, [], rng)


def squashed(kind: Kind, zone: Zone, rng: Rng) -> float:
    """Return how much a flat object is foreshortened, on a table from above or from the side."""
    if not kind.flat:
        return 1.0
    return float(rng.uniform(0.62, 1.0) if zone.rest == "lie" else rng.uniform(0.36, 0.52))


def _seat(
    sprite: Sprite, size: float, zone: Zone, frame: tuple[int, ...], others: list[Placed], rng: Rng
) -> Placed:
    """Try a few places for a sprite in its zone and keep the one that overlaps others least."""
    height, width = frame[:2]
    x0, y0, x1, y1 = sprite.extent
    best, least = (0, 0), np.inf
    for _ in range(6):
        margin = rng.choice((-0.15, 0.3, 0.5)) * (x1 - x0)  # half outside at most, mostly inside
        center = rng.uniform(min(margin, width / 2), max(width - margin, width / 2))
        if zone.rest in ("stand", "float"):
            # small objects stand far away
            depth = float(np.clip((size - 0.1) / 0.5 + rng.normal(0, 0.2), 0, 1))
            foot = (zone.far + (zone.close - zone.far) * depth) * height
            y = foot - (sprite.mask.shape[0] - MARGIN if sprite.kind.on_pole else y1)
        else:
            highest = max(zone.far, 0.4 * (y1 - y0) / height)  # a little may be cut off
            y = rng.uniform(highest, max(highest, zone.close)) * height - (y0 + y1) / 2
        spot = (round(center - (x0 + x1) / 2), round(y))
        overlap = max((_overlap(sprite, spot, other) for other in others), default=0.0)
        if overlap < least:
            best, least = spot, overlap
        if overlap < rng.uniform(0.0, 0.3):  # some overlap is wanted
            break
    return Placed(sprite, zone, *best)


def _overlap(sprite: Sprite, spot: tuple[int, int], other: Placed) -> float:
    """Intersection of the two extents over the smaller of them."""
    (x, y), (x0, y0, x1, y1), (u0, v0, u1, v1) = spot, sprite.extent, other.sprite.extent
    wide = min(x + x1, other.x + u1) - max(x + x0, other.x + u0)
    high = min(y + y1, other.y + v1) - max(y + y0, other.y + v0)
    least = min((x1 - x0) * (y1 - y0), (u1 - u0) * (v1 - v0))
    return max(0, wide) * max(0, high) / least


def visible(placed: list[Placed], frame: tuple[int, ...]) -> list[Placed]:
    """Order from back to front, mark the visible part of each, leave out what is hardly visible."""
    behind = ("hang", "fly")
    order = sorted(placed, key=lambda item: (item.zone.rest not in behind, item.foot))
    covered = np.zeros(frame[:2], dtype=bool)
    kept = []
    for item in reversed(order):
        here, own = meet(item.sprite.mask.shape, item.x, item.y, frame)
        item.visible = np.zeros(frame[:2], dtype=bool)
        item.visible[here] = item.sprite.mask[own] & ~covered[here]
        if item.visible.sum() >= LEAST_VISIBLE * item.sprite.mask.sum():
            covered[here] |= item.sprite.image[own][..., 3] > 127
            kept.append(item)
    return kept[::-1]

"""One picture of one person: the background, the person from back to front, the photograph."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from tasks.samples.drawing.colors import Color, Rng, any_of, near
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import turned
from tasks.samples.portraits import (
    eyes,
    hair,
    head,
    mouth,
    nose,
    worn,
)
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.look import Look
from tasks.samples.rendering import on_paper
from tasks.samples.scenes import beach, meadow, room, street

_SCENES = (room, meadow, beach, street)
_STUDIOS: tuple[Color, ...] = (
    (206, 212, 220),
    (84, 96, 116),
    (150, 170, 160),
    (186, 150, 130),
    (60, 56, 66),
    (226, 206, 176),
    (110, 132, 170),
)
_CHIN = 1.78  # where the clothes are drawn for it


class Framing(NamedTuple):
    """Where a face is in its picture, in pixels and degrees clockwise."""

    frame: tuple[int, int]  # width and height
    middle: tuple[float, float]  # of the eyes
    eyes: float  # their distance
    roll: float = 0.0


def compose(
    face: Identity, look: Look, framing: Framing, rng: Rng
) -> tuple[np.ndarray, np.ndarray]:
    """Draw `face` as it looks.

    Returns the picture, uint8 [H, W, 3], and the points in it, float [7, 2] (x, y): left eye,
    right eye, nose, left and right corner of the mouth as they are seen, and the top left and
    bottom right corner of the head.
    """
    # each part has its own random numbers, so that another hat leaves the shirt unchanged
    scene, behind, shirt, jaw, lips, gaze, brow, top, frames, hat, ears, film = rng.spawn(12)
    axes = turned(framing.eyes * np.eye(2), framing.roll)
    background = _background(framing.frame, scene)
    pen = FacePen(background, axes.T, framing.middle, look.yaw, look.pitch)
    hair.back_hair(pen, face, look, behind)
    head.neck(pen, face)
    with pen.lowered(face.chin_y - _CHIN):
        worn.clothes(pen, face, look, shirt)
    head.head(pen, face, look)
    worn.facial_hair(pen, face, look, jaw)
    nose.nose(pen, face)
    mouth.mouth(pen, face, look, lips)
    eyes.eyes(pen, face, look, gaze)
    eyes.brows(pen, face, look, brow)
    hair.front_hair(pen, face, look, top)
    if look.glasses:
        worn.glasses(pen, face, frames)
    if look.hat is not None:
        worn.hat(pen, face, look, hat)
    if look.earrings:
        worn.earrings(pen, face, ears)
    return _photograph(pen.finish(), framing, look, film), _landmarks(pen, face, look)


def _background(frame: tuple[int, int], rng: Rng) -> Image.Image:
    """A studio's backdrop, or some place out of focus."""
    width, height = frame
    if rng.random() < 0.65:
        color = near(rng, any_of(rng, _STUDIOS), 16)
        pen = Pen((width // 2, height // 2), np.eye(2) * (height / 2), (0, 0), 1)
        pen.shape([(-0.1, -0.1), (2, -0.1), (2, 1.1), (-0.1, 1.1)], color)
        pen.glow(rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.5), 0.9, (255, 250, 240), 0.55)
        return pen.finish().resize(frame, Image.Resampling.BILINEAR)
    small = (width // 3, height // 3)  # it will be blurred anyway
    pen = Pen(small, np.eye(2) * small[1], (0, 0), 1)
    any_of(rng, _SCENES)(pen, rng, width / height)
    image = pen.finish().filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.6)))
    return image.resize(frame, Image.Resampling.BICUBIC)


def _photograph(image: Image.Image, framing: Framing, look: Look, rng: Rng) -> np.ndarray:
    if look.blurry:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.06, 0.085) * framing.eyes))
    width, height = image.size
    ramp = _slope(rng, height)[:, None] + _slope(rng, width)
    exposure = np.exp(np.clip(rng.normal(-0.03, 0.1), -0.2, 0.08))  # so that no face is burnt out
    tone = exposure * (1 + rng.normal(0, 0.022, 3))
    lit = np.asarray(image) * ((1 + ramp)[..., None] * tone).astype(np.float32)
    return on_paper(lit, (int(rng.integers(512)), int(rng.integers(512))))


def _slope(rng: Rng, length: int) -> np.ndarray:
    return rng.normal(0, 0.05) * np.linspace(-1, 1, length)


def _landmarks(pen: FacePen, face: Identity, look: Look) -> np.ndarray:
    points = [(-0.5, 0), (0.5, 0), (0, face.nose_y), *mouth.corners(face, look)]
    return pen.pixels([*points, (-face.wide, -1.75), (face.wide, face.chin_y)])

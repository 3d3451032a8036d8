"""One picture of one person: the background, the person from back to front, the photograph.

A person is drawn of files of `art/faces`, one over the other. `_choices` says what of each file is
drawn, and `_colors` in which colours; the pen gives all of them the person's proportions.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from tasks.samples.drawing.art import Choices, art
from tasks.samples.drawing.colors import (
    PALETTES,
    Color,
    Rng,
    any_of,
    dark,
    is_pale,
    light,
    mix,
    near,
)
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import turned
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import MOLES, Identity
from tasks.samples.portraits.look import Look
from tasks.samples.rendering import on_paper
from tasks.samples.scenes import beach, meadow, room, street

_SCENES = (room, meadow, beach, street)
# from back to front: a file, and the choice without which it is not drawn
_LAYERS = {
    "back-hair": "back",
    "long-hair": "behind",
    "neck": None,
    "clothes": None,
    "head": None,
    "beard": None,
    "mouth": None,
    "eye": None,
    "brow": None,
    "hair": None,
    "falling-hair": "side",
    "glasses": "glasses",
    "hat": "hat",
    "earring": "earrings",
}
_ON_BOTH_SIDES = ("long-hair", "eye", "brow", "falling-hair", "earring")
_PARTED = ("back-hair", "hair")


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
    scene, lips, film, *parts = rng.spawn(3 + len(_LAYERS))
    axes = turned(framing.eyes * np.eye(2), framing.roll)
    proportions = face.proportions
    proportions["volume"] = 0.0 if look.style == "bald" else look.volume
    background = _background(framing.frame, scene)
    pen = FacePen(background, axes.T, framing.middle, proportions, look.yaw, look.pitch)
    colors, choices = _colors(face, look, lips), _choices(face, look)
    for (name, needs), part in zip(_LAYERS.items(), parts, strict=True):
        if needs is not None and not choices[needs]:
            continue
        sides = (-1, 1) if name in _ON_BOTH_SIDES else (look.part,) if name in _PARTED else (1,)
        twin = part.integers(1 << 32)  # alike on both sides
        for side in sides:
            matrix = np.diag((side, 1.0))
            draws = np.random.default_rng(twin)
            art(f"faces/{name}").draw(pen, draws, matrix, colors=colors, choices=choices)
    return _photograph(pen.finish(), framing, look, film), _landmarks(pen, face, look)


def _choices(face: Identity, look: Look) -> Choices:
    """Say what is drawn of the files of `art/faces`: traits by their names, and what follows."""
    texture = "straight" if face.texture == "straight" else "wavy"
    falls = f"{look.style}-{texture}" if look.style in ("bob", "long") else ""
    back = {
        "afro": "afro-hat" if look.hat else "afro-big" if face.long_hair else "afro",
        "bun": "bun",
        "ponytail": f"ponytail-{texture}",
    }
    front = {
        "cropped": "cropped-receding" if look.receding else "cropped",
        "short": f"receding-{texture}" if look.receding else f"short-{texture}",
        "ponytail": "tied",
        "bob": f"parted-{texture}",
        "long": f"parted-{texture}",
    }
    mood, gap = "smile" if look.smiling else "level", "open" if look.mouth_open else "closed"
    thick = ("bushy" if face.male else "heavy", "medium" if face.male else "thin")[not face.bushy]
    return {
        **vars(face),
        **vars(look),
        "back": back.get(look.style, ""),
        "behind": falls,
        "side": "" if look.tucked else falls,
        "front": front.get(look.style, look.style),
        "fringe": texture if look.bangs else "none",
        "mood": mood,
        "mouth": f"{mood}-{gap}-{'big' if face.big_lips else 'plain'}",
        "brow": f"{'arched' if face.arched else 'flat'}-{thick}",
        "eye": "narrow" if face.narrow_eyes else "open",
        "lids": "made-up" if look.makeup else "natural",
        "lashes": "made-up" if look.makeup else "bare" if face.male else "fine",
        "wrinkles": not face.young,
        **{f"mole-{n}": n in face.moles for n in range(1, MOLES + 1)},
    }


def _colors(face: Identity, look: Look, rng: Rng) -> dict[str, Color]:
    """Say which colours the variables of `art/faces` have."""
    tone, pale, shade = look.hair_tone, is_pale(look.hair_tone), (40, 26, 20)
    natural = mix(face.skin, (176, 62, 66), 0.36 if face.male else 0.46)
    brow = mix(tone, shade, 0.3 if look.hair == "gray" else 0.55)
    return {
        "skin": face.skin,
        "hair": tone,
        "shade": dark(tone, 0.28 if pale else 0.4),
        "shine": light(tone, 0.45 if pale else 0.19),
        "cropped": mix(tone, face.skin, 0.12),
        "brow": mix(brow, face.skin, 0.1 if face.bushy else 0.2),
        "beard": dark(tone, 0.3) if look.hair == "blond" else mix(tone, shade, 0.2),
        "iris": face.iris,
        "lip": any_of(rng, PALETTES["lipsticks"]) if look.lipstick else natural,
    }


def _background(frame: tuple[int, int], rng: Rng) -> Image.Image:
    """A studio's backdrop, or some place out of focus."""
    width, height = frame
    if rng.random() < 0.65:
        color = near(rng, any_of(rng, PALETTES["studios"]), 16)
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
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.075, 0.1) * framing.eyes))
    width, height = image.size
    ramp = _slope(rng, height)[:, None] + _slope(rng, width)
    exposure = np.exp(np.clip(rng.normal(-0.03, 0.1), -0.2, 0.08))  # so that no face is burnt out
    tone = exposure * (1 + rng.normal(0, 0.022, 3))
    lit = np.asarray(image) * ((1 + ramp)[..., None] * tone).astype(np.float32)
    return on_paper(lit, (int(rng.integers(512)), int(rng.integers(512))))


def _slope(rng: Rng, length: int) -> np.ndarray:
    return rng.normal(0, 0.05) * np.linspace(-1, 1, length)


def _landmarks(pen: FacePen, face: Identity, look: Look) -> np.ndarray:
    corner = (0.53, 0.96) if look.smiling else (0.4, 1.12)
    nose = {"plain": 0.67, "big": 0.71, "pointy": 0.81}[face.nose]
    points = [(-0.5, 0), (0.5, 0), (0, nose), (-corner[0], corner[1]), corner]
    return pen.pixels([*points, (-1, -1.75), (1, 1.66)])

"""One picture of one person: the background, the person from back to front, the photograph.

A person is drawn of files of `art/faces`, from back to front as in `tables/layers.csv`. `_choices`
says what of each file is drawn; the pen gives all of them the person's proportions.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from tasks.samples.backdrop import Backdrop
from tasks.samples.drawing.art import Choices, art
from tasks.samples.drawing.colors import PALETTES, Rng, any_of
from tasks.samples.drawing.pen import Pen, Size
from tasks.samples.drawing.shapes import turned
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import MOLES, Identity
from tasks.samples.portraits.look import Look
from tasks.samples.rendering import on_paper
from tasks.samples.scenes import beach, meadow, room, street
from tasks.samples.single import relit
from tasks.samples.tables import table

_SCENES = (room, meadow, beach, street)
_LAYERS = table("layers")


class Framing(NamedTuple):
    """Where a face is in its picture, in pixels and degrees clockwise."""

    frame: Size  # width and height
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
    colors = {"skin": face.skin, "hair": look.hair_tone, "iris": face.iris}
    if look.lipstick:
        colors["lip"] = any_of(lips, PALETTES["lipsticks"])
    choices = _choices(face, look)
    sides = {"one": (1,), "both": (-1, 1), "parted": (look.part,)}
    for row, part in zip(_LAYERS, parts, strict=True):
        twin = part.integers(1 << 32)  # alike on both sides
        for side in sides[row["sides"]]:
            draws, matrix = np.random.default_rng(twin), np.diag((side, 1.0))
            art(f"faces/{row['layer']}").draw(pen, draws, matrix, colors=colors, choices=choices)
    return _photograph(pen.finish(), framing, look, film), _landmarks(pen, face, look)


def _choices(face: Identity, look: Look) -> Choices:
    """Say what is drawn of the files of `art/faces`: traits by their names, and what follows."""
    mood, gap = "smile" if look.smiling else "level", "open" if look.mouth_open else "closed"
    thick = ("bushy" if face.male else "heavy", "medium" if face.male else "thin")[not face.bushy]
    return {
        **vars(face),
        **vars(look),
        "hatted": look.hat is not None,
        "crown": "hat" if look.hat else "free",
        "hairline": "receding" if look.receding else "full",
        "falls": "none" if look.tucked else look.style,
        "mood": mood,
        "mouth": f"{mood}-{gap}-{'big' if face.big_lips else 'plain'}",
        "brow": f"{'arched' if face.arched else 'flat'}-{thick}",
        "eye": "narrow" if face.narrow_eyes else "open",
        "lids": "made-up" if look.makeup else "natural",
        "lashes": "made-up" if look.makeup else "bare" if face.male else "fine",
        "wrinkles": not face.young,
        **{f"mole-{n}": n in face.moles for n in range(1, MOLES + 1)},
    }


def _background(frame: Size, rng: Rng) -> Image.Image:
    """A studio's backdrop, or some place out of focus."""
    width, height = frame
    if rng.random() < 0.65:
        pen = Pen((width // 2, height // 2), np.eye(2) * (height / 2), (0, 0), 1)
        backdrop = Backdrop(pen, rng, width / height)
        backdrop.band(-0.1, 1.1, backdrop.some("studios", 16))
        pen.glow(rng.uniform(0.1, 0.7), rng.uniform(0.1, 0.5), 0.9, (255, 250, 240), 0.55)
        return pen.finish().resize(frame, Image.Resampling.BILINEAR)
    small = (width // 3, height // 3)  # it will be blurred anyway
    pen = Pen(small, np.eye(2) * small[1], (0, 0), 1)
    any_of(rng, _SCENES)(Backdrop(pen, rng, width / height))
    image = pen.finish().filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 1.6)))
    return image.resize(frame, Image.Resampling.BICUBIC)


def _photograph(image: Image.Image, framing: Framing, look: Look, rng: Rng) -> np.ndarray:
    if look.blurry:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.075, 0.1) * framing.eyes))
    paper = (int(rng.integers(512)), int(rng.integers(512)))
    return on_paper(relit(np.asarray(image), rng, 0.5), paper)


def _landmarks(pen: FacePen, face: Identity, look: Look) -> np.ndarray:
    corner = (0.53, 0.96) if look.smiling else (0.4, 1.12)
    nose = {"plain": 0.67, "big": 0.71, "pointy": 0.81}[face.nose]
    points = [(-0.5, 0), (0.5, 0), (0, nose), (-corner[0], corner[1]), corner]
    return pen.pixels([*points, (-1, -1.75), (1, 1.66)])

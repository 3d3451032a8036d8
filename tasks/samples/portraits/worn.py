"""What is worn, and hair on the face: files of `art/faces`, fitted to a person.

They are drawn for a head one unit wide on each side, with the hairline 1.03 above the eyes, the
mouth 1.08 and the chin 1.66 below them, and a neck 0.65 wide on each side.
"""

import numpy as np

from tasks.samples.drawing.art import Choices, art
from tasks.samples.drawing.colors import Color, Rng, dark, mix
from tasks.samples.drawing.shapes import ring
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.head import stubble
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look

_HAIRLINE, _MOUTH, _CHIN, _LIPS, _NECK = -1.03, 1.08, 1.66, 0.4, 0.65


def clothes(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw what covers the shoulders, with necktie and necklace."""
    neck = (0.74 if face.male else 0.56) + 0.14 * face.chubby
    choices = {"clothes": look.clothes, "tie": look.necktie, "necklace": look.necklace}
    colors = {"skin": mix(face.skin, deep(face.skin), 0.25)}
    art("faces/clothes").draw(
        pen, rng, np.diag((max(neck / _NECK, 0.95), 1)), (0, 0), colors, choices
    )


def facial_hair(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw beard and sideburns, if any, before the mouth is drawn over them."""
    if look.beard == "stubble":
        stubble(pen, face, rng)
    tall = (face.chin_y - face.mouth_y) / (_CHIN - _MOUTH)
    chin, lip = (0, face.mouth_y - tall * _MOUTH), (0, face.mouth_y - _MOUTH)
    if look.sideburns:
        _beard(pen, look, rng, "sideburns", (face.wide, 1), (0, 0))
    if look.beard == "full":
        _beard(pen, look, rng, "full", (face.jaw, tall), chin)
    if look.beard in ("goatee", "circle"):
        _beard(pen, look, rng, "goatee", (1, tall), chin)
    if look.beard == "circle":
        _beard(pen, look, rng, "circle", (1, tall), chin)
    if look.beard in ("mustache", "circle", "full"):
        _beard(pen, look, rng, "mustache", (face.mouth_wide / _LIPS, 1), lip)


def _beard(
    pen: FacePen,
    look: Look,
    rng: Rng,
    part: str,
    size: tuple[float, float],
    at: tuple[float, float],
) -> None:
    color: Color = mix(look.hair_tone, (40, 26, 20), 0.2)
    if look.hair == "blond":
        color = dark(look.hair_tone, 0.3)
    choices: Choices = {
        **dict.fromkeys(("sideburns", "full", "goatee", "circle", "mustache"), False),
        **{part: True, "lips": "smiling" if look.smiling else "level"},
    }
    art("faces/beard").draw(pen, rng, np.diag(size), at, {"beard": color}, choices)


def hat(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw a hat that covers the hairline."""
    brow = ring(0, face.forehead + 0.3, 0.92 * face.wide, 0.16)
    pen.soft(brow, deep(face.skin, 0.8), 0.07, 0.85)
    size, rise = np.diag((face.wide, 1)), (0, face.forehead - _HAIRLINE)
    art("faces/hat").draw(pen, rng, size, rise, choices={"hat": str(look.hat)})


def glasses(pen: FacePen, face: Identity, rng: Rng) -> None:
    """Draw a pair of glasses."""
    art("faces/glasses").draw(pen, rng)


def earrings(pen: FacePen, face: Identity, rng: Rng) -> None:
    """Draw an earring in each ear: a hoop, a drop or a big pearl."""
    twin = rng.integers(1 << 32)  # alike on both sides
    for side in (-1, 1):
        at = (side * (face.wide + 0.02 + 0.06 * face.ears), 0.5)
        art("faces/earring").draw(pen, np.random.default_rng(twin), np.eye(2), at)

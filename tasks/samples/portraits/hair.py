"""Hair on the head: files of `art/faces`, fitted to a person.

They are drawn for a head one unit wide on each side, with the hairline 1.03 above the eyes, the
hair 0.2 thick, and parted on the right.
"""

import numpy as np

from tasks.samples.drawing.art import Choices, art
from tasks.samples.drawing.colors import Color, Rng, dark, is_pale, light, mix
from tasks.samples.portraits.face_pen import FacePen
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.light import deep
from tasks.samples.portraits.look import Look

_HAIRLINE, _TOP, _VOLUME = -1.03, -1.78, 0.2
_AFRO, _WIDE, _TALL = -0.62, 1.52, 1.74  # the middle and the radii of an afro


def back_hair(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw the hair behind neck and ears."""
    style, texture = look.style, _texture(face)
    if style == "afro":
        size = 0.46 if face.long_hair else 0.16
        wide = (face.wide + 0.16 + size + look.volume) / _WIDE
        tall, middle = (1.28 + 1.6 * size + look.volume) / _TALL, _AFRO
        if look.hat is not None:
            tall, middle = (0.7 + size) / _TALL, -0.2
        at = (0.0, middle - _AFRO * tall)
        _draw(pen, face, look, rng, "back-hair", {"back": style}, (wide, tall), at)
    elif style == "bun":
        _draw(pen, face, look, rng, "back-hair", {"back": style}, _size(face, look))
    elif style == "ponytail":
        choices = {"back": f"{style}-{texture}"}
        _draw(pen, face, look, rng, "back-hair", choices, _size(face, look))
    elif style in ("bob", "long"):
        _both_sides(pen, face, look, rng, "back-hair", {"back": f"{style}-{texture}"})


def front_hair(pen: FacePen, face: Identity, look: Look, rng: Rng) -> None:
    """Draw the hair on the head with the shade below it, what falls beside the face, its bangs."""
    texture = _texture(face)
    receding = "-receding" if look.receding else ""
    front = {
        "cropped": f"cropped{receding}",
        "short": f"receding-{texture}" if receding else f"short-{texture}",
        "ponytail": "tied",
        "bob": f"parted-{texture}",
        "long": f"parted-{texture}",
    }.get(look.style, look.style)
    tall = (look.volume - _TOP) / (_VOLUME - _TOP)
    rise = face.forehead - _HAIRLINE * tall
    choices = {"front": front, "bangs": texture if look.bangs else "none"}
    _draw(pen, face, look, rng, "hair", choices, (_size(face, look)[0], tall), (0, rise))
    if look.style in ("bob", "long") and not look.tucked:
        _both_sides(pen, face, look, rng, "falling-hair", {"side": f"{look.style}-{texture}"})


def _texture(face: Identity) -> str:
    return "straight" if face.texture == "straight" else "wavy"


def _size(face: Identity, look: Look) -> tuple[float, float]:
    return float(np.sign(look.part)) * face.wide * (1 + 0.3 * (look.volume - _VOLUME)), 1.0


def _both_sides(
    pen: FacePen, face: Identity, look: Look, rng: Rng, name: str, choices: Choices
) -> None:
    wide = face.wide * (1 + 0.6 * (look.volume - _VOLUME))
    for side in (-1, 1):
        _draw(pen, face, look, rng, name, choices, (side * wide, 1.0))


def _draw(
    pen: FacePen,
    face: Identity,
    look: Look,
    rng: Rng,
    name: str,
    choices: Choices,
    size: tuple[float, float],
    at: tuple[float, float] = (0.0, 0.0),
) -> None:
    tone, pale = look.hair_tone, is_pale(look.hair_tone)
    colors: dict[str, Color] = {
        "hair": tone,
        "shade": dark(tone, 0.28 if pale else 0.4),
        "shine": light(tone, 0.45 if pale else 0.19),
        "cropped": mix(tone, face.skin, 0.12),
        "deep": deep(face.skin, 0.7),
    }
    art(f"faces/{name}").draw(pen, rng, np.diag(size), at, colors, choices)

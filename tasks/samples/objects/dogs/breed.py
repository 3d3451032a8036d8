"""What makes a breed: build, head, fur and the coats it comes in."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, dark, light

Ears = Literal["pricked", "bat", "drop", "button", "rose"]
Tail = Literal["curl", "plume", "sabre", "brush", "docked", "whip", "screw", "pompom"]
Fur = Literal["smooth", "long", "wire", "curly"]
Marks = Literal["none", "merle", "brindle"]


@dataclass(frozen=True)
class Build:
    """A body standing on y = 0.95, in units of half the sheet."""

    height: float  # of the withers above the ground
    length: float  # from forechest to rump
    depth: float  # of the chest
    tuck: float  # how much of that is left at the loin
    bone: float  # thickness of a leg
    neck: float  # from the withers to the middle of the skull
    head: float  # radius of the skull


@dataclass(frozen=True)
class Head:
    """A head in units of its skull's radius."""

    ears: Ears
    ear: float  # their size
    snout: float  # how far it reaches in front of the skull: 0.1 a pug's, 1.1 a greyhound's
    muzzle: float  # half its width from the front
    wide: float = 1.0  # the face, relative to an average dog's
    eye: float = 0.17
    wrinkles: bool = False
    beard: bool = False
    topknot: bool = False


@dataclass(frozen=True)
class Coat:
    """The colour of each part; `coat` fills in those that a plain coat shares with the body."""

    body: Color
    under: Color  # throat, chest and belly
    legs: Color
    feet: Color
    face: Color
    muzzle: Color
    ears: Color
    tip: Color  # of the tail
    blaze: Color | None = None  # a stripe between the eyes
    cheeks: Color | None = None  # a spectacled mask
    saddle: Color | None = None  # a blanket over the back
    ruff: Color | None = None  # a ring around the neck
    marks: Marks = "none"
    eyes: Color = (112, 66, 38)
    nose: Color = (44, 38, 44)

    def varied(self, rng: Rng) -> "Coat":
        """Return this coat on another dog: all of it paler or deeper, warmer or cooler."""
        shift = rng.normal(0, 10) + rng.normal(0, (5, 3, 6))
        colors: dict[str, Any] = {
            field.name: tuple(int(v) for v in np.clip(np.add(value, shift), 0, 255))
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), tuple)
        }
        return replace(self, **colors)


def coat(
    body: Color,
    *,
    under: Color | None = None,
    legs: Color | None = None,
    feet: Color | None = None,
    face: Color | None = None,
    muzzle: Color | None = None,
    ears: Color | None = None,
    tip: Color | None = None,
    **more: Any,
) -> Coat:
    """Describe a coat by where it differs from the body's colour."""
    legs, face = legs or body, face or body
    under, feet, muzzle = under or light(body, 0.2), feet or legs, muzzle or face
    return Coat(body, under, legs, feet, face, muzzle, ears or face, tip or body, **more)


def ink(color: Color) -> Color:
    """The outline around `color`."""
    return dark(color, 0.55)


def rim(color: Color) -> Color:
    """The outline of a part that lies over others of its colour."""
    return fold(color) if _is_dark(color) else ink(color)


def fold(color: Color) -> Color:
    """A tone that shows as a fold or a strand on `color`."""
    return light(color, 0.22) if _is_dark(color) else dark(color, 0.36)


def _is_dark(color: Color) -> bool:
    return sum(color[:3]) < 230


@dataclass(frozen=True)
class Breed:
    """One breed under its name in Stanford Dogs."""

    wnid: str
    name: str
    build: Build
    head: Head
    fur: Fur
    tail: Tail
    coats: tuple[Coat, ...]

    @property
    def folder(self) -> str:
        """The name of its folder in Stanford Dogs."""
        return f"{self.wnid}-{self.name}"

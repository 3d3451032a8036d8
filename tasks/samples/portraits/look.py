"""How a person looks in one picture: expression, pose, hair, what they wear, the light."""

from dataclasses import dataclass

import numpy as np

from tasks.samples.drawing.colors import COLORS, Color, Rng, any_of, near
from tasks.samples.portraits.identity import Identity

_MENS = ("tee", "tee", "shirt", "shirt", "suit", "vee", "turtleneck")
_WOMENS = ("tee", "vee", "vee", "dress", "dress", "shirt", "turtleneck")


@dataclass(frozen=True)
class Look:
    """The choices for one picture; the unit is the distance between the eyes, angles in degrees."""

    yaw: float
    pitch: float
    light: str  # the side it comes from: left, front or right
    smiling: bool
    mouth_open: bool
    cheekbones: bool
    style: str  # of the hair: bald, cropped, short, bob, long, ponytail, bun or afro
    part: int  # the side on which the hair is parted: -1 left, 1 right
    volume: float  # how high the hair stands, in units
    tucked: bool  # the hair, behind the ears
    bangs: bool
    receding: bool
    hair: str
    hair_tone: Color
    beard: str
    sideburns: bool
    hat: str | None  # cap, beanie or brimmed
    glasses: bool
    lipstick: bool
    makeup: bool
    rosy: bool
    earrings: bool
    necklace: bool
    necktie: bool
    clothes: str
    blurry: bool


def invent(face: Identity, rng: Rng) -> Look:
    """Return how `face` looks today."""
    smiling = rng.random() < 0.5
    hair, tone = face.hair, face.hair_tone
    if not face.male and rng.random() < 0.08:
        hair = any_of(rng, ("black", "brown", "blond", "red"))
        tone = near(rng, COLORS["hair"][hair], 7)
    necktie = rng.random() < (0.24 if face.male else 0.02)
    hat = any_of(rng, ("cap", "beanie", "brimmed")) if rng.random() < 0.1 else None
    style = _style(face, rng)
    receding = face.receding and hat is None and style in ("cropped", "short")
    bangs = hat is None and not receding and style not in ("bald", "cropped", "afro")
    bangs = bangs and rng.random() < (0.12 if face.male else 0.3)
    earrings = rng.random() < (0.05 if face.male else 0.33)
    makeup = rng.random() < (0.85 if face.made_up else 0.12 * (not face.male))
    shaven = face.beard not in ("none", "stubble") and rng.random() < 0.2
    beard = "none" if shaven else face.beard
    sideburns = face.sideburns and style != "bald" and not face.long_hair
    return Look(
        yaw=float(np.clip(rng.normal(0, 8), -18, 18)),
        pitch=float(rng.normal(0, 4)),
        light=any_of(rng, ("left", "front", "right")),
        smiling=smiling,
        mouth_open=rng.random() < (0.62 if smiling else 0.34),
        # a smile lifts some people's cheeks
        cheekbones=face.high_cheekbones or (smiling and rng.random() < 0.3),
        style=style,
        part=int(rng.choice((-1, 1))),
        volume=float(rng.uniform(-0.12, 0.1)),
        tucked=earrings or rng.random() < 0.3,
        bangs=bangs,
        receding=receding,
        hair=hair,
        hair_tone=tone,
        beard=beard,
        sideburns=sideburns or beard == "full",
        hat=hat,
        glasses=rng.random() < (0.75 if face.glasses else 0.05),
        lipstick=makeup or rng.random() < (0.0 if face.male else 0.2),
        makeup=makeup,
        rosy=rng.random() < (0.24 if makeup else 0.09),
        earrings=earrings,
        necklace=not necktie and rng.random() < (0.04 if face.male else 0.26),
        necktie=necktie,
        clothes="suit" if necktie else any_of(rng, _MENS if face.male else _WOMENS),
        blurry=rng.random() < 0.07,
    )


def _style(face: Identity, rng: Rng) -> str:
    if face.bald:
        return "bald"
    if face.texture == "coily" and face.receding:
        return "cropped"
    if face.receding and face.male:
        return any_of(rng, ("cropped", "short"))
    if face.texture == "coily":
        return "afro" if face.long_hair else any_of(rng, ("cropped", "afro"))
    if face.long_hair:
        if face.male:
            return any_of(rng, ("bob", "long"))
        return any_of(rng, ("bob", "bob", "long", "long", "long", "ponytail", "bun"))
    return "cropped" if face.male and rng.random() < 0.3 else "short"

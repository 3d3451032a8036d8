"""Who a drawn person is: what stays the same in all their pictures.

Lengths are in units of the distance between the eyes. Features are independent of the skin's
tone, except for the hair's natural colour and paleness itself.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.samples.drawing.colors import Color, Rng, any_of, mix, near

Shape = Literal["oval", "round", "square", "long", "heart"]
Nose = Literal["plain", "big", "pointy"]
HairColor = Literal["black", "brown", "blond", "gray", "red"]
# circle: goatee and mustache
Beard = Literal["none", "stubble", "goatee", "mustache", "circle", "full"]

SKINS: tuple[Color, ...] = (
    (84, 52, 40),
    (108, 70, 50),
    (132, 88, 62),
    (158, 110, 78),
    (180, 130, 94),
    (200, 150, 112),
    (216, 168, 130),
    (224, 178, 144),
    (228, 184, 156),
)
_PALE: Color = (247, 225, 213)
HAIR_COLORS: dict[HairColor, Color] = {
    "black": (30, 26, 32),
    "brown": (112, 70, 42),
    "blond": (226, 190, 116),
    "gray": (180, 180, 184),
    "red": (168, 72, 38),
}
_IRISES: tuple[Color, ...] = ((70, 44, 30), (104, 68, 38), (70, 108, 66), (64, 112, 160))
# half the width at the cheekbones, at the jaw's corner and of the chin; how far down the chin is
_SHAPES: dict[Shape, tuple[float, float, float, float]] = {
    "oval": (1.02, 0.74, 0.22, 1.71),
    "round": (1.15, 0.99, 0.45, 1.54),
    "square": (1.06, 1.05, 0.66, 1.60),
    "long": (0.95, 0.90, 0.54, 1.86),
    "heart": (1.15, 0.72, 0.10, 1.60),
}
_NOSES: dict[Nose, float] = {"plain": 0.27, "big": 0.45, "pointy": 0.16}  # half their width
_BEARDS: dict[Beard, float] = {
    "none": 0.5,
    "stubble": 0.22,
    "goatee": 0.06,
    "mustache": 0.05,
    "circle": 0.09,
    "full": 0.08,
}
# additive recurrence in three dimensions (by the plastic number) that spreads rare people evenly
_STEPS = np.array((0.8191725, 0.6710436, 0.5497005))


@dataclass(frozen=True, eq=False)
class Identity:
    """A person; `bool` traits are drawn either clearly or not at all."""

    male: bool
    young: bool
    skin: Color
    pale: bool
    shape: Shape
    wide: float
    jaw: float
    chin: float
    chin_y: float
    chubby: bool
    double_chin: bool
    high_cheekbones: bool
    eye_size: float
    eye_tilt: float
    narrow_eyes: bool
    iris: Color
    bags: bool
    brow_y: float
    brow_inner: float
    arched: bool
    bushy: bool
    nose: Nose
    nose_wide: float
    nose_y: float
    mouth_wide: float
    mouth_y: float
    lips: float
    big_lips: bool
    ears: float
    forehead: float
    bald: bool
    receding: bool
    hair: HairColor
    hair_tone: Color
    texture: Literal["straight", "wavy", "coily"]
    long_hair: bool
    beard: Beard
    sideburns: bool
    symmetric: bool
    skew: np.ndarray  # asymmetry of brow, nose, mouth and jaw, [4]
    blemishes: np.ndarray  # [N, 2], with N = 0 for clear skin
    moles: np.ndarray  # [N, 2]
    freckles: np.ndarray  # [N, 2]
    made_up: bool  # wears make-up on most days
    glasses: bool  # wears them on most days


def invent(seed: int, split: int, number: int) -> Identity:
    """Return person `number` (from 0) of a split; the same arguments give the same person."""
    phase = np.random.default_rng((seed, split, 2)).random(3)
    sex, age, fate = (phase + (number + 1) * _STEPS) % 1
    rng = np.random.default_rng((seed, split, 1, number))
    male, young = bool(sex < 0.44), bool(age < 0.7)
    hairless = (0.26 if not young else 0.1) if male else 0.01
    receding = (0.34 if not young else 0.12) if male else 0.03
    pale = rng.random() < 0.12
    tone = int(rng.integers(len(SKINS)))
    skin = near(rng, _PALE if pale else SKINS[tone], 3 if pale else 6)
    hair, hair_tone = _hair(rng, young, dark_skinned=tone < 4 and not pale)
    chubby = rng.random() < 0.13
    shape, (wide, jaw, chin, chin_y) = _outline(rng, male, chubby)
    nose: Nose = any_of(rng, ("plain", "plain", "big", "pointy"))
    symmetric, clear = rng.random() < 0.74, rng.random() < 0.8
    skew = rng.choice((-1, 1), 4) * rng.uniform(0.7, 1.3, 4)
    coily = rng.random() < (0.45 if tone < 4 and not pale else 0.06)
    return Identity(
        male=male,
        young=young,
        skin=skin,
        pale=pale,
        shape=shape,
        wide=wide,
        jaw=jaw,
        chin=chin,
        chin_y=chin_y,
        chubby=chubby,
        double_chin=rng.random() < (0.65 if chubby else 0.1 if not young else 0.02),
        high_cheekbones=rng.random() < 0.32,
        eye_size=rng.uniform(0.88, 1.14),
        eye_tilt=rng.normal(0.02, 0.028),
        narrow_eyes=rng.random() < 0.17,
        iris=near(rng, _IRISES[0 if tone < 4 and not pale else int(rng.integers(4))], 14),
        bags=rng.random() < (0.14 if young else 0.5),
        brow_y=rng.uniform(-0.37, -0.3) - 0.04 * (not male),
        brow_inner=rng.uniform(0.16, 0.28),
        arched=rng.random() < (0.14 if male else 0.45),
        bushy=rng.random() < (0.28 if male else 0.06),
        nose=nose,
        nose_wide=_NOSES[nose] + rng.uniform(-0.025, 0.025),
        nose_y=rng.uniform(0.62, 0.72) + 0.14 * (nose == "pointy") + 0.04 * (nose == "big"),
        mouth_wide=rng.uniform(0.34, 0.46) + 0.02 * male,
        mouth_y=1.08 + 0.4 * (chin_y - 1.66) + rng.uniform(-0.03, 0.04),
        lips=rng.uniform(0.9, 1.1) * (0.92 if male else 1.0),
        big_lips=rng.random() < 0.24,
        ears=rng.uniform(0.85, 1.25),
        forehead=rng.uniform(-1.12, -0.94),
        bald=bool(fate < hairless),
        receding=bool(hairless <= fate < hairless + receding),
        hair=hair,
        hair_tone=hair_tone,
        texture="coily" if coily else any_of(rng, ("straight", "wavy")),
        long_hair=rng.random() < (0.1 if male else 0.84),
        beard=_beard(rng) if male else "none",
        sideburns=male and rng.random() < 0.16,
        symmetric=symmetric,
        skew=skew * (not symmetric),
        blemishes=_spots(rng, 0 if clear else int(rng.integers(8, 12))),
        moles=_spots(rng, int(rng.choice(4, p=(0.45, 0.3, 0.15, 0.1)))),
        freckles=_freckles(rng, 26 if rng.random() < 0.12 else 0),
        made_up=not male and rng.random() < 0.6,
        glasses=rng.random() < 0.12,
    )


def _outline(rng: Rng, male: bool, chubby: bool) -> tuple[Shape, tuple[float, float, float, float]]:
    # a chubby face has lost its oval
    names: tuple[Shape, ...] = ("round", "square", "long", "heart", "oval", "oval")
    shape = any_of(rng, names[:2] if chubby else names)
    wide, jaw, chin, chin_y = np.add(_SHAPES[shape], rng.uniform(-0.025, 0.025, 4))
    if male:
        jaw, chin = jaw + 0.05, chin + 0.07
    if chubby:
        wide, jaw, chin = wide + 0.1, jaw + 0.22, chin + 0.14
    return shape, (float(wide), float(jaw), float(chin), float(chin_y))


def _hair(rng: Rng, young: bool, dark_skinned: bool) -> tuple[HairColor, Color]:
    if not young and rng.random() < 0.42:
        name: HairColor = "gray"
    elif dark_skinned:
        name = "black" if rng.random() < 0.8 else "brown"
    else:
        names: tuple[HairColor, ...] = ("black", "brown", "blond", "red")
        name = names[rng.choice(4, p=(0.28, 0.34, 0.28, 0.1))]
    color = HAIR_COLORS[name]
    return name, near(rng, mix(color, (255, 255, 255), rng.uniform(0, 0.06)), 7)


def _beard(rng: Rng) -> Beard:
    names = list(_BEARDS)
    return names[rng.choice(len(names), p=list(_BEARDS.values()))]


def _freckles(rng: Rng, count: int) -> np.ndarray:
    side = rng.choice((-1, 1), count)
    return np.stack([side * rng.normal(0.5, 0.22, count), rng.normal(0.42, 0.12, count)], 1)


def _spots(rng: Rng, count: int) -> np.ndarray:
    """Return `count` points of the cheeks, chin and forehead, [count, 2]."""
    side = rng.choice((-1, 1), count)
    cheek = np.stack([side * rng.uniform(0.32, 0.82, count), rng.uniform(0.35, 0.85, count)], 1)
    middle = np.stack([rng.uniform(-0.5, 0.5, count), rng.uniform(-0.8, -0.55, count)], 1)
    chin = np.stack([rng.uniform(-0.35, 0.35, count), rng.uniform(1.3, 1.45, count)], 1)
    places = np.stack([cheek, cheek, middle, chin])
    return places[rng.integers(4, size=count), np.arange(count)]

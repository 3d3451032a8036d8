"""Who a drawn person is: what stays the same in all their pictures.

`tables/traits.csv` says how often a trait is found among young and older women and men. Features
are independent of the skin's tone, except for the hair's natural colour and paleness itself.
"""

from dataclasses import dataclass

import numpy as np

from tasks.samples.drawing.colors import COLORS, PALETTES, Color, Rng, any_of, mix, near
from tasks.samples.tables import table

# of the face; the chubby have one of the first two
SHAPES = ("round", "square", "long", "heart", "oval", "oval")
NOSES = ("plain", "plain", "big", "pointy")
BEARDS = ("none", "stubble", "goatee", "mustache", "circle", "full")  # circle: goatee and mustache
_OFTEN = (0.5, 0.22, 0.06, 0.05, 0.09, 0.08)
PALE: Color = (247, 225, 213)
# proportions (see `face_pen.py`) of shapes of the face, of men, women and the chubby, and how far
# anyone's may differ from those
_BUILDS = {
    row["build"]: {key: float(row[key]) for key in row if key != "build" and row[key]}
    for row in table("builds")
}
SKEWS = ("uneven brows", "bent nose", "crooked mouth", "crooked jaw")
MOLES = 10  # places in the drawing where a mole may be
_TRAITS = table("traits")
# additive recurrence in three dimensions (by the plastic number) that spreads rare people evenly
_STEPS = np.array((0.8191725, 0.6710436, 0.5497005))


@dataclass(frozen=True)
class Identity:
    """A person; `bool` traits are drawn either clearly or not at all."""

    male: bool
    young: bool
    skin: Color
    pale: bool
    shape: str
    own: dict[str, float]  # how far their proportions differ from those of the shape
    skew: dict[str, float]  # asymmetries, empty for a symmetric face
    chubby: bool
    double_chin: bool
    high_cheekbones: bool
    narrow_eyes: bool
    iris: Color
    bags: bool
    arched: bool
    bushy: bool
    nose: str
    big_lips: bool
    bald: bool
    receding: bool
    hair: str
    hair_tone: Color
    texture: str  # straight, wavy or coily
    long_hair: bool
    beard: str
    sideburns: bool
    blemishes: bool
    freckles: bool
    moles: tuple[int, ...]
    made_up: bool  # wears make-up on most days
    glasses: bool  # wears them on most days

    @property
    def proportions(self) -> dict[str, float]:
        """All proportions of the face, in units of the distance between the eyes."""
        builds = [self.shape, "man" if self.male else "woman", *["chubby"] * self.chubby]
        total: dict[str, float] = {}
        for part in (self.own, self.skew, *(_BUILDS[build] for build in builds)):
            for name, amount in part.items():
                total[name] = total.get(name, 0.0) + amount
        return total


def invent(seed: int, split: int, number: int) -> Identity:
    """Return person `number` (from 0) of a split; the same arguments give the same person."""
    phase = np.random.default_rng((seed, split, 2)).random(3)
    sex, age, fate = (phase + (number + 1) * _STEPS) % 1
    rng = np.random.default_rng((seed, split, 1, number))
    male, young = bool(sex < 0.44), bool(age < 0.7)
    group = f"{'young' if young else 'older'} {'man' if male else 'woman'}"
    traits = {row["trait"]: bool(rng.random() < float(row[group])) for row in _TRAITS}
    hairless = (0.26 if not young else 0.1) if male else 0.01
    receding = (0.34 if not young else 0.12) if male else 0.03
    pale = bool(rng.random() < 0.12)
    tone = int(rng.integers(len(PALETTES["skins"])))
    dark_skinned = tone < 4 and not pale
    hair, hair_tone = _hair(rng, young, dark_skinned)
    asymmetric, coily = rng.random() < 0.26, rng.random() < (0.45 if dark_skinned else 0.06)
    skew = rng.choice((-1, 1), 4) * rng.uniform(0.7, 1.3, 4)
    return Identity(
        male=male,
        young=young,
        skin=near(rng, PALE if pale else PALETTES["skins"][tone], 3 if pale else 6),
        pale=pale,
        shape=any_of(rng, SHAPES[: 2 if traits["chubby"] else None]),
        own={name: float(rng.uniform(-most, most)) for name, most in _BUILDS["anyone"].items()},
        skew=dict(zip(SKEWS, skew.tolist(), strict=True)) if asymmetric else {},
        double_chin=bool(rng.random() < (0.65 if traits["chubby"] else 0.02 if young else 0.1)),
        iris=near(rng, PALETTES["irises"][0 if dark_skinned else int(rng.integers(4))], 14),
        nose=any_of(rng, NOSES),
        bald=bool(fate < hairless),
        receding=bool(hairless <= fate < hairless + receding),
        hair=hair,
        hair_tone=hair_tone,
        texture="coily" if coily else any_of(rng, ("straight", "wavy")),
        beard=BEARDS[rng.choice(len(BEARDS), p=_OFTEN)] if male else "none",
        moles=tuple(rng.integers(1, MOLES + 1, rng.choice(4, p=(0.3, 0.35, 0.2, 0.15))).tolist()),
        **traits,
    )


def _hair(rng: Rng, young: bool, dark_skinned: bool) -> tuple[str, Color]:
    if not young and rng.random() < 0.42:
        name = "gray"
    elif dark_skinned:
        name = "black" if rng.random() < 0.8 else "brown"
    else:
        name = ("black", "brown", "blond", "red")[rng.choice(4, p=(0.28, 0.34, 0.28, 0.1))]
    color = COLORS["hair"][name]
    return name, near(rng, mix(color, (255, 255, 255), rng.uniform(0, 0.06)), 7)

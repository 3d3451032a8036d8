"""Twelve breeds of Stanford Dogs, in the order of their folders.

Each shares its build, its ears, its fur or its colours with another, and none shares them all.
"""

from tasks.samples.objects.dogs.breed import Breed, Build, Head, coat

_WHITE, _BLACK, _GREY, _BLUE = (246, 243, 236), (64, 58, 62), (136, 140, 150), (160, 170, 186)
_FAWN, _RED, _TAN, _GOLD = (216, 172, 122), (206, 130, 68), (196, 142, 88), (224, 174, 100)
_CREAM, _CHOCOLATE, _BRINDLE = (238, 218, 182), (112, 76, 58), (104, 84, 72)
_ICE, _AMBER = (150, 200, 232), (178, 116, 56)

CHIHUAHUA = Breed(
    "n02085620",
    "Chihuahua",
    Build(height=0.86, length=0.84, depth=0.38, tuck=0.72, bone=0.085, neck=0.4, head=0.36),
    Head("bat", 1.25, snout=0.34, muzzle=0.36, eye=0.2),
    "smooth",
    "sabre",
    (
        coat(_FAWN, under=_CREAM, muzzle=_CREAM),
        coat(_BLACK, under=_TAN, feet=_TAN, muzzle=_TAN, eyes=_AMBER),
        coat(_RED, under=_WHITE, feet=_WHITE),
    ),
)

_HOUND = {"under": _WHITE, "legs": _WHITE, "muzzle": _WHITE, "blaze": _WHITE, "tip": _WHITE}
BEAGLE = Breed(
    "n02088364",
    "beagle",
    Build(height=0.92, length=1.0, depth=0.46, tuck=0.8, bone=0.13, neck=0.38, head=0.31),
    Head("drop", 1.0, snout=0.66, muzzle=0.52),
    "smooth",
    "sabre",
    (coat(_TAN, saddle=_BLACK, **_HOUND), coat(_RED, **_HOUND)),
)

ITALIAN_GREYHOUND = Breed(
    "n02091032",
    "Italian_greyhound",
    Build(height=1.1, length=0.94, depth=0.44, tuck=0.42, bone=0.075, neck=0.52, head=0.235),
    Head("rose", 0.85, snout=1.15, muzzle=0.32, wide=0.84, eye=0.19),
    "smooth",
    "whip",
    (
        coat(_FAWN, under=_CREAM),
        coat(_GREY, under=_WHITE, feet=_WHITE),
        coat(_RED, under=_WHITE),
    ),
)

AIREDALE = Breed(
    "n02096051",
    "Airedale",
    Build(height=1.06, length=0.94, depth=0.46, tuck=0.8, bone=0.15, neck=0.46, head=0.26),
    Head("button", 0.9, snout=1.05, muzzle=0.56, wide=0.86, beard=True),
    "wire",
    "sabre",
    (
        coat(_TAN, saddle=_BLACK, under=_TAN),
        coat(_RED, saddle=_BLACK, under=_RED),
        coat(_TAN, saddle=_GREY, under=_TAN),
    ),
)

GOLDEN_RETRIEVER = Breed(
    "n02099601",
    "golden_retriever",
    Build(height=0.98, length=1.04, depth=0.48, tuck=0.86, bone=0.145, neck=0.4, head=0.31),
    Head("drop", 0.84, snout=0.74, muzzle=0.56, wide=1.04),
    "long",
    "plume",
    (coat(_GOLD), coat(_CREAM), coat(_RED, under=_GOLD)),
)

GERMAN_SHEPHERD = Breed(
    "n02106662",
    "German_shepherd",
    Build(height=0.98, length=1.08, depth=0.45, tuck=0.76, bone=0.125, neck=0.44, head=0.285),
    Head("pricked", 1.0, snout=0.92, muzzle=0.46),
    "long",
    "brush",
    (
        coat(_TAN, saddle=_BLACK, under=_FAWN, muzzle=_BLACK),
        coat(_FAWN, saddle=_BRINDLE, under=_CREAM, muzzle=_BLACK, ears=_BRINDLE),
        coat(_BLACK, under=_TAN, legs=_TAN, cheeks=_TAN, muzzle=_BLACK, eyes=_AMBER),
    ),
)

FRENCH_BULLDOG = Breed(
    "n02108915",
    "French_bulldog",
    Build(height=0.86, length=0.94, depth=0.52, tuck=0.82, bone=0.18, neck=0.26, head=0.38),
    Head("bat", 0.95, snout=0.14, muzzle=0.68, wide=1.1, eye=0.18, wrinkles=True),
    "smooth",
    "screw",
    (
        coat(_BRINDLE, under=_WHITE, marks="brindle", eyes=_AMBER),
        coat(_FAWN, under=_CREAM, muzzle=_BLACK),
        coat(_CREAM),
    ),
)

_SLED = {"under": _WHITE, "legs": _WHITE, "muzzle": _WHITE, "cheeks": _WHITE, "tip": _WHITE}
SIBERIAN_HUSKY = Breed(
    "n02110185",
    "Siberian_husky",
    Build(height=0.96, length=1.04, depth=0.46, tuck=0.82, bone=0.135, neck=0.4, head=0.3),
    Head("pricked", 0.85, snout=0.7, muzzle=0.46, wide=1.04),
    "long",
    "curl",
    (
        coat(_GREY, **_SLED, eyes=_ICE),
        coat(_BLACK, **_SLED, eyes=_ICE),
        coat(_RED, **_SLED, eyes=_ICE),
    ),
)

PUG = Breed(
    "n02110958",
    "pug",
    Build(height=0.84, length=0.92, depth=0.5, tuck=0.88, bone=0.15, neck=0.27, head=0.37),
    Head("button", 0.74, snout=0.1, muzzle=0.62, wide=1.1, eye=0.22, wrinkles=True),
    "smooth",
    "curl",
    (
        coat(_FAWN, muzzle=_BLACK, ears=_BLACK),
        coat(_CREAM, muzzle=_BLACK, ears=_BLACK),
        coat(_BLACK, under=_BLACK, eyes=_AMBER),
    ),
)

_CORGI = Build(height=0.66, length=1.2, depth=0.46, tuck=0.88, bone=0.145, neck=0.36, head=0.31)
_COLLIE = {"under": _WHITE, "feet": _WHITE, "muzzle": _WHITE, "blaze": _WHITE}
PEMBROKE = Breed(
    "n02113023",
    "Pembroke",
    _CORGI,
    Head("pricked", 0.98, snout=0.62, muzzle=0.44),
    "smooth",
    "docked",
    (
        coat(_RED, **_COLLIE, ruff=_WHITE),
        coat(_FAWN, **_COLLIE, ruff=_WHITE),
        coat(_TAN, **_COLLIE, saddle=_BLACK),
    ),
)

CARDIGAN = Breed(
    "n02113186",
    "Cardigan",
    _CORGI,
    Head("bat", 1.12, snout=0.68, muzzle=0.48),
    "smooth",
    "brush",
    (
        coat(_BLUE, **_COLLIE, ruff=_WHITE, marks="merle"),
        coat(_RED, **_COLLIE, ruff=_WHITE, tip=_WHITE),
        coat(_BRINDLE, **_COLLIE, marks="brindle", tip=_WHITE),
    ),
)

STANDARD_POODLE = Breed(
    "n02113799",
    "standard_poodle",
    Build(height=1.06, length=0.9, depth=0.46, tuck=0.8, bone=0.135, neck=0.46, head=0.245),
    Head("drop", 1.15, snout=1.05, muzzle=0.36, wide=0.88, topknot=True),
    "curly",
    "pompom",
    (
        coat(_GOLD),
        coat(_BLACK, under=_BLACK, eyes=_AMBER),
        coat(_WHITE),
        coat(_CHOCOLATE, under=_CHOCOLATE, eyes=_AMBER),
    ),
)

BREEDS: tuple[Breed, ...] = (
    CHIHUAHUA,
    BEAGLE,
    ITALIAN_GREYHOUND,
    AIREDALE,
    GOLDEN_RETRIEVER,
    GERMAN_SHEPHERD,
    FRENCH_BULLDOG,
    SIBERIAN_HUSKY,
    PUG,
    PEMBROKE,
    CARDIGAN,
    STANDARD_POODLE,
)

"""Twelve breeds of Stanford Dogs, in the order of their folders, and the coats they come in.

A breed's build, head, ears, tail and fur are its file in `art/dogs`. Each shares some of them, or
its colours, with another breed, and none shares them all.
"""

from dataclasses import dataclass

from tasks.samples.drawing.colors import Color

_COLORS: dict[str, Color] = {
    "white": (246, 243, 236),
    "black": (64, 58, 62),
    "grey": (136, 140, 150),
    "blue": (160, 170, 186),
    "fawn": (216, 172, 122),
    "red": (206, 130, 68),
    "tan": (196, 142, 88),
    "gold": (224, 174, 100),
    "cream": (238, 218, 182),
    "chocolate": (112, 76, 58),
    "brindle": (104, 84, 72),
    "ice": (150, 200, 232),
    "amber": (178, 116, 56),
}
# of which a coat has some; its other parts have the colour that the file derives from the body's
OPTIONAL = ("saddle", "cheeks", "blaze", "ruff", "tip", "merle", "brindle")
_HOUND = "under=white legs=white muzzle=white blaze=white tip=white"
_SLED = "under=white legs=white muzzle=white cheeks=white tip=white eyes=ice"
_COLLIE = "under=white feet=white muzzle=white blaze=white"
# wnid, name, and its coats: the colour of the body, and of the parts that differ
_BREEDS = f"""
n02085620 Chihuahua
    fawn under=cream muzzle=cream
    black under=tan feet=tan muzzle=tan eyes=amber
    red under=white feet=white
n02088364 beagle
    tan saddle=black {_HOUND}
    red {_HOUND}
n02091032 Italian_greyhound
    fawn under=cream
    grey under=white feet=white
    red under=white
n02096051 Airedale
    tan saddle=black under=tan
    red saddle=black under=red
    tan saddle=grey under=tan
n02099601 golden_retriever
    gold
    cream
    red under=gold
n02106662 German_shepherd
    tan saddle=black under=fawn muzzle=black
    fawn saddle=brindle under=cream muzzle=black ears=brindle
    black under=tan legs=tan cheeks=tan muzzle=black eyes=amber
n02108915 French_bulldog
    brindle under=white brindle=brindle eyes=amber
    fawn under=cream muzzle=black
    cream
n02110185 Siberian_husky
    grey {_SLED}
    black {_SLED}
    red {_SLED}
n02110958 pug
    fawn muzzle=black ears=black
    cream muzzle=black ears=black
    black under=black eyes=amber
n02113023 Pembroke
    red {_COLLIE} ruff=white
    fawn {_COLLIE} ruff=white
    tan {_COLLIE} saddle=black
n02113186 Cardigan
    blue {_COLLIE} ruff=white merle=blue
    red {_COLLIE} ruff=white tip=white
    brindle {_COLLIE} brindle=brindle tip=white
n02113799 standard_poodle
    gold
    black under=black eyes=amber
    white
    chocolate under=chocolate eyes=amber
"""


@dataclass(frozen=True)
class Breed:
    """One breed under its name in Stanford Dogs, with the colours of each of its coats."""

    wnid: str
    name: str
    coats: tuple[dict[str, Color], ...]

    @property
    def folder(self) -> str:
        """The name of its folder in Stanford Dogs."""
        return f"{self.wnid}-{self.name}"

    @property
    def picture(self) -> str:
        """The name of its file in `art/dogs`."""
        return self.name.lower().replace("_", "-")


def _coat(line: str) -> dict[str, Color]:
    body, *others = line.split()
    pairs = [("body", body), *(other.split("=") for other in others)]
    return {part: _COLORS[color] for part, color in pairs}


def _breeds() -> tuple[Breed, ...]:
    found: list[Breed] = []
    for line in _BREEDS.strip().splitlines():
        if line.startswith("n"):
            wnid, name = line.split()
            found.append(Breed(wnid, name, ()))
        else:
            last = found.pop()
            found.append(Breed(last.wnid, last.name, (*last.coats, _coat(line))))
    return tuple(found)


BREEDS = _breeds()

"""Ears from the front and from the side, in units of the skull's radius."""

import numpy as np

from tasks.samples.drawing.colors import Color, dark, light, mix, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, path, placed
from tasks.samples.objects.dogs.breed import Breed, Coat, Ears, fold, ink, rim
from tasks.samples.objects.dogs.fur import Place, edged

STANDING: tuple[Ears, ...] = ("pricked", "bat")  # rise from behind the skull; others hang over it

_PINK: Color = (214, 150, 142)
# where the ear's root is on the skull; around it the outline, and the inside of a standing ear
_Shape = tuple[tuple[float, float], str, str]
_FRONT: dict[Ears, _Shape] = {  # the one on the right of the picture
    "pricked": (
        (0.56, -0.62),
        "-.42,.12 -.2,-.5 .14,-1.12 .34,-.5 .42,.42",
        "-.2,-.02 -.02,-.48 .14,-.84 .24,-.4 .26,.16",
    ),
    "bat": (
        (0.64, -0.56),
        "-.4,.12 -.3,-.5 -.02,-1.06 .3,-1 .44,-.5 .4,.4",
        "-.2,0 -.12,-.46 .04,-.84 .2,-.78 .28,-.4 .22,.16",
    ),
    "drop": ((0.7, -0.62), "-.34,-.14 .1,-.3 .42,.1 .56,.8 .42,1.34 .12,1.3 -.06,.7 -.12,.3", ""),
    "button": ((0.7, -0.62), "-.44,-.16 0,-.36 .44,-.06 .5,.3 .3,.62 .06,.36 -.2,.1", ""),
    "rose": ((0.7, -0.62), "-.4,0 -.06,-.4 .44,-.42 .72,-.12 .5,.06 .16,.14", ""),
}
_SIDE: dict[Ears, _Shape] = {
    "pricked": (
        (-0.3, -0.62),
        "-.46,.22 -.36,-.5 -.16,-1.12 .16,-.5 .34,.14",
        "-.26,.06 -.24,-.44 -.12,-.8 .06,-.36 .14,.08",
    ),
    "bat": (
        (-0.3, -0.62),
        "-.44,.22 -.44,-.5 -.26,-1.06 .06,-1.04 .26,-.5 .3,.14",
        "-.24,.06 -.28,-.46 -.18,-.82 0,-.8 .12,-.4 .1,.08",
    ),
    "drop": ((-0.3, -0.5), "-.34,-.3 .18,-.34 .34,.1 .34,.76 .14,1.3 -.22,1.3 -.46,.7 -.46,.1", ""),
    "button": ((-0.3, -0.5), "-.42,-.2 .06,-.34 .38,-.1 .56,.34 .5,.6 .2,.4 -.2,.16", ""),
    "rose": ((-0.4, -0.5), "-.2,-.3 .2,-.12 -.1,.12 -.6,.1 -1,-.2 -.7,-.34", ""),
}


def front_ears(pen: ObjectPen, breed: Breed, coat: Coat, at: Place) -> None:
    """Both ears from the front."""
    root, outline, inside = _FRONT[breed.head.ears]
    for side in (-1, 1):
        size = (side * breed.head.ear, breed.head.ear)
        # mirrored outlines would run backwards and their locks grow inwards
        flap = placed(curve(path(outline)[::side]), side * root[0], root[1], size)
        _ear(pen, breed, coat.ears, at, flap)
        if inside:
            hollow = placed(curve(path(inside)), side * root[0], root[1], size)
            pen.shape(at(hollow), mix(_PINK, light(coat.ears, 0.2), 0.3))


def side_ear(pen: ObjectPen, breed: Breed, coat: Coat, at: Place) -> None:
    """The ear on the viewer's side."""
    root, outline, inside = _SIDE[breed.head.ears]
    _ear(pen, breed, coat.ears, at, placed(curve(path(outline)), *root, breed.head.ear))
    if inside:
        hollow = placed(curve(path(inside)), *root, breed.head.ear)
        pen.shape(at(hollow), mix(_PINK, light(coat.ears, 0.2), 0.3))


def far_ear(pen: ObjectPen, breed: Breed, coat: Coat, at: Place) -> None:
    """The other ear, from the side."""
    (x, y), outline, _ = _SIDE[breed.head.ears]
    flap = placed(curve(path(outline)), x + 0.34, y, breed.head.ear)
    pen.shape(at(flap), dark(coat.ears, 0.25), ink(coat.ears), 0.07 * at.size)


def _ear(pen: ObjectPen, breed: Breed, color: Color, at: Place, flap: np.ndarray) -> None:
    if breed.head.ears == "drop":
        flap = edged(flap, breed.fur, 2.2)
    edge = ink(color) if breed.head.ears in STANDING else rim(color)
    pen.shape(at(flap), shaded(color, 0.06, 0.12), edge, 0.075 * at.size)
    if breed.head.ears in ("button", "rose"):
        pen.stroke(at(flap[: len(flap) // 3]), 0.05 * at.size, fold(color))

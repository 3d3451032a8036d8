"""Heads from the front and from the side, in units of the skull's radius."""

import numpy as np

from tasks.samples.drawing.colors import Rng, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, path, symmetric
from tasks.samples.objects.dogs.breed import Breed, Coat, ink, rim
from tasks.samples.objects.dogs.ears import STANDING, far_ear, front_ears, side_ear
from tasks.samples.objects.dogs.faces import crease, eye, nose, tongue, whiskers
from tasks.samples.objects.dogs.fur import Place, edged, marks

_PANTING = 0.35  # share of dogs that show their tongue
_KNOT = 8  # points of a curve per knot


def front_head(pen: ObjectPen, breed: Breed, coat: Coat, at: Place, rng: Rng) -> None:
    """A face that looks at the viewer."""
    head, s, m = breed.head, breed.head.snout, breed.head.muzzle
    at = Place(at.x, at.y, at.size, at.angle, head.wide)
    chin, tip = 0.92 + 0.36 * s, 0.16 + 0.3 * s
    if head.ears in STANDING:
        front_ears(pen, breed, coat, at)
    half = [(0.2, -0.97), (0.56, -0.88), (0.9, -0.42), (0.94, 0.08), (0.74, 0.46)]
    half += [(m + 0.04, 0.62 + 0.1 * s), (0.85 * m, chin - 0.12), (0.25 * m, chin)]
    _skull(pen, breed, coat, at, curve(symmetric(half)))
    marks(
        pen, rng, (at.x, at.y - 0.3 * at.size, 0.6 * at.size, 0.4 * at.size), coat.face, coat.marks
    )
    if coat.cheeks is not None:
        lobe = curve(path(".04,-.36 .3,-.62 .62,-.5 .8,-.1 .78,.24 .56,.5 .1,.62"))
        for side in (-1, 1):
            pen.shape(at(lobe * (side, 1)), coat.cheeks)
        pen.shape(at(curve(symmetric(path("0,-.9 .18,-.6 .07,-.1 0,.2")))), coat.face)
    if coat.blaze is not None:
        pen.shape(at(curve(symmetric(path("0,-.92 .1,-.8 .1,-.3 .22,.14 0,.3")))), coat.blaze)
    half = [(0, 0.02), (0.5 * m, 0.08), (0.98 * m, 0.4 + 0.04 * s), (0.95 * m, 0.64 + 0.1 * s)]
    snout = curve(symmetric([*half, (0.8 * m, chin - 0.16), (0, chin - 0.03)]))
    pen.shape(at(snout), shaded(coat.muzzle, 0.08, 0.06))
    if head.wrinkles:
        for y, half_width in ((-0.64, 0.28), (-0.47, 0.38)):
            wrinkle = [(-half_width, y + 0.07), (0, y), (half_width, y + 0.07)]
            crease(pen, coat.face, at, wrinkle, 0.05)
    if rng.random() < _PANTING:
        tongue(pen, at, 0.02, tip + 0.3)
    crease(pen, coat.muzzle, at, [(0, tip + 0.1), (0, tip + 0.28)])
    for side in (-1, 1):
        eye(pen, coat, at, 0.42 * side, -0.14, head.eye)
        lip = [(0, tip + 0.26), (0.36 * m * side, tip + 0.4), (0.78 * m * side, tip + 0.3)]
        crease(pen, coat.muzzle, at, lip)
    if head.beard:
        jowl = [(0.9 * m, tip + 0.2), (1.15 * m, tip + 0.6), (0.5 * m, tip + 0.88)]
        beard = symmetric([(0, tip + 0.22), *jowl, (0, tip + 1.0)])
        brow = path(".14,-.28 .4,-.54 .64,-.32 .4,-.3")
        whiskers(pen, coat.muzzle, at, beard, [brow, brow[::-1] * (-1, 1)])
    nose(pen, coat, at, 0, tip, 0.2)
    if head.ears not in STANDING:
        front_ears(pen, breed, coat, at)
    if head.topknot:
        _topknot(pen, coat, at, symmetric(path("0,-1.5 .5,-1.4 .84,-.98 .66,-.56 0,-.5")))


def side_head(pen: ObjectPen, breed: Breed, coat: Coat, at: Place, rng: Rng) -> None:
    """A head in profile, looking right."""
    head, s, d = breed.head, breed.head.snout, 0.4 + 0.9 * breed.head.muzzle
    if head.ears in STANDING:
        far_ear(pen, breed, coat, at)
    if rng.random() < _PANTING:
        tongue(pen, at, 0.5 + 0.6 * s, 0.3)
    knots = [(-0.9, 0.4), (-1.0, -0.2), (-0.66, -0.8), (-0.05, -1.0), (0.48, -0.86), (0.76, -0.5)]
    knots += [(0.9 + 0.06 * s, -0.3), (0.8 + s, -0.26 + 0.06 * s), (0.9 + s, -0.04)]
    knots += [(0.82 + s, 0.2 * d), (0.68 + 0.8 * s, 0.46 * d), (0.36, 0.66), (-0.2, 0.86)]
    outline = curve(knots)
    _skull(pen, breed, coat, at, outline, bare=slice(5 * _KNOT, 11 * _KNOT))
    marks(
        pen, rng, (at.x, at.y - 0.2 * at.size, 0.6 * at.size, 0.4 * at.size), coat.face, coat.marks
    )
    if coat.cheeks is not None:
        mask = curve(path("-.2,.5 0,.1 .1,-.5 .5,-.6"), closed=False)
        pen.shape(at(np.concatenate([outline[6 * _KNOT : 12 * _KNOT + 4], mask])), coat.cheeks)
    lip = [(0.42, 0.6), (0.46 + 0.2 * s, 0.26), (0.62 + 0.2 * s, -0.1), (0.86 + 0.1 * s, -0.28)]
    muzzle = [outline[6 * _KNOT + 4 : 11 * _KNOT - 3], curve(lip, closed=False)]
    pen.shape(at(np.concatenate(muzzle)), shaded(coat.muzzle, 0.08, 0.08))
    if coat.blaze is not None:
        stripe = path("1,-.1 .78,-.24 .62,-.5 .36,-.76")
        pen.shape(at(np.concatenate([outline[3 * _KNOT : 7 * _KNOT + 3], stripe])), coat.blaze)
    if head.wrinkles:  # flat faces hang over their lips
        flews = curve([(0.62, 0.0), (0.9 + s, 0.04), (0.98 + s, 0.34), (0.74, 0.62), (0.46, 0.4)])
        pen.shape(at(flews), shaded(coat.muzzle, 0.1, 0.05), rim(coat.muzzle), 0.05 * at.size)
        for x in (0.6, 0.74):
            crease(pen, coat.face, at, [(x - 0.1, -0.64), (x, -0.5), (x + 0.08, -0.3)], 0.05)
    else:
        mouth = [(0.82 + s, 0.14 * d), (0.6 + 0.6 * s, 0.26 * d), (0.42 + 0.1 * s, 0.4 * d)]
        crease(pen, coat.muzzle, at, mouth)
    eye(pen, coat, at, 0.42, -0.3, 0.9 * head.eye)
    if head.beard:
        beard = [(0.9 + s, 0.08), (0.98 + s, 0.5), (0.7 + 0.8 * s, 0.86), (0.4 + 0.5 * s, 0.8)]
        brow = path(".3,-.48 .52,-.7 .8,-.56 .6,-.42")
        whiskers(pen, coat.muzzle, at, [*beard, (0.4 + 0.3 * s, 0.26)], [brow])
    nose(pen, coat, at, 0.84 + s, -0.13 + 0.04 * s, 0.15)
    side_ear(pen, breed, coat, at)
    if head.topknot:
        _topknot(pen, coat, at, path("-.9,-.6 -.7,-1.3 -.1,-1.5 .5,-1.2 .62,-.7 .1,-.56 -.5,-.36"))


def _skull(
    pen: ObjectPen,
    breed: Breed,
    coat: Coat,
    at: Place,
    outline: np.ndarray,
    bare: slice = slice(0),
) -> None:
    fur = "smooth" if breed.fur == "curly" else breed.fur  # poodles' faces are shaved
    edge = edged(outline, fur, 1.5)
    edge[bare] = outline[bare]
    pen.shape(at(edge), shaded(coat.face, 0.1, 0.06), ink(coat.face), 0.08 * at.size)


def _topknot(pen: ObjectPen, coat: Coat, at: Place, knots: np.ndarray) -> None:
    puff = edged(curve(knots), "curly", 3)
    pen.shape(at(puff), shaded(coat.face, 0.14, 0.05), ink(coat.face), 0.07 * at.size)

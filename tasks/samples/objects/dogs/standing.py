"""A dog standing, from the side, facing right, on -1..1 (y down)."""

import numpy as np

from tasks.samples.drawing.colors import Rng, dark, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, placed, ring
from tasks.samples.objects.dogs.breed import Breed, Coat, fold, ink
from tasks.samples.objects.dogs.fur import Place, edged, marks, strands
from tasks.samples.objects.dogs.heads import front_head, side_head
from tasks.samples.objects.dogs.neckwear import collar
from tasks.samples.objects.dogs.tails import tail

GROUND = 0.95
_KNOT = 8  # points of a curve per knot


def standing(pen: ObjectPen, breed: Breed, coat: Coat, rng: Rng) -> None:
    """A dog on four legs, its head in profile or turned to the viewer."""
    b = breed.build
    top, front, rear = GROUND - b.height, b.length / 2 - 0.12, -b.length / 2 - 0.12
    skull = Place(front + 0.04 + 0.46 * b.neck, top - 0.84 * b.neck, b.head, rng.normal(0, 5))
    step = rng.uniform(-0.05, 0.07)
    legs = ((front - 0.12 * b.length, False), (rear + 0.16 * b.length, True))
    for x, hind in legs:
        _leg(pen, breed, coat, x + 0.12 + step, hind, shade=0.24)
    tail(pen, breed, coat, Place(rear + 0.02, top + 0.06, 1.0, rng.normal(0, 7)))
    for x, hind in legs:
        _leg(pen, breed, coat, x - step, hind, shade=0.02)
    _body(pen, breed, coat, rng, (top, front, rear), skull)
    collar(pen, rng, skull)
    head = side_head if rng.random() < 0.6 else front_head
    head(pen, breed, coat, skull, rng)


def _body(
    pen: ObjectPen,
    breed: Breed,
    coat: Coat,
    rng: Rng,
    at: tuple[float, float, float],
    skull: Place,
) -> None:
    """Trunk and neck, between the withers' height and forechest and rump (`at`)."""
    b, (top, front, rear), r = breed.build, at, skull.size
    length, depth, loin = b.length, b.depth, top + b.tuck * b.depth
    knots = [
        (skull.x - 0.8 * r, skull.y + 0.1 * r),
        (front - 0.26 * length, top),
        (front - 0.55 * length, top + 0.03),
        (rear + 0.14 * length, top + 0.01),
        (rear, top + 0.22 * depth),
        (rear - 0.01, top + 0.62 * depth),
        (rear + 0.26 * length, loin),
        (rear + 0.52 * length, loin + 0.6 * (1 - b.tuck) * depth),
        (front - 0.16 * length, top + depth),
        (front + 0.01, top + 0.84 * depth),
        (front + 0.06, top + 0.44 * depth),
        (skull.x + 0.4 * r, skull.y + 0.85 * r),
    ]
    body = edged(curve(knots), breed.fur)
    pen.shape(body, shaded(coat.body, 0.08, 0.16))
    if coat.under != coat.body:
        inner = [
            (skull.x + 0.1 * r, skull.y + 0.9 * r),
            (front - 0.09, top + 0.5 * depth),
            (front - 0.2 * length, top + 0.76 * depth),
            (rear + 0.5 * length, loin - 0.1 * depth),
            (rear + 0.3 * length, loin - 0.03),
        ]
        lower = [body[6 * _KNOT : 11 * _KNOT], curve(inner, closed=False)]
        pen.shape(np.concatenate(lower), shaded(coat.under, 0.05, 0.1))
    if coat.saddle is not None:
        inner = [
            (rear + 0.1, top + 0.5 * depth),
            (rear + 0.5 * length, top + 0.62 * b.tuck * depth + 0.04),
            (front - 0.26 * length, top + 0.66 * depth),
            (front - 0.12 * length, top + 0.24 * depth),
        ]
        upper = [body[4 : 4 * _KNOT + 3], curve(inner, closed=False)]
        pen.shape(np.concatenate(upper), shaded(coat.saddle, 0.08, 0.05))
    flank = (rear + 0.5 * length, top + 0.42 * depth, 0.4 * length, 0.28 * depth)
    strands(pen, rng, flank, coat.saddle or coat.body, breed.fur)
    marks(pen, rng, flank, coat.body, coat.marks)
    if coat.ruff is not None:
        ruff = [(skull.x - 0.4 * r, skull.y + 0.8 * r), (front - 0.16 * length, top + 0.12)]
        ruff += [(front - 0.12, top + 0.6 * depth), (front + 0.04, top + 0.6 * depth)]
        ruff += [(skull.x + 0.36 * r, skull.y + 0.8 * r)]
        pen.shape(curve(ruff), shaded(coat.ruff, 0.05, 0.05))
    pen.stroke(np.concatenate([body, body[:2]]), 0.03, ink(coat.body))
    thigh = ring(rear + 0.2 * length, top + 0.7 * depth, 0.17, 0.3 * depth, -70, 60)
    pen.stroke(thigh, 0.02, (*fold(coat.saddle or coat.body), 170))


def _leg(pen: ObjectPen, breed: Breed, coat: Coat, x: float, hind: bool, shade: float) -> None:
    b, w = breed.build, breed.build.bone
    top = GROUND - b.height + 0.6 * b.depth
    h = GROUND - top
    if hind:
        thigh = min(1.0, h / 0.55)
        leg = [(-0.15 * thigh, 0), (0.15 * thigh, 0), (0.13 * thigh, 0.36 * h), (0.3 * w, 0.6 * h)]
        leg += [(0.5 * w, 0.92 * h), (-0.45 * w, 0.92 * h), (-0.62 * w, 0.66 * h)]
        leg += [(-0.16 * thigh, 0.36 * h)]
    else:
        leg = [(-0.7 * w, 0), (0.7 * w, 0), (0.55 * w, 0.5 * h), (0.46 * w, 0.94 * h)]
        leg += [(-0.46 * w, 0.94 * h), (-0.5 * w, 0.5 * h)]
    fill, feet, edge = dark(coat.legs, shade), dark(coat.feet, shade), dark(coat.legs, 0.5)
    outline = edged(curve(placed(leg, x, top)), breed.fur, 0.7)
    pen.shape(outline, shaded(fill, 0.05, 0.08), edge, 0.026)
    if coat.feet != coat.legs:
        sock = [(-0.46 * w, 0.66 * h), (0.44 * w, 0.62 * h), (0.46 * w, 0.94 * h)]
        pen.shape(placed([*sock, (-0.44 * w, 0.94 * h)], x, top), feet)
    pen.shape(ring(x + 0.2 * w, GROUND - 0.04, 0.72 * w, 0.05), feet, edge, 0.024)

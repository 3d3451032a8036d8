"""A dog that faces the viewer, sitting or head and shoulders only, on -1..1 (y down)."""

from tasks.samples.drawing.colors import Rng, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, placed, ring, symmetric
from tasks.samples.objects.dogs.breed import Breed, Coat, fold, ink
from tasks.samples.objects.dogs.fur import Place, edged, marks, strands
from tasks.samples.objects.dogs.heads import front_head, side_head
from tasks.samples.objects.dogs.neckwear import collar
from tasks.samples.objects.dogs.standing import GROUND
from tasks.samples.objects.dogs.tails import tail


def sitting(pen: ObjectPen, breed: Breed, coat: Coat, rng: Rng) -> None:
    """A dog on its haunches."""
    b = breed.build
    wide, r = 0.16 + b.bone + 0.35 * b.depth, 1.2 * b.head
    skull = Place(rng.normal(0, 0.03), GROUND - 0.62 - 0.8 * b.height, r, rng.normal(0, 5))
    angle = 0 if breed.tail in ("brush", "whip") else rng.normal(-15, 8)
    tail(pen, breed, coat, Place(1.02 * wide, 0.84, 0.85, angle, wide=-1), sitting=True)
    shoulder = skull.y + 1.5 * r
    half = [(0, skull.y + 0.3 * r), (0.66 * r, skull.y + 0.8 * r), (0.86 * wide, shoulder)]
    half += [(wide, 0.42), (1.2 * wide, 0.7), (1.12 * wide, 0.92), (0.3, 0.95), (0, 0.95)]
    body = edged(curve(symmetric(half)), breed.fur)
    pen.shape(body, shaded(coat.body, 0.04, 0.18), ink(coat.body))
    if coat.saddle is not None:
        edge = [(0.6 * wide, shoulder), (0.9 * wide, shoulder + 0.02), (1.0 * wide, 0.44)]
        flank = curve([*edge, (1.14 * wide, 0.72), (0.8 * wide, 0.74), (0.62 * wide, 0.4)])
        for side in (-1, 1):
            pen.shape(flank * (side, 1), shaded(coat.saddle, 0.05, 0.05))
    breast = (0, (skull.y + r + 0.6) / 2, 0.9 * wide, 0.36)
    marks(pen, rng, breast, coat.body, coat.marks)
    knots = [(0, skull.y + 0.7 * r), (0.5 * r, skull.y + r), (0.52 * wide, shoulder + 0.1)]
    bib = edged(curve(symmetric([*knots, (0.3 * wide, 0.5), (0, 0.62)])), breed.fur, 0.8)
    pen.shape(bib, shaded(coat.under, 0.05, 0.08))
    strands(pen, rng, breast, coat.under, breed.fur)
    for side in (-1, 1):
        hind = ring(1.06 * wide * side, 0.9, 0.16, 0.075)
        pen.shape(hind, coat.feet, ink(coat.feet), 0.024)
    for side in (-1, 1):
        w = 0.62 * b.bone + 0.02
        _foreleg(pen, breed, coat, side * (0.12 + 0.6 * w), min(shoulder + 0.3, 0.5), w)
    collar(pen, rng, skull)
    front_head(pen, breed, coat, skull, rng)


def _foreleg(pen: ObjectPen, breed: Breed, coat: Coat, x: float, top: float, w: float) -> None:
    leg = [(-w, top), (w, top), (0.9 * w, 0.88), (-0.9 * w, 0.88)]
    pen.shape(edged(curve(placed(leg, x, 0)), breed.fur, 0.5), shaded(coat.legs, 0.08, 0.05))
    for edge in (-w, w):
        pen.stroke([(x + edge, top + 0.12), (x + 0.9 * edge, 0.87)], 0.02, fold(coat.legs))
    if coat.feet != coat.legs:
        sock = [(-0.9 * w, 0.7), (0.9 * w, 0.7), (0.9 * w, 0.88), (-0.9 * w, 0.88)]
        pen.shape(placed(sock, x, 0), coat.feet)
    pen.shape(ring(x, 0.89, 1.15 * w + 0.01, 0.07), coat.feet, ink(coat.feet), 0.024)
    for toe in (-0.35 * w, 0.35 * w):
        pen.stroke([(x + toe, 0.89), (x + toe, 0.94)], 0.014, fold(coat.feet))


def portrait(pen: ObjectPen, breed: Breed, coat: Coat, rng: Rng) -> None:
    """Head and shoulders, which go on below y = 1 for the frame to cut off."""
    b, r = breed.build, 0.56
    profile = rng.random() < 0.4
    x = rng.normal(0, 0.03) - (0.3 * breed.head.snout + 0.06) * profile
    skull = Place(x, -0.24, r, rng.normal(0, 7))
    wide = 0.4 + 0.9 * b.bone + 0.4 * b.depth
    half = [(0, skull.y), (0.72 * r, skull.y + 0.6 * r), (0.74 * r, skull.y + 1.2 * r)]
    half += [(0.92 * wide, 0.74), (1.12 * wide, 1.2), (0.6 * wide, 1.3), (0, 1.3)]
    body = edged(curve(symmetric(half)), breed.fur, 1.6)
    pen.shape(body, shaded(coat.body, 0.04, 0.14), ink(coat.body), 0.045)
    if coat.saddle is not None:
        flank = [(0.66 * wide, 0.7), (0.92 * wide, 0.78), (1.1 * wide, 1.2), (0.7 * wide, 1.28)]
        for side in (-1, 1):
            pen.shape(curve(flank) * (side, 1), coat.saddle)
    breast = (0, 0.78, 0.9 * wide, 0.4)
    marks(pen, rng, breast, coat.body, coat.marks)
    knots = [(0, skull.y + 0.6 * r), (0.5 * r, skull.y + r), (0.55 * wide, 0.76)]
    bib = edged(curve(symmetric([*knots, (0.5 * wide, 1.1), (0, 1.24)])), breed.fur, 1.4)
    pen.shape(bib, shaded(coat.under, 0.05, 0.08))
    strands(pen, rng, breast, coat.under, breed.fur)
    collar(pen, rng, skull, drop=0.2)
    head = side_head if profile else front_head
    head(pen, breed, coat, skull, rng)

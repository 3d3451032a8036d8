"""Tails of a dog that faces right, from their root."""

from tasks.samples.drawing.colors import light, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import path, ring
from tasks.samples.objects.dogs.breed import Breed, Coat, Tail, ink
from tasks.samples.objects.dogs.fur import Place, edged, ribbon

# the line a tail follows, and how thick it is along it
_SHAPES: dict[Tail, tuple[str, tuple[float, ...]]] = {
    "curl": (".04,.06 -.12,-.12 -.08,-.34 .1,-.42 .22,-.3 .16,-.18", (0.1, 0.15, 0.18, 0.14, 0.04)),
    "plume": (".06,.04 -.14,.02 -.34,-.06 -.52,-.22 -.62,-.4", (0.1, 0.15, 0.24, 0.2, 0.05)),
    "sabre": (".06,.08 -.06,-.08 -.14,-.3 -.13,-.52", (0.12, 0.1, 0.085, 0.05)),
    "brush": (".08,.02 -.12,.12 -.2,.36 -.24,.54 -.36,.62", (0.11, 0.16, 0.19, 0.15, 0.05)),
    "docked": (".08,.06 -.02,0 -.08,-.03", (0.12, 0.11, 0.08)),
    "whip": (".06,.04 -.08,.16 -.12,.4 -.14,.56 -.28,.62", (0.07, 0.06, 0.05, 0.04, 0.025)),
    "screw": (".06,.08 -.06,-.02 -.1,-.12 0,-.14", (0.12, 0.1, 0.08, 0.04)),
    "pompom": (".06,.08 -.06,-.1 -.12,-.3", (0.08, 0.06, 0.05)),
}
_LYING = ".1,.02 -.2,.08 -.44,.06 -.6,-.04"  # a hanging tail when the dog sits


def tail(pen: ObjectPen, breed: Breed, coat: Coat, at: Place, sitting: bool = False) -> None:
    """A tail from its root at `at`."""
    line, widths = _SHAPES[breed.tail]
    middle = path(_LYING if sitting and breed.tail in ("brush", "whip") else line)
    fur = "smooth" if breed.fur == "curly" else breed.fur
    whole = edged(ribbon(middle, widths), fur)
    pen.shape(at(whole), shaded(coat.body, 0.1, 0.1), ink(coat.body), 0.026)
    if coat.tip != coat.body:
        half = len(middle) // 2
        end = edged(ribbon(middle[half:], widths[half:]), fur, 0.8)
        pen.shape(at(end), light(coat.tip, 0.1))
    if breed.tail == "pompom":
        ball = edged(ring(-0.14, -0.4, 0.13, 0.14), "curly")
        pen.shape(at(ball), shaded(coat.body, 0.14, 0.08), ink(coat.body), 0.026)

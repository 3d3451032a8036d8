"""Eyes, noses, tongues and beards, in units of the skull's radius."""

from tasks.samples.drawing.colors import INK, Color, dark, light, shaded
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import Points, curve, ring
from tasks.samples.objects.dogs.breed import Coat, fold
from tasks.samples.objects.dogs.fur import Place, edged

_TONGUE: Color = (232, 120, 128)


def eye(pen: ObjectPen, coat: Coat, at: Place, x: float, y: float, size: float) -> None:
    """A dark-rimmed eye with its gleam."""
    pen.shape(at(ring(x, y, 1.15 * size, size)), dark(coat.nose, 0.3))
    pen.shape(at(ring(x, y, 0.92 * size, 0.86 * size)), coat.eyes)
    pen.shape(at(ring(x, y, 0.55 * size, 0.58 * size)), INK)
    pen.shape(at(ring(x - 0.3 * size, y - 0.36 * size, 0.26 * size, count=10)), (255, 255, 255))


def nose(pen: ObjectPen, coat: Coat, at: Place, x: float, y: float, rx: float) -> None:
    """A leather nose."""
    pen.shape(at(ring(x, y, rx, 0.72 * rx)), coat.nose)
    pen.shape(at(ring(x - 0.2 * rx, y - 0.35 * rx, 0.4 * rx, 0.2 * rx)), light(coat.nose, 0.5))


def tongue(pen: ObjectPen, at: Place, x: float, y: float) -> None:
    """A tongue that hangs out at (x, y)."""
    flap = curve([(x - 0.14, y), (x + 0.14, y), (x + 0.17, y + 0.34), (x, y + 0.48)])
    pen.shape(at(flap), _TONGUE, dark(_TONGUE, 0.4), 0.04 * at.size)


def whiskers(pen: ObjectPen, color: Color, at: Place, beard: Points, brows: list[Points]) -> None:
    """A wiry beard and eyebrows."""
    pen.shape(at(edged(curve(beard), "wire", 3)), shaded(color, 0.2, 0.02), fold(color), 0.05)
    for brow in brows:
        bushy = at(edged(curve(brow), "wire", 2))
        pen.shape(bushy, light(color, 0.2), fold(color), 0.03 * at.size)


def crease(pen: ObjectPen, color: Color, at: Place, points: Points, width: float = 0.06) -> None:
    """A line that shows on `color`: a lip or a wrinkle."""
    pen.stroke(at(curve(points, closed=False)), width * at.size, fold(color))

"""The collar that some dogs wear."""

from tasks.samples.drawing.colors import Rng, dark, paint
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.drawing.shapes import curve, ring
from tasks.samples.objects.dogs.fur import Place


def collar(pen: ObjectPen, rng: Rng, skull: Place, drop: float = 0.0) -> None:
    """A collar with a tag, on some dogs, `drop` skull radii below the jaw."""
    if rng.random() < 0.3:
        x, y, r, color = skull.x, skull.y + drop * skull.size, skull.size, paint(rng)
        band = [(x - 0.9 * r, y + 0.5 * r), (x - 0.2 * r, y + 1.1 * r), (x + 0.5 * r, y + 1.05 * r)]
        pen.stroke(curve(band, closed=False), 0.2 * r, (*color, 255))
        pen.shape(ring(x, y + 1.28 * r, 0.12 * r), (*dark(color, 0.3), 255))

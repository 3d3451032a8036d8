"""A pen for outdoor scenes: it draws things in metres where they stand, lit and in haze."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tasks.samples.drawing.colors import DAY, Color, Tint
from tasks.samples.drawing.pen import Fill, Pen
from tasks.samples.drawing.shapes import Points


class LitPen(Pen):
    """A pen that takes colours as they are in full daylight and adapts them to the current light.

    The unit is the frame's height, except inside `at`.
    """

    def __init__(self, frame: tuple[int, int], light: Tint, haze: Color):
        super().__init__(frame, np.eye(2) * frame[1], (0, 0), supersample=2)
        self.haze = haze
        self._see(light, distance=0)

    def shape(
        self, points: Points, fill: Fill, ink: Color | None = None, width: float = 0.03
    ) -> None:
        """Fill a closed outline, as `Pen.shape` does, in the current light."""
        lit: Fill
        if isinstance(fill[0], tuple):
            lit = self._lit(fill[0]), self._lit(fill[1])
        else:
            lit = self._lit(fill)
        super().shape(points, lit, ink and self._lit(ink), width)

    def stroke(self, points: Points, width: float, fill: Color) -> None:
        """Draw an open line in the current light."""
        super().stroke(points, width, self._lit(fill))

    @contextmanager
    def at(self, x: float, y: float, unit: float, mirror: bool = False) -> Iterator[None]:
        """Move the origin to (x, y) and scale the unit by `unit` for what is drawn inside."""
        saved = self._matrix, self._origin, self._unit
        self._origin = np.array((x, y)) @ self._matrix + self._origin
        self._matrix = np.diag((-unit if mirror else unit, unit)) @ self._matrix
        self._unit *= unit
        yield
        self._matrix, self._origin, self._unit = saved

    @contextmanager
    def far(self, distance: float) -> Iterator[None]:
        """Draw through haze what is drawn inside: 0 is no haze, 1 is nothing but haze."""
        with self._seen(self.light, distance):
            yield

    @contextmanager
    def unlit(self) -> Iterator[None]:
        """Draw unlit what is drawn inside, because it shines by itself: the sky, lamps."""
        with self._seen(DAY, self.distance):
            yield

    @contextmanager
    def _seen(self, light: Tint, distance: float) -> Iterator[None]:
        saved = self.light, self.distance
        self._see(light, distance)
        yield
        self._see(*saved)

    def _see(self, light: Tint, distance: float) -> None:
        self.light, self.distance = light, distance
        gain = (t * (1 - distance) for t in light)
        self._channels = tuple(zip(gain, (c * distance + 0.5 for c in self.haze), strict=True))

    def _lit(self, color: Color) -> Color:
        (r, r0), (g, g0), (b, b0) = self._channels
        seen = min(255, int(color[0] * r + r0)), min(255, int(color[1] * g + g0))
        return (*seen, min(255, int(color[2] * b + b0)), *color[3:])

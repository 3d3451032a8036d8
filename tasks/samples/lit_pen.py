"""A pen for the open air: it takes colours as in full daylight and shows them in another light."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tasks.samples.drawing.colors import Color, Tint
from tasks.samples.drawing.pen import Fill, Pen
from tasks.samples.drawing.shapes import Points
from tasks.samples.moment import SNOW


class LitPen(Pen):
    """Adapts colours to the current light; the unit is the frame's height."""

    def __init__(self, frame: tuple[int, int], tint: Tint, haze: Color):
        super().__init__(frame, np.eye(2) * frame[1], (0, 0), supersample=2)
        self.haze, self.tint = haze, tint
        self._channels = self._through(0.0, 0.0, tint)

    def shape(
        self, points: Points, fill: Fill, ink: Color | None = None, width: float = 0.03
    ) -> None:
        """Fill a closed outline, as `Pen.shape` does, in the current light."""
        lit: Fill
        if isinstance(fill[0], tuple):
            lit = self.lit(fill[0]), self.lit(fill[1])
        else:
            lit = self.lit(fill)
        super().shape(points, lit, ink and self.lit(ink), width)

    def stroke(self, points: Points, width: float, fill: Color) -> None:
        """Draw an open line in the current light."""
        super().stroke(points, width, self.lit(fill))

    @contextmanager
    def seen(
        self, haze: float = 0.0, frost: float = 0.0, tint: Tint | None = None
    ) -> Iterator[None]:
        """Draw what is drawn inside through haze, under frost (0 to 1), or in other light."""
        saved = self._channels
        self._channels = self._through(haze, frost, tint or self.tint)
        yield
        self._channels = saved

    def _through(self, haze: float, frost: float, tint: Tint) -> list[tuple[float, float]]:
        gains = [light * (1 - haze) for light in tint]
        return [
            (gain * (1 - frost), gain * frost * snow + haze * veil + 0.5)
            for gain, snow, veil in zip(gains, SNOW, self.haze, strict=True)
        ]

    def lit(self, color: Color) -> Color:
        """Return how a colour looks now."""
        (r, r0), (g, g0), (b, b0) = self._channels
        seen = min(255, int(color[0] * r + r0)), min(255, int(color[1] * g + g0))
        return (*seen, min(255, int(color[2] * b + b0)), *color[3:])

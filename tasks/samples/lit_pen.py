"""A pen for the open air: it takes colours as in full daylight and shows them in another light."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tasks.samples.drawing.colors import Color, Tint
from tasks.samples.drawing.pen import Pen, Size
from tasks.samples.moment import SNOW


class LitPen(Pen):
    """Adapts colours to the current light; the unit is the frame's height."""

    def __init__(self, frame: Size, tint: Tint, haze: Color):
        super().__init__(frame, np.eye(2) * frame[1], (0, 0), supersample=2)
        self.haze, self.tint = haze, tint
        self._channels = self._through(0.0, 0.0, tint)

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

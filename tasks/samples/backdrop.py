"""What backgrounds are made of: sky, land, water, roads, walls and tables.

The unit is the frame's height: x 0..aspect, y 0..1 downwards. Whole things, such as trees, houses
and windows, are files of `art/scenery`; what fills the frame is drawn here.
"""

from dataclasses import dataclass

import numpy as np

from tasks.samples.drawing.art import Choices, art
from tasks.samples.drawing.colors import (
    CREAM,
    GRADIENTS,
    PALETTES,
    Color,
    Rng,
    any_of,
    dark,
    light,
    mix,
    near,
    shaded,
)
from tasks.samples.drawing.pen import Fill, Pen
from tasks.samples.drawing.shapes import box, curve, placed, ring

WHITE: Color = (247, 249, 253)
_TUFT = ((-0.3, 0.0), (-0.5, -1.0), (0.0, -0.35), (0.45, -1.1), (0.35, 0.0))
_RIPPLE = ((0, 0), (0.3, -0.09), (0.7, 0.0), (1, -0.03), (0.7, 0.06), (0.3, -0.02))


@dataclass(frozen=True)
class Backdrop:
    """The sheet that a background is drawn on, and what it is made of."""

    pen: Pen
    rng: Rng
    aspect: float

    def put(
        self,
        name: str,
        x: float,
        y: float,
        size: float,
        colors: dict[str, Color] | None = None,
        choices: Choices | None = None,
    ) -> None:
        """Draw a thing of `art/scenery` at (x, y), `size` large, mirrored or not."""
        matrix = size * np.diag((self.rng.choice((-1.0, 1.0)), 1.0))
        art(f"scenery/{name}").draw(self.pen, self.rng, matrix, (x, y), colors, choices)

    def some(self, palette: str, spread: int = 0) -> Color:
        """Pick a colour of a palette, with each channel moved by up to `spread`."""
        color = any_of(self.rng, PALETTES[palette])
        return near(self.rng, color, spread) if spread else color

    def gradient(self, name: str) -> tuple[Color, Color]:
        """Pick one of the gradients of a name."""
        return any_of(self.rng, GRADIENTS[name])

    def band(self, top: float, bottom: float, fill: Fill) -> None:
        """Fill the frame's whole width between two heights."""
        self.pen.shape(box(-0.01, top, self.aspect + 0.01, bottom), fill)

    def sky(self, horizon: float, top: Color, bottom: Color) -> None:
        """A graded sky down to `horizon`."""
        self.band(-0.01, horizon + 0.02, (top, bottom))

    def daylight(self, horizon: float) -> bool:
        """A day or evening sky with its sun and clouds; returns whether it is evening."""
        evening = bool(self.rng.random() < 0.2)
        top, bottom = self.gradient("evening" if evening else "day")
        self.sky(horizon, near(self.rng, top, 10), near(self.rng, bottom, 8))
        if self.rng.random() < 0.6:
            y = (0.75 if evening else 0.3) * horizon * self.rng.uniform(0.5, 1.1)
            glare = (255, 190, 100) if evening else (255, 214, 110)
            x, radius = self.rng.uniform(0.1, 0.9) * self.aspect, self.rng.uniform(0.04, 0.07)
            self.sun(x, y, radius, glare)
        tone = (255, 226, 206) if evening else (255, 253, 248)
        self.clouds(0.72 * horizon, int(self.rng.integers(0, 5)), tone)
        return evening

    def night(self, horizon: float) -> None:
        """A night sky with stars and a moon."""
        self.sky(horizon, *self.gradient("night"))
        self.stars(min(horizon, 0.5))
        low, high = (0.15 * self.aspect, 0.1, 0.04), (0.85 * self.aspect, 0.2, 0.07)
        x, y, radius = self.rng.uniform(low, high)
        self.pen.glow(x, y, 4.5 * radius, (214, 222, 250), 0.6)
        art("scenery/moon").draw(self.pen, self.rng, radius * np.eye(2), (x, y))

    def sun(self, x: float, y: float, radius: float, color: Color) -> None:
        """A disc in its own haze."""
        self.pen.glow(x, y, 5 * radius, light(color, 0.4), 0.8)
        self.pen.shape(ring(x, y, radius), (light(color, 0.5), color))

    def clouds(self, lowest: float, count: int, color: Color) -> None:
        """So many clouds above `lowest`."""
        for _ in range(count):
            x, y = self.rng.uniform((-0.05, 0.08), (self.aspect + 0.05, max(lowest, 0.09)))
            name = any_of(self.rng, ("cloud-1", "cloud-2"))
            self.put(name, x, y, self.rng.uniform(0.08, 0.19), {"cloud": color})

    def stars(self, horizon: float) -> None:
        """Seventy stars of several sizes."""
        xs, ys = self.rng.uniform(0, self.aspect, 70), horizon * self.rng.random(70)
        for x, y, r in zip(xs, ys, self.rng.exponential(0.0016, 70), strict=True):
            self.pen.shape(ring(x, y, 0.0016 + r, count=8), (255, 248, 228))

    def hills(self, base: float, height: float, color: Color, peaks: bool = False) -> None:
        """One ridge across the frame, round or peaked, its foot at the frame's bottom."""
        n = int(self.rng.integers(4, 8))
        x = np.linspace(-0.2, self.aspect + 0.2, n) + self.rng.uniform(-0.06, 0.06, n)
        line = np.stack([x, base - height * self.rng.uniform(0.1, 1.0, n)], 1)
        ridge = line if peaks else curve(line, closed=False)
        corners = [(self.aspect + 0.3, 1.05), (-0.3, 1.05)]
        self.pen.shape(np.concatenate([ridge, corners]), shaded(color, 0.18, 0.1))
        if not peaks:
            return
        for top, before, after in zip(line[1:-1], line[:-2], line[2:], strict=True):
            if top[1] + 0.06 < min(before[1], after[1]):  # snow on what stands out
                left, right = top + 0.3 * (before - top), top + 0.3 * (after - top)
                self.pen.shape([top, right, (left + right) / 2 + np.array((0, 0.012)), left], WHITE)

    def trees(
        self,
        names: tuple[str, ...],
        count: int,
        feet: tuple[float, float],
        sizes: tuple[float, float],
        leaf: Color | None = None,
        snow: bool = False,
    ) -> None:
        """So many trees, their feet and sizes within two ranges."""
        colors = None if leaf is None else {"leaf": leaf}
        for foot in np.sort(self.rng.uniform(*feet, count)):
            x, size = self.rng.uniform(0, self.aspect), self.rng.uniform(*sizes)
            self.put(any_of(self.rng, names), x, foot, size, colors, {"snow": snow})

    def grass(self, top: float, color: Color, blooms: bool, count: int = 90) -> None:
        """Tufts, and sometimes flowers, growing larger towards the viewer."""
        depth = self.rng.random(count) ** 0.7
        xs, ys = self.rng.uniform(0, self.aspect, count), top + 0.02 + (0.98 - top) * depth
        tones = (dark(color, 0.08), dark(color, 0.15), dark(color, 0.22), light(color, 0.2))
        for i, (x, y, d) in enumerate(zip(xs, ys, depth, strict=True)):
            self.pen.shape(placed(_TUFT, x, y, 0.006 + 0.024 * d), tones[i % 4])
        if blooms:
            pair = (self.some("blooms"), self.some("blooms"))
            for i, (x, y, d) in enumerate(zip(xs[:38], ys[:38], depth[:38], strict=True)):
                r = 0.003 + 0.006 * d
                self.pen.shape(ring(x + 0.02, y - 1.5 * r, r, count=8), pair[i % 2])

    def sea(self, rows: tuple[float, float], far: Color, close: Color) -> None:
        """Water between two heights with waves that widen towards the viewer."""
        top, bottom = rows
        self.band(top, bottom, (far, close))
        glitter, trough = (*light(far, 0.8), 120), (*dark(close, 0.25), 90)
        places = zip(self.rng.uniform(-0.05, self.aspect, 60), self.rng.random(60), strict=True)
        for i, (x, d) in enumerate(places):
            wave = placed(_RIPPLE, x, top + 0.012 + (bottom - top) * 0.97 * d, 0.03 + 0.08 * d)
            self.pen.shape(wave, trough if i % 2 else glitter)

    def sand(self, shore: float, color: Color = (238, 212, 160)) -> None:
        """A beach below a foaming edge."""
        color = near(self.rng, color, 8)
        knots = np.stack(
            [np.linspace(-0.1, self.aspect + 0.1, 7), shore + self.rng.uniform(-0.03, 0.03, 7)], 1
        )
        edge, corners = curve(knots, closed=False), [(self.aspect + 0.2, 1.05), (-0.2, 1.05)]
        for rise, tone in ((-0.02, (250, 250, 244)), (-0.006, dark(color, 0.12)), (0.02, color)):
            shape = np.concatenate([edge + np.array((0, rise)), corners])
            self.pen.shape(shape, (tone, light(tone, 0.15)))
        for x, y in self.rng.uniform((0, shore + 0.06), (self.aspect, 1), (26, 2)):
            tone = any_of(self.rng, (dark(color, 0.2), light(color, 0.6), (226, 160, 130)))
            self.pen.shape(ring(x, y, 0.007, 0.004, count=10), tone)

    def snowfall(self) -> None:
        """Flakes in the air."""
        n = int(self.rng.integers(40, 110))
        for x, y, r in self.rng.uniform((0, 0, 0.002), (self.aspect, 1, 0.007), (n, 3)):
            self.pen.shape(ring(x, y, r, count=8), (255, 255, 255, 210))

    def road(self, kerb: float, color: Color) -> None:
        """Pavement slabs above the kerb line, asphalt with a dashed line below it."""
        stone = mix((198, 190, 180), color, 0.3)
        self.band(kerb - 0.09, kerb, (dark(stone, 0.05), light(stone, 0.15)))
        slant = self.rng.uniform(-0.03, 0.03)
        for x in np.arange(-0.05, self.aspect + 0.05, 0.11):
            self.pen.stroke([(x, kerb - 0.09), (x + slant, kerb - 0.012)], 0.004, dark(stone, 0.2))
        self.band(kerb - 0.014, kerb + 0.012, shaded(stone, 0.35, 0.2))
        self.band(kerb + 0.012, 1.01, (dark(color, 0.12), color))
        middle = kerb + 0.55 * (1 - kerb)
        for x in np.arange(-self.rng.uniform(0, 0.2), self.aspect, 0.24):
            upper, lower = [(x, middle), (x + 0.13, middle)], middle + 0.018
            self.pen.shape([*upper, (x + 0.12, lower), (x - 0.01, lower)], light(color, 0.7))

    def wallpaper(self, bottom: float, color: Color) -> None:
        """A plain, striped, dotted or panelled wall."""
        self.band(-0.01, bottom, shaded(color, 0.12, 0.06))
        tone = dark(color, 0.12) if self.rng.random() < 0.4 else light(color, 0.3)
        style, step = int(self.rng.integers(4)), self.rng.uniform(0.09, 0.15)
        if style == 1:
            for x in np.arange(self.rng.uniform(-step, 0), self.aspect, step):
                self.pen.shape(box(x, -0.01, x + 0.45 * step, bottom), tone)
        elif style == 2:
            for i, y in enumerate(np.arange(0.03, bottom, 0.8 * step)):
                for x in np.arange((i % 2) * step / 2, self.aspect, step):
                    self.pen.shape(ring(x, y, 0.16 * step, count=12), tone)
        elif style == 3:
            rail = 0.55 * bottom
            self.band(rail, bottom, (light(color, 0.55), light(color, 0.4)))
            self.band(rail - 0.012, rail + 0.012, light(color, 0.75))
            for x in np.arange(self.rng.uniform(0, 0.08), self.aspect, 0.09):
                self.pen.stroke([(x, rail + 0.02), (x, bottom)], 0.006, light(color, 0.25))

    def planks(
        self, area: tuple[float, float, float, float], color: Color, upright: bool = False
    ) -> None:
        """Boards with seams and a little grain over `area` (x0, y0, x1, y1)."""
        self.pen.shape(box(*area), shaded(color, 0.15, 0.12))
        axis = 0 if upright else 1
        (start, end), (low, high) = (area[axis::2], area[1 - axis :: 2])
        step = self.rng.uniform(0.1, 0.2)
        for seam in np.arange(start, end, step):
            grain, first, last = (
                seam + step * self.rng.uniform(0.2, 0.8),
                *self.rng.uniform(low, high, 2),
            )
            lines = [(seam, low, high, 0.006, 255), (min(grain, end), first, last, 0.004, 90)]
            for at, one, other, width, opacity in lines:
                line = np.array([(at, one), (at, other)])
                self.pen.stroke(
                    line if upright else line[:, ::-1], width, (*dark(color, 0.3), opacity)
                )

    def gingham(self, color: Color) -> None:
        """A checked tablecloth filling the frame."""
        self.band(-0.01, 1.01, CREAM)
        step = self.rng.uniform(0.1, 0.2)
        veil = (*color, 88)  # two veils over each other make the darker checks
        for a in np.arange(-self.rng.uniform(0, 1) * step, max(self.aspect, 1.0), step):
            self.pen.shape(box(a, -0.01, a + step / 2, 1.01), veil)
            self.band(a, a + step / 2, veil)

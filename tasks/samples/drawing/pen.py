"""A vector pen over Pillow: shapes in the caller's units, drawn large and scaled down once.

`Pen` draws scenery on an opaque sheet; `ObjectPen` draws one object on a transparent sheet and
keeps what the object covers apart from its props (the pole of a sign, the string of a kite).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tasks.samples.drawing.colors import Color, mix
from tasks.samples.drawing.shapes import Point, Points

Size = tuple[int, int]  # width and height in pixels
MARGIN = 2  # final pixels left around a cutout, for the blurs that follow
Fill = Color | tuple[Color, Color]  # one colour, or a gradient from the shape's top to its bottom


class Pen:
    """Draws on a sheet of `size` final pixels, held `supersample` times larger until finished.

    `matrix` (2x2) and `origin` (pixels) map the caller's units to final pixels, y downwards.
    """

    def __init__(self, size: Size, matrix: np.ndarray, origin: Point, supersample: int):
        self.supersample = supersample
        self.sheet = Image.new("RGB", (size[0] * supersample, size[1] * supersample), "gray")
        self._solid = ImageDraw.Draw(self.sheet)
        self._glaze = ImageDraw.Draw(self.sheet, "RGBA")  # blends, which is slower
        self._covers: list[ImageDraw.ImageDraw] = []  # masks of what opaque shapes cover
        self._matrix = np.asarray(matrix, dtype=np.float64).T * supersample
        self._origin = np.asarray(origin, dtype=np.float64) * supersample
        self._unit = float(np.sqrt(abs(np.linalg.det(self._matrix))))

    def shape(
        self, points: Points, fill: Fill, ink: Color | None = None, width: float = 0.03
    ) -> None:
        """Fill a closed outline; `ink` also draws its edge, `width` units wide.

        A translucent fill (RGBA) is a glaze: on an object it shows only where the object is.
        """
        p = self._pixels(points)
        if isinstance(fill[0], tuple):
            self._gradient(p, self.lit(fill[0]), self.lit(fill[1]))
        else:
            self._polygon(p, self.lit(fill))
        if ink is not None:
            self._line(p, width, self.lit(ink), closed=True)

    def stroke(self, points: Points, width: float, fill: Color) -> None:
        """Draw an open line with round ends."""
        p, fill = self._pixels(points), self.lit(fill)
        self._line(p, width, fill)
        r = width * self._unit / 2
        if r > 1:
            for x, y in (p[0], p[-1]):
                for sheet, color in self._targets(fill):
                    sheet.ellipse((x - r, y - r, x + r, y + r), fill=color)

    def glow(self, x: float, y: float, radius: float, color: Color, strength: float = 1.0) -> None:
        """Lay a soft round light (or shade) of `color` over what is there."""
        (cx, cy), r = self._pixels([(x, y)])[0], radius * self._unit
        left, top = max(0, round(cx - r)), max(0, round(cy - r))
        right, bottom = min(self.sheet.width, round(cx + r)), min(self.sheet.height, round(cy + r))
        if right - left < 2 or bottom - top < 2:
            return
        # only the part of the disc that falls on the sheet is enlarged
        scale = 128 / (2 * r)
        x0, y0, x1, y1 = (
            float(np.clip((edge + r) * scale, 0, 128))
            for edge in (left - cx, top - cy, right - cx, bottom - cy)
        )
        disc = _soft_disc(round(strength, 2))
        size = (right - left, bottom - top)
        mask = disc.resize(size, Image.Resampling.BILINEAR, (x0, y0, x1, y1))
        self.sheet.paste(color[:3], (left, top), mask)

    def soft(self, points: Points, color: Color, blur: float, strength: float = 1.0) -> None:
        """Tint what is within an outline whose edge is `blur` units soft."""
        p, radius = self._pixels(points), blur * self._unit
        reach = 2.5 * radius + 2
        left, top = np.maximum(np.floor(p.min(0) - reach), 0).astype(int).tolist()
        right, bottom = np.minimum(np.ceil(p.max(0) + reach), self.sheet.size).astype(int).tolist()
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top))
        outline = (p - (left, top)).ravel().tolist()
        ImageDraw.Draw(mask).polygon(outline, fill=round(255 * strength))
        mask = mask.filter(ImageFilter.GaussianBlur(radius))
        box = (left, top, right, bottom)
        self.sheet.paste(color[:3], box, self._clipped(mask, box))

    def _clipped(self, mask: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
        return mask

    def crease(
        self, points: Points, width: float, color: Color, blur: float, strength: float = 1.0
    ) -> None:
        """Tint along an open line, `width` units wide in its middle and thin at its ends."""
        line = np.asarray(points, dtype=np.float64)
        half = np.interp(np.linspace(-1, 1, len(line)), (-1, 0, 1), (0.15, 0.5, 0.15)) * width
        ribbon = _ribbon(line, np.gradient(line, axis=0), half[:, None])
        self.soft(ribbon, color, blur, strength)

    def lit(self, color: Color) -> Color:
        """Return how a colour of a shape or line looks in the present light."""
        return color

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Draw what is drawn inside as the part `name`, such as a prop of an object."""
        covers, mask = self._covers, self._mask_of(name)
        self._covers = covers if mask is None else [ImageDraw.Draw(mask)]
        yield
        self._covers = covers

    def _mask_of(self, part: str) -> Image.Image | None:
        """Return what opaque shapes of a part cover; on scenery, all parts are alike."""
        return None

    def cut(self, points: Points) -> None:
        """On a sheet of scenery, there is no hole to be seen through."""

    def finish(self) -> Image.Image:
        """Return the sheet at its final size, RGB."""
        return self.sheet.reduce(self.supersample)

    def _pixels(self, points: Points) -> np.ndarray:
        return np.asarray(points, dtype=np.float64) @ self._matrix + self._origin

    def _targets(self, fill: Color) -> list[tuple[ImageDraw.ImageDraw, Color | int]]:
        if len(fill) == 4:
            return [(self._glaze, fill)]
        return [(self._solid, fill), *((cover, 255) for cover in self._covers)]

    def _polygon(self, p: np.ndarray, fill: Color) -> None:
        flat = p.ravel().tolist()
        for sheet, color in self._targets(fill):
            sheet.polygon(flat, fill=color)

    def _line(self, p: np.ndarray, width: float, fill: Color, closed: bool = False) -> None:
        pixels = max(1, round(width * self._unit))
        if closed:
            p = np.concatenate([p[-1:], p, p[:2]])
        if len(p) > 10 and pixels > 3:
            # Pillow leaves cracks between the pieces of a thick curve: fill its ribbon instead
            if not closed:
                p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
            self._polygon(_ribbon(p[1:-1], p[2:] - p[:-2], pixels / 2), fill)
            return
        flat = p.ravel().tolist()
        joint = "curve" if pixels > 2 else None
        for sheet, color in self._targets(fill):
            sheet.line(flat, fill=color, width=pixels, joint=joint)

    def _gradient(self, p: np.ndarray, top: Color, bottom: Color) -> None:
        if np.ptp(p[:, 1]) < 23:  # too low for a gradient to be seen
            self._polygon(p, mix(top, bottom, 0.5))
            return
        low, high = np.floor(p.min(0)).astype(int), np.ceil(p.max(0)).astype(int) + 1
        x0, y0 = (int(v) for v in np.maximum(low, 0))
        x1, y1 = (int(v) for v in np.minimum(high, self.sheet.size))
        if x1 <= x0 or y1 <= y0:
            return
        t = (np.arange(y0, y1) - low[1])[:, None] / (high[1] - low[1])
        rows = np.array(top[:3]) * (1 - t) + np.array(bottom[:3]) * t
        column = Image.fromarray(rows.round().astype(np.uint8)[:, None])
        bands = column.resize((x1 - x0, y1 - y0), Image.Resampling.NEAREST)
        if len(p) == 4 and np.ptp(p[:, 0]) == abs(p[1, 0] - p[0, 0]) and p[0, 1] == p[1, 1]:
            self.sheet.paste(bands, (x0, y0))  # an upright rectangle needs no mask
        else:
            mask = Image.new("L", bands.size)
            ImageDraw.Draw(mask).polygon((p - (x0, y0)).ravel().tolist(), fill=255)
            self.sheet.paste(bands, (x0, y0), mask)
        for cover in self._covers:
            cover.polygon(p.ravel().tolist(), fill=255)


class ObjectPen(Pen):
    """A pen on a transparent sheet that records which pixels belong to the object."""

    def __init__(self, size: Size, matrix: np.ndarray, origin: Point, supersample: int):
        super().__init__(size, matrix, origin, supersample)
        self._object = Image.new("L", self.sheet.size)
        self._prop = Image.new("L", self.sheet.size)
        self._covers = [ImageDraw.Draw(self._object)]

    def _mask_of(self, part: str) -> Image.Image | None:
        return self._prop if part == "prop" else None

    def cut(self, points: Points) -> None:
        """Cut a hole into what the object covers so far."""
        for cover in self._covers:
            cover.polygon(self._pixels(points).ravel().tolist(), fill=0)

    def cutout(self) -> tuple[Image.Image, Image.Image]:
        """Return the drawing, RGBA, and the object's own coverage, L, cropped to what is drawn.

        Both keep `MARGIN` empty pixels on every side.

        Raises:
            ValueError: nothing was drawn.
        """
        both, n = ImageChops.lighter(self._object, self._prop), self.supersample
        drawn = both.getbbox()
        if drawn is None:
            raise ValueError("The pen has drawn nothing, so there is nothing to cut out.")
        x0, y0, x1, y1 = drawn
        left, top = (x0 // n - MARGIN) * n, (y0 // n - MARGIN) * n
        bounds = (left, top, (-(-x1 // n) + MARGIN) * n, (-(-y1 // n) + MARGIN) * n)
        image = self.sheet.crop(bounds)
        image.putalpha(both.crop(bounds))
        # reducing RGBA weighs colours by alpha, so that the bare sheet does not bleed into the edge
        return image.reduce(n), self._object.crop(bounds).reduce(n)


def _ribbon(line: np.ndarray, along: np.ndarray, half: float | np.ndarray) -> np.ndarray:
    """Return the outline of a line [N, 2] with a direction at each point and half a width."""
    along = along / (np.hypot(along[:, :1], along[:, 1:]) + 1e-9)
    across = along[:, ::-1] * (-1, 1) * half
    return np.concatenate([line + across, (line - across)[::-1]])


@lru_cache(maxsize=32)
def _soft_disc(strength: float) -> Image.Image:
    r = np.hypot(*np.meshgrid(*[np.linspace(-1, 1, 128)] * 2))
    return Image.fromarray((255 * strength * np.clip(1 - r, 0, 1) ** 2).round().astype(np.uint8))

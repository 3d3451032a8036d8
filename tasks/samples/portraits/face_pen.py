"""A pen for a head in space: it turns what is drawn flat, and keeps soft tones on the skin."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from tasks.samples.drawing.colors import Color
from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import Points, curve

SUPERSAMPLE = 2


class FacePen(Pen):
    """Draws on a `background` (RGB) in units of the distance between the eyes.

    The head is turned by `yaw` and `pitch` (degrees) as a rounded body, and then placed so that
    the eyes are half a unit on either side of the origin.
    """

    def __init__(
        self,
        background: Image.Image,
        matrix: np.ndarray,
        origin: tuple[float, float],
        yaw: float,
        pitch: float,
    ):
        super().__init__(background.size, matrix, origin, SUPERSAMPLE)
        self.sheet.paste(background.resize(self.sheet.size, Image.Resampling.BILINEAR))
        angles = np.radians((yaw, pitch))
        self._lean, self._keep, self._shift = np.sin(angles), np.cos(angles), np.zeros(2)
        left, right = self.turned([(-0.5, 0.0), (0.5, 0.0)])
        scale = 1 / float(np.hypot(*(right - left)))
        self._lean, self._keep = scale * self._lean, scale * self._keep
        self._shift = scale * (left + right) / 2
        self.skin = Image.new("L", self.sheet.size)

    def turned(self, points: Points) -> np.ndarray:
        """Return where `points` of the front view are seen, in the same units, [N, 2]."""
        p = np.asarray(points, dtype=np.float64)
        x, y = p[:, 0] ** 2, p[:, 1]
        z = 1.05 * np.sqrt(np.maximum(1 - x / 1.44 - (y - 0.1) ** 2 / 4, 0))
        z += 0.3 * np.exp(x / -0.058 - (y - 0.6) ** 2 / 0.068)  # the nose
        return p * self._keep + z[:, None] * self._lean - self._shift

    def pixels(self, points: Points) -> np.ndarray:
        """Return where `points` of the front view are in the finished picture, [N, 2]."""
        return self._pixels(points) / self.supersample

    def grid(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y, in the turned view, of every `step`-th pixel of the finished picture."""
        width, height = (-(-n // (self.supersample * step)) for n in self.sheet.size)
        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), 2) * step + step / 2
        seen = (pixels * self.supersample - self._origin) @ np.linalg.inv(self._matrix)
        return seen[..., 0].astype(np.float32), seen[..., 1].astype(np.float32)

    def _pixels(self, points: Points) -> np.ndarray:
        return super()._pixels(self.turned(points))

    @contextmanager
    def lowered(self, by: float) -> Iterator[None]:
        """Move what is drawn inside down by `by` units."""
        origin = self._origin
        self._origin = origin + np.array((0, by)) @ self._matrix
        yield
        self._origin = origin

    @contextmanager
    def on_skin(self) -> Iterator[None]:
        """Make the opaque shapes drawn inside the skin, in place of any earlier skin."""
        self.skin = Image.new("L", self.sheet.size)
        self._covers = [ImageDraw.Draw(self.skin)]
        yield
        self._covers = []

    def on_head(self, points: Points) -> np.ndarray:
        """Return which of `points` are skin, bool [N]."""
        column, row = self._pixels(points).round().astype(int).T
        width, height = self.skin.size
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        return inside & (np.asarray(self.skin)[row % height, column % width] > 127)

    def _clipped(self, mask: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
        return ImageChops.multiply(mask, self.skin.crop(box))

    def crease(
        self, points: Points, width: float, color: Color, strength: float = 0.8, blur: float = 0.02
    ) -> None:
        """Draw a fold of the skin along a curve, thin at its ends."""
        line = curve(points, closed=False)
        self.soft(_ribbon(line, (0.3 * width, width, 0.3 * width)), color, blur, strength)

    def taper(self, points: Points, widths: tuple[float, ...], color: Color) -> None:
        """Draw a curve through `points`, `widths` thick along it."""
        self.shape(_ribbon(curve(points, closed=False), widths), color)

    def hairs(self, lines: np.ndarray, width: float, colors: Sequence[Color]) -> None:
        """Draw many fine lines [N, M, 2] in alternating colours."""
        for i, line in enumerate(self._pixels(lines.reshape(-1, 2)).reshape(lines.shape)):
            self._line(line, width, colors[i % len(colors)])

    def dots(self, points: np.ndarray, radius: float, color: Color) -> None:
        """Draw many small discs, [N, 2]."""
        r = radius * self._unit
        for x, y in self._pixels(points).tolist():
            for sheet, ink in self._targets(color):
                sheet.ellipse((x - r, y - r, x + r, y + r), fill=ink)

    def tinted(self, mask: np.ndarray, step: int, color: Color) -> None:
        """Tint the whole skin by a mask, float in 0..1, given on the points of `grid(step)`."""
        box = self.skin.getbbox()
        if box is None:  # all of it is outside the frame
            return
        x0, y0, x1, y1 = (edge / (step * self.supersample) for edge in box)
        amount = Image.fromarray((255 * mask).astype(np.uint8))
        size = (box[2] - box[0], box[3] - box[1])
        amount = amount.resize(size, Image.Resampling.BILINEAR, (x0, y0, x1, y1))
        self.sheet.paste(color[:3], box, ImageChops.multiply(amount, self.skin.crop(box)))


def band(x: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the outline between two edges over the same `x`, [2 * N, 2]."""
    return np.stack([np.r_[x, x[::-1]], np.r_[above, below[::-1]]], 1)


def mirrored(points: Points) -> list[np.ndarray]:
    """Return the points of the right side, and their mirror image on the left."""
    own = np.asarray(points, dtype=np.float64)
    return [own, own * (-1, 1)]


def _ribbon(lines: np.ndarray, widths: tuple[float, ...]) -> np.ndarray:
    """Return the outlines [..., 2 * M, 2] of lines [..., M, 2] that are `widths` thick along."""
    along = np.empty_like(lines)
    along[..., 1:-1, :] = lines[..., 2:, :] - lines[..., :-2, :]
    along[..., 0, :] = lines[..., 1, :] - lines[..., 0, :]
    along[..., -1, :] = lines[..., -1, :] - lines[..., -2, :]
    count = lines.shape[-2]
    half = np.interp(np.linspace(0, len(widths) - 1, count), range(len(widths)), widths) / 2
    half = half / (np.hypot(along[..., 0], along[..., 1]) + 1e-9)
    across = np.stack([-along[..., 1] * half, along[..., 0] * half], -1)
    return np.concatenate([lines + across, (lines - across)[..., ::-1, :]], -2)

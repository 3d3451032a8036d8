"""A pen for a head in space: it gives a drawing a person's proportions and turns it.

Faces are drawn once, as files of `art/faces`, for a head of middling proportions with its eyes half
a unit on either side of the origin. A row of `tables/proportions.csv` says how one proportion moves
what is near a point of that drawing, in hundredths of the unit: by (dx, dy) and by a share
(sx, sy) of the distance from the point, less with the distance, as a bell curve of `wide` and
`high`.
"""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageChops

from tasks.samples.drawing.pen import Pen
from tasks.samples.drawing.shapes import Points
from tasks.samples.tables import table

SUPERSAMPLE = 2

_STEP = 0.1  # of the lattice on which a face is fitted and turned; between, it is interpolated
_COLUMNS, _ROWS = _STEP * np.arange(-32, 33), _STEP * np.arange(-32, 37)
_FIRST, _SHAPE = np.array([_COLUMNS[0], _ROWS[0]]), np.array([len(_COLUMNS), len(_ROWS)])
_NUMBERS = np.array([1, len(_COLUMNS)])  # a point's number, from its column and row

_TABLE = table("proportions")
_NAMES = [row["proportion"] for row in _TABLE]
# each [K, 1], in units
_X, _Y, _WIDE, _HIGH, _DX, _DY, _SX, _SY = (
    np.array([[float(row[key])] for row in _TABLE]) / unit
    for unit, keys in ((100, "x y wide high dx dy"), (1, "sx sy"))
    for key in keys.split()
)
# of the lattice from each row's point, [K, C] and [K, R], and how much it moves with it
_RIGHT, _DOWN = _COLUMNS - _X, _ROWS - _Y
_ACROSS, _ALONG = np.exp(-((_RIGHT / _WIDE) ** 2)), np.exp(-((_DOWN / _HIGH) ** 2))


class FacePen(Pen):
    """Draws on a `background` (RGB) in units of the distance between the eyes.

    `proportions` are those that differ from the drawing's. The head is turned by
    `yaw` and `pitch` (degrees) as a rounded body, and then placed so that the eyes are half a unit
    on either side of the origin.
    """

    def __init__(
        self,
        background: Image.Image,
        matrix: np.ndarray,
        origin: tuple[float, float],
        proportions: Mapping[str, float],
        yaw: float = 0.0,
        pitch: float = 0.0,
    ):
        super().__init__(background.size, matrix, origin, SUPERSAMPLE)
        self.sheet.paste(background.resize(self.sheet.size, Image.Resampling.BILINEAR))
        front = _turned(_fitted(proportions), yaw, pitch)
        left, right = _Lattice(front).seen([(-0.5, 0.0), (0.5, 0.0)])
        level = (front - (left + right) / 2) / np.hypot(*(right - left))
        self._lattice = _Lattice(level @ self._matrix + self._origin)
        self._skin = Image.new("L", self.sheet.size)

    def pixels(self, points: Points) -> np.ndarray:
        """Return where `points` of the drawing are in the finished picture, [N, 2]."""
        return self._pixels(points) / self.supersample

    def _mask_of(self, part: str) -> Image.Image | None:
        if part != "skin":
            return None
        self._skin = Image.new("L", self.sheet.size)  # in place of any earlier skin
        return self._skin

    def _pixels(self, points: Points) -> np.ndarray:
        return self._lattice.seen(points)

    def _clipped(self, mask: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
        """Keep soft tones on the skin."""
        return ImageChops.multiply(mask, self._skin.crop(box))


class _Lattice:
    """Where the lattice's points are seen, and what lies between them."""

    def __init__(self, points: np.ndarray):
        # as complex numbers, x + yi: one array operation in place of two
        self._points = points.view(np.complex128)[:, 0]
        self._steps = np.diff(self._points, append=0)  # to the next point on the right

    def seen(self, points: Points) -> np.ndarray:
        """Return where `points` of the drawing are seen, [N, 2]."""
        p = (np.asarray(points, dtype=np.float64) - _FIRST) / _STEP
        corner = np.minimum(p.astype(int), _SHAPE - 2)
        right, down = (p - corner).T
        one = corner @ _NUMBERS
        below = one + len(_COLUMNS)
        upper = self._points[one] + right * self._steps[one]
        lower = self._points[below] + right * self._steps[below]
        return (upper + down * (lower - upper)).view(np.float64).reshape(-1, 2)


def _fitted(proportions: Mapping[str, float]) -> np.ndarray:
    """Return where the lattice's points are in a face of such proportions, [R * C, 2]."""
    amounts = np.array([[proportions.get(name, 0.0)] for name in _NAMES])
    x = _ALONG.T @ (amounts * (_DX + _SX * _RIGHT) * _ACROSS) + _COLUMNS
    y = (amounts * (_DY + _SY * _DOWN) * _ALONG).T @ _ACROSS + _ROWS[:, None]
    return np.stack([x, y], 2).reshape(-1, 2)


def _turned(points: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """Return where points [..., 2] of the front view are seen on a head that is turned."""
    x, y = points[..., 0] ** 2, points[..., 1]
    z = 1.05 * np.sqrt(np.maximum(1 - x / 1.44 - (y - 0.1) ** 2 / 4, 0))
    z += 0.3 * np.exp(x / -0.058 - (y - 0.6) ** 2 / 0.068)  # the nose
    angles = np.radians((yaw, pitch))
    return points * np.cos(angles) + z[..., None] * np.sin(angles)

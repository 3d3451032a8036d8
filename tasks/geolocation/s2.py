"""S2 cells: which cell a coordinate falls in, for whole arrays at once; a cell's corners and area.

The cells are those of Google's S2 library (s2geometry.io): each face of a cube around the Earth is
a tree of quarters down to level 30, numbered along a Hilbert curve, so that all cells inside a cell
have ids in one range. Corners and areas come from the library, `s2geometry`, Google's own bindings.
It takes one coordinate a call, 8 microseconds each; the projection below takes arrays, some twenty
times faster, and the tests hold its ids to the library's.
"""

import numpy as np

from backbone.errors import InputError
from tasks.geolocation.sphere import EARTH_RADIUS_KM, unit_vectors

try:
    import s2geometry
except ModuleNotFoundError as error:
    raise InputError(
        "geolocation needs the package s2geometry, which publishes no wheel for this machine: "
        "build it with `pip install s2geometry` (it wants a C++ compiler, CMake, Abseil, OpenSSL)"
    ) from error

LEAF = 30  # the deepest level: cells of about a centimetre

# A face's u and v are two of (x, y, z), signed, over the component that the face stands on.
U_AXIS, U_SIGN = np.array([1, 0, 0, 2, 2, 1]), np.array([1, -1, -1, 1, 1, -1.0])
V_AXIS, V_SIGN = np.array([2, 2, 1, 1, 0, 0]), np.array([1, 1, -1, 1, -1, -1.0])

# One step of the Hilbert curve. The row is the curve's orientation in this square (bit 0: axes
# exchanged, bit 1: run backwards), the column the quarter 2i + j: where on the curve that quarter
# comes, and the orientation inside of it.
POSITION = np.array([[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]])
ORIENTATION = np.arange(4)[:, None] ^ np.array([1, 0, 0, 3])[POSITION]
STEP = (POSITION | ORIENTATION << 2).astype(np.uint8).ravel()


def cell_ids(latitude: np.ndarray, longitude: np.ndarray, level: int) -> np.ndarray:
    """The cell of a level that each coordinate lies in.

    Args:
        latitude, longitude: float[N] degrees within ±90 and ±180.
        level: 0 (the six faces) to 30.

    Returns:
        uint64[N] S2 cell ids.
    """
    # one meridian with two names, which rounding would put on the two sides of a seam
    point = unit_vectors(latitude, np.where(longitude == -180, 180, longitude))
    size = np.abs(point)
    axis = 2 - size[:, ::-1].argmax(axis=1)  # of equal components the last, as the library has it
    row = np.arange(len(point))
    stem = point[row, axis]
    face = axis + 3 * (stem < 0)
    u = U_SIGN[face] * point[row, U_AXIS[face]] / stem
    v = V_SIGN[face] * point[row, V_AXIS[face]] / stem
    i, j = _squares(u, level), _squares(v, level)
    place, orientation = face.astype(np.uint64), (face & 1).astype(np.uint8)
    for bit in range(level - 1, -1, -1):
        quarter = ((i >> bit & 1) << 1 | j >> bit & 1).astype(np.uint8)
        step = STEP[orientation << 2 | quarter]
        place = place << np.uint64(2) | (step & 3)
        orientation = step >> 2
    # the path from the face down, then a one, then zeros
    return (place << np.uint64(1) | np.uint64(1)) << np.uint64(2 * (LEAF - level))


def cell_levels(ids: np.ndarray) -> np.ndarray:
    """int64[N]: the level of each cell."""
    zeros = np.log2(_last_one(ids).astype(np.float64)).astype(np.int64)
    return LEAF - zeros // 2


def ranges(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint64[N] twice: the first and last id among all cells inside each cell, itself included."""
    half = _last_one(ids) - np.uint64(1)
    return ids - half, ids + half


def parents(ids: np.ndarray, level: int) -> np.ndarray:
    """uint64[N]: the cell of a level, not deeper than theirs, that holds each cell."""
    one = np.uint64(1) << np.uint64(2 * (LEAF - level))
    return ids & (~one + np.uint64(1)) | one


def corners(cell: int) -> np.ndarray:
    """float64[4,2]: latitude and longitude of a cell's corners, anticlockwise seen from above.

    The sides between them are great circles.
    """
    square = s2geometry.S2Cell(s2geometry.S2CellId(int(cell)))
    points = (s2geometry.S2LatLng(square.GetVertex(k)) for k in range(4))
    return np.array([(p.lat().degrees(), p.lng().degrees()) for p in points])


def area_km2(cell: int) -> float:
    """The exact area of a cell on the sphere."""
    square = s2geometry.S2Cell(s2geometry.S2CellId(int(cell)))
    return square.ExactArea() * EARTH_RADIUS_KM**2


def _squares(u: np.ndarray, level: int) -> np.ndarray:
    """The column of a face's grid that u, -1 to 1, falls in: int64[N].

    S2's quadratic projection, which makes cells of a level nearly equal in area.
    """
    root = 0.5 * np.sqrt(1 + 3 * np.abs(u))
    leaf = np.floor(np.where(u >= 0, root, 1 - root) * 2**LEAF).astype(np.int64)
    return leaf.clip(0, 2**LEAF - 1) >> (LEAF - level)


def _last_one(ids: np.ndarray) -> np.ndarray:
    return ids & (~ids + np.uint64(1))

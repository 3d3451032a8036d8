"""S2 cells: the cells of whole arrays of coordinates, and a cell's corners and area.

The cells are those of Google's S2 library (s2geometry.io). Each face of a cube around the Earth is
a quadtree down to level 30. Cells are numbered along a Hilbert curve, so the ids of all cells
inside one cell form a range. Corners and areas come from `s2geometry`, Google's own bindings, which
take one coordinate per call, at 8 microseconds each. The projection below takes arrays and is about
twenty times faster; the tests compare its ids with the library's.
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

# A face's u and v are two of (x, y, z), with a sign, divided by the component along its normal.
U_AXIS, U_SIGN = np.array([1, 0, 0, 2, 2, 1]), np.array([1, -1, -1, 1, 1, -1.0])
V_AXIS, V_SIGN = np.array([2, 2, 1, 1, 0, 0]), np.array([1, 1, -1, 1, -1, -1.0])

# One step of the Hilbert curve. Row: the curve's orientation in this square (bit 0: axes exchanged,
# bit 1: run backwards). Column: the quarter 2i + j. POSITION is the position of that quarter on the
# curve, ORIENTATION the curve's orientation inside it.
POSITION = np.array([[0, 1, 3, 2], [0, 3, 1, 2], [2, 3, 1, 0], [2, 1, 3, 0]])
ORIENTATION = np.arange(4)[:, None] ^ np.array([1, 0, 0, 3])[POSITION]
STEP = (POSITION | ORIENTATION << 2).astype(np.uint8).ravel()


def cell_ids(latitude: np.ndarray, longitude: np.ndarray, level: int) -> np.ndarray:
    """The cell of one level for each coordinate.

    Args:
        latitude, longitude: float[N] degrees within ±90 and ±180.
        level: 0 (the six faces) to 30.

    Returns:
        uint64[N] S2 cell ids.
    """
    # -180 and 180 are the same meridian, but rounding would put them on two sides of a seam
    point = unit_vectors(latitude, np.where(longitude == -180, 180, longitude))
    size = np.abs(point)
    axis = 2 - size[:, ::-1].argmax(axis=1)  # the last of equal components, as in the library
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
    # an id is the path down from the face, then a one, then zeros
    return (place << np.uint64(1) | np.uint64(1)) << np.uint64(2 * (LEAF - level))


def are_cells(ids: np.ndarray) -> np.ndarray:
    """bool[N]: which numbers are ids of S2 cells. The library may crash on those that are not."""
    face = ids >> np.uint64(2 * LEAF + 1)
    return (face < 6) & (_last_one(ids) & np.uint64(0x1555555555555555) != 0)


def cell_levels(ids: np.ndarray) -> np.ndarray:
    """int64[N]: the level of each cell."""
    zeros = np.log2(_last_one(ids).astype(np.float64)).astype(np.int64)
    return LEAF - zeros // 2


def ranges(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and last id among all cells inside each cell, including itself: uint64[N] each."""
    half = _last_one(ids) - np.uint64(1)
    return ids - half, ids + half


def parents(ids: np.ndarray, level: int) -> np.ndarray:
    """uint64[N]: the ancestor of each cell at a level that is no deeper than the cell's own."""
    one = np.uint64(1) << np.uint64(2 * (LEAF - level))
    return ids & (~one + np.uint64(1)) | one


def corners(cell: int) -> np.ndarray:
    """float64[4, 2]: latitude and longitude of a cell's corners, anticlockwise seen from above.

    The sides between them are great circles.
    """
    square = s2geometry.S2Cell(s2geometry.S2CellId(int(cell)))
    points = (s2geometry.S2LatLng(square.GetVertex(k)) for k in range(4))
    return np.array([(p.lat().degrees(), p.lng().degrees()) for p in points])


def area_km2(cell: int) -> float:
    """The exact area of a cell on the sphere."""
    square = s2geometry.S2Cell(s2geometry.S2CellId(int(cell)))
    return float(square.ExactArea()) * EARTH_RADIUS_KM**2


def _squares(u: np.ndarray, level: int) -> np.ndarray:
    """int64[N]: the column of a face's grid that u, in -1..1, falls in.

    S2's quadratic projection makes all cells of a level nearly equal in area.
    """
    root = 0.5 * np.sqrt(1 + 3 * np.abs(u))
    leaf = np.floor(np.where(u >= 0, root, 1 - root) * 2**LEAF).astype(np.int64)
    return leaf.clip(0, 2**LEAF - 1) >> (LEAF - level)


def _last_one(ids: np.ndarray) -> np.ndarray:
    return ids & (~ids + np.uint64(1))

"""The map of the page: coastlines as paths, and the cell under each pixel."""

from typing import Any

import numpy as np

from tasks.geolocation.coastlines import outlines
from tasks.geolocation.partition import Partition
from tasks.geolocation.world_map import HEIGHT, WIDTH, WorldMap, project

MAP_WIDTH = 1000  # pixels
SMALLEST_SHOWN_KM2 = 2000  # of land and lakes
MAP_HEIGHT = round(MAP_WIDTH * HEIGHT / WIDTH)
UNIT = MAP_WIDTH / WIDTH  # pixels per unit of the projection


def earth_paths() -> dict[str, Any]:
    """Coastlines as the `d` of SVG paths, in pixels of a map that is MAP_WIDTH wide.

    Returns:
        `width` and `height` of the map, `unit`, pixels per unit of the projection, and the paths
        `ring`, `land`, `lakes` and `shores`.
    """
    edge = np.linspace(-90, 90, 91)
    ring = np.stack([np.r_[edge, edge[::-1]], np.repeat([180.0, -180.0], edge.size)], axis=1)
    shapes = outlines(SMALLEST_SHOWN_KM2)
    return {
        "width": MAP_WIDTH,
        "height": MAP_HEIGHT,
        "unit": UNIT,
        "ring": _path(ring, "Z"),
        "land": "".join(_path(shape.points, "Z") for shape in shapes if not shape.lake),
        "lakes": "".join(_path(shape.points, "Z") for shape in shapes if shape.lake),
        "shores": "".join(_path(line) for shape in shapes for line in _lines(shape.shore())),
    }


def cells_under_pixels(partition: Partition) -> np.ndarray:
    """The number of the cell under each pixel of the map, int32[H, W]; below 0: there is none."""
    cells: np.ndarray = WorldMap(partition, MAP_WIDTH).cells
    return cells.astype("<i4")


def _lines(points: np.ndarray) -> list[np.ndarray]:
    """The parts of a line between rows of NaN."""
    gaps = np.flatnonzero(np.isnan(points[:, 0]))
    parts = [part[~np.isnan(part[:, 0])] for part in np.split(points, gaps)]
    return [part for part in parts if len(part) > 1]


def _path(points: np.ndarray, end: str = "") -> str:
    """A line through degrees [N, 2], to half a pixel; points that fall together are one."""
    x, y = project(*points.T)
    places = np.stack([MAP_WIDTH / 2 + x * UNIT, UNIT * HEIGHT / 2 - y * UNIT], axis=1)
    places = np.rint(2 * places) / 2
    new = np.r_[True, (places[1:] != places[:-1]).any(1)]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places[new].tolist()) + end

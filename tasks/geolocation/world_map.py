"""World maps of values in cells, in an equal-area projection, with coastlines."""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import ArrayLike

from tasks.geolocation.coastlines import outlines
from tasks.geolocation.partition import Partition
from tasks.runs.plots import save_figure

LAND, WATER, SHORE = "#dedcd6", "#f7f9fb", "#33383d"
SMALLEST_KM2 = 600  # of land and lakes that are drawn: a few pixels
SMALLEST_BORDERED = 8  # pixels: narrower cells have no border
# darker than the sea, but not so dark that coastlines disappear
COLORS = ListedColormap(matplotlib.colormaps["YlGnBu"](np.linspace(0.1, 0.78, 256)))
POLYNOMIAL = (1.340264, -0.081106, 0.000893, 0.003796)


def project(latitude: ArrayLike, longitude: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Convert degrees to x and y of the Equal Earth projection (Šavrič, Patterson and Jenny 2018).

    Equal areas on the Earth are equal areas on the map. 0, 0 is in the middle.
    """
    a, b, c, d = POLYNOMIAL
    root = np.sqrt(3)
    theta = np.arcsin(root / 2 * np.sin(np.radians(latitude)))
    slope = 9 * d * theta**8 + 7 * c * theta**6 + 3 * b * theta**2 + a
    x = 2 * root * np.radians(longitude) * np.cos(theta) / (3 * slope)
    return x, d * theta**9 + c * theta**7 + b * theta**3 + a * theta


WIDTH, HEIGHT = 2 * float(project(0, 180)[0]), 2 * float(project(90, 0)[1])


class WorldMap:
    """A map of the cells of a partition, computed once for any number of pictures.

    partition: of the cells.
    width: of the image of the cells, in pixels; if it is larger than the picture, the edges of
        cells become smooth.
    """

    def __init__(self, partition: Partition, width: int = 3200):
        self.cells = _cells_under_pixels(partition, width)  # [H, W], -1: no cell, -2: off the map
        across = width / (4 * 2.0**partition.levels)
        small = np.append(across < SMALLEST_BORDERED, [False, False])[self.cells]
        change = np.zeros(self.cells.shape, bool)
        change[:, 1:] = self.cells[:, 1:] != self.cells[:, :-1]
        change[1:] |= self.cells[1:] != self.cells[:-1]
        self.border = change & ~small

    def draw(
        self, axes: Axes, values: np.ndarray, norm: Normalize, cmap: str | Colormap = COLORS
    ) -> ScalarMappable:
        """Draw the map with a colour for each cell.

        `axes.plot(*project(latitude, longitude), ...)` marks a place on it.

        Args:
            axes: to draw in; its limits become those of the map.
            values: float[C], one for each cell; NaN leaves a cell transparent.
            norm, cmap: Matplotlib's, from values to colours.

        Returns:
            The mapping that a colour bar shows.
        """
        edge = np.linspace(-90, 90, 181)
        outline = project(np.r_[edge, edge[::-1]], np.repeat([180.0, -180.0], edge.size))
        ring = Curve(np.stack(outline, axis=1), closed=True)
        earth = axes.add_patch(PathPatch(ring, facecolor=WATER, edgecolor="none"))
        faces, fills, shores = _shapes()
        axes.add_collection(PolyCollection(faces, facecolors=fills, edgecolors="none"))
        colors = ScalarMappable(norm, cmap)
        extent = (-WIDTH / 2, WIDTH / 2, -HEIGHT / 2, HEIGHT / 2)
        image = axes.imshow(
            self._paint(colors, values), extent=extent, interpolation="antialiased", zorder=2
        )
        image.set_clip_path(earth)
        axes.add_collection(LineCollection(shores, colors=SHORE, linewidths=0.3, zorder=3))
        axes.add_patch(PathPatch(ring, facecolor="none", edgecolor=SHORE, zorder=4))
        axes.axis("off")
        # slightly larger than the map, for the outer half of its outline
        axes.set(
            xlim=[1.003 * x for x in extent[:2]],
            ylim=[1.003 * y for y in extent[2:]],
            aspect="equal",
        )
        return colors

    def _paint(self, colors: ScalarMappable, values: np.ndarray) -> np.ndarray:
        """uint8[H, W, 4]: the cells in their colours, with lighter borders."""
        palette = colors.to_rgba(np.ma.masked_invalid(values), bytes=True)
        palette = np.concatenate([palette, np.zeros((2, 4), np.uint8)])  # for indices -2 and -1
        image: np.ndarray = palette[self.cells]
        image[self.border, :3] = 255 - (255 - image[self.border, :3]) // 2
        return image


def draw_counts(partition: Partition, output: Path, width: int = 3200) -> None:
    """Write a PNG of a partition whose cells are coloured by their numbers of photographs.

    Args:
        partition: to draw.
        output: the file.
        width: see WorldMap.
    """
    low, high = partition.t_min, max(partition.t_max, partition.t_min + 1)
    height, room = 14 * HEIGHT / WIDTH, 0.812  # inches: a map 14 wide, a colour bar below
    figure = Figure(figsize=(14, height + room))
    axes = figure.add_axes((0, room / (height + room), 1, height / (height + room)))
    colors = WorldMap(partition, width).draw(axes, partition.counts, LogNorm(low, high))
    over = "max" if partition.counts.max() > high else "neither"
    below = figure.add_axes((0.3, 0.068, 0.4, 0.02))
    bar = figure.colorbar(colors, cax=below, orientation="horizontal", extend=over)
    bar.outline.set_linewidth(0.6)
    bar.set_label("photographs in a cell", fontsize=11)
    below.tick_params(labelsize=10)
    bar.locator, bar.minorlocator = LogLocator(subs=(1, 2, 5)), NullLocator()
    bar.formatter = FuncFormatter(lambda count, _: f"{count:,.0f}")
    levels = partition.levels
    text = (
        f"{len(partition):,} S2 cells of level {levels.min()} to {levels.max()}\n"
        f"{partition.photographs - partition.dropped_photographs:,} of "
        f"{partition.photographs:,} photographs"
    )
    figure.text(0.01, 0.02, text, fontsize=10, color=SHORE, linespacing=1.5)
    save_map(figure, output)


def save_map(figure: Figure, output: Path) -> None:
    """Write a figure as PNG, atomically."""
    save_figure(figure, output, dpi=150)


@cache
def _shapes() -> tuple[list[np.ndarray], list[str], list[np.ndarray]]:
    """Land and lakes on the map, their colours, and their shores."""
    shapes = outlines(SMALLEST_KM2)
    faces = [np.stack(project(*shape.points.T), axis=1) for shape in shapes]
    shores = [np.stack(project(*shape.shore().T), axis=1) for shape in shapes]
    return faces, [WATER if shape.lake else LAND for shape in shapes], shores


def _cells_under_pixels(partition: Partition, width: int) -> np.ndarray:
    height = round(width * HEIGHT / WIDTH)
    x = ((np.arange(width) + 0.5) / width - 0.5) * WIDTH
    y = (0.5 - (np.arange(height) + 0.5) / height) * HEIGHT
    # y depends on the latitude alone; x is proportional to the longitude
    grid = np.linspace(-90, 90, 18_001)
    latitude = np.interp(y, project(grid, 0)[1], grid)[:, None]
    longitude = x / project(latitude, 1.0)[0]
    on_earth = np.abs(longitude) <= 180
    cells = np.full((height, width), -2, np.int32)
    for row, inside in enumerate(on_earth):  # by rows, which fit in the processor's cache
        east = longitude[row, inside]
        cells[row, inside] = partition.cell_of(np.full_like(east, latitude[row, 0]), east)
    return cells

"""World maps of values in cells: equal-area projection, the cells as an image, coastlines."""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from backbone.files import write_atomically
from tasks.geolocation.coastlines import outlines
from tasks.geolocation.partition import Partition

LAND, WATER, SHORE = "#dedcd6", "#f7f9fb", "#33383d"
SMALLEST_KM2 = 600  # land that is drawn: a few pixels
SEEN = 8  # pixels across from which on a cell shows its border
# neither as light as the sea nor too dark for a coastline to show
COLORS = ListedColormap(matplotlib.colormaps["YlGnBu"](np.linspace(0.1, 0.78, 256)))
POLYNOMIAL = (1.340264, -0.081106, 0.000893, 0.003796)


def project(latitude: np.ndarray, longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees to x and y of the Equal Earth projection (Šavrič, Patterson and Jenny 2018).

    Equal areas on the Earth are equal areas on the map; 0, 0 is its middle.
    """
    a, b, c, d = POLYNOMIAL
    root = np.sqrt(3)
    theta = np.arcsin(root / 2 * np.sin(np.radians(latitude)))
    slope = 9 * d * theta**8 + 7 * c * theta**6 + 3 * b * theta**2 + a
    x = 2 * root * np.radians(longitude) * np.cos(theta) / (3 * slope)
    return x, d * theta**9 + c * theta**7 + b * theta**3 + a * theta


WIDTH, HEIGHT = 2 * project(0, 180)[0], 2 * project(90, 0)[1]


class WorldMap:
    """A map of the Earth's cells, worked out once for any number of pictures.

    Args:
        partition: the cells.
        width: pixels of the cells' image; more than the picture's smooths their edges.
    """

    def __init__(self, partition: Partition, width: int = 3200):
        self.cells = _cells_under_pixels(partition, width)  # [H,W], -1 none, -2 not on the Earth
        across = width / (4 * 2.0**partition.levels)
        small = np.append(across < SEEN, [False, False])[self.cells]
        change = np.zeros(self.cells.shape, bool)
        change[:, 1:] = self.cells[:, 1:] != self.cells[:, :-1]
        change[1:] |= self.cells[1:] != self.cells[:-1]
        self.border = change & ~small

    def draw(
        self, axes: Axes, values: np.ndarray, norm: Normalize, cmap: str | Colormap = COLORS
    ) -> ScalarMappable:
        """Draw the map with a colour for each cell.

        To mark a place on it: `axes.plot(*project(latitude, longitude), ...)`.

        Args:
            axes: to draw in; becomes as large as the map.
            values: float[C], one a cell; NaN leaves it clear.
            norm, cmap: values to colours, as Matplotlib has them.

        Returns:
            What a colour bar shows.
        """
        edge = np.linspace(-90, 90, 181)
        ring = project(np.r_[edge, edge[::-1]], np.repeat([180.0, -180.0], edge.size))
        ring = Curve(np.stack(ring, axis=1), closed=True)
        earth = axes.add_patch(PathPatch(ring, facecolor=WATER, edgecolor="none"))
        faces, colors, shores = _shapes()
        axes.add_collection(PolyCollection(faces, facecolors=colors, edgecolors="none"))
        colors = ScalarMappable(norm, cmap)
        extent = (-WIDTH / 2, WIDTH / 2, -HEIGHT / 2, HEIGHT / 2)
        image = axes.imshow(
            self._paint(colors, values), extent=extent, interpolation="antialiased", zorder=2
        )
        image.set_clip_path(earth)
        axes.add_collection(LineCollection(shores, colors=SHORE, linewidths=0.3, zorder=3))
        axes.add_patch(PathPatch(ring, facecolor="none", edgecolor=SHORE, zorder=4))
        axes.axis("off")
        # a little more than the map, for the outer half of its line
        axes.set(
            xlim=[1.003 * x for x in extent[:2]],
            ylim=[1.003 * y for y in extent[2:]],
            aspect="equal",
        )
        return colors

    def _paint(self, colors: ScalarMappable, values: np.ndarray) -> np.ndarray:
        """uint8[H,W,4]: the cells in their colours, borders lighter."""
        palette = colors.to_rgba(np.ma.masked_invalid(values), bytes=True)
        palette = np.concatenate([palette, np.zeros((2, 4), np.uint8)])  # -1 and -2 from the end
        image = palette[self.cells]
        image[self.border, :3] = 255 - (255 - image[self.border, :3]) // 2
        return image


def draw_counts(partition: Partition, output: Path, width: int = 3200) -> None:
    """A PNG of the partition: cells coloured by their photographs, on a logarithmic scale.

    `width` is WorldMap's.
    """
    low, high = partition.t_min, max(partition.t_max, partition.t_min + 1)
    figure, axes = world_figure()
    colors = WorldMap(partition, width).draw(axes, partition.counts, LogNorm(low, high))
    over = "max" if partition.counts.max() > high else "neither"
    bar = color_bar(figure, colors, "photographs in a cell", extend=over)
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


def world_figure(width: float = 14.0) -> tuple[Figure, Axes]:
    """A figure that a world map fills, with room for a colour bar below; width in inches."""
    height, room = width * HEIGHT / WIDTH, 0.058 * width
    figure = Figure(figsize=(width, height + room))
    return figure, figure.add_axes((0, room / (height + room), 1, height / (height + room)))


def color_bar(
    figure: Figure, colors: ScalarMappable, label: str, extend: str = "neither"
) -> Colorbar:
    """A horizontal colour bar under the map."""
    axes = figure.add_axes((0.3, 0.068, 0.4, 0.02))
    bar = figure.colorbar(colors, cax=axes, orientation="horizontal", extend=extend)
    bar.outline.set_linewidth(0.6)
    bar.set_label(label, fontsize=11)
    axes.tick_params(labelsize=10)
    return bar


def save_map(figure: Figure, output: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with write_atomically(output) as partial:
        figure.savefig(partial, dpi=150, format="png")


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
    # y depends on the latitude alone, and x is proportional to the longitude
    grid = np.linspace(-90, 90, 18_001)
    latitude = np.interp(y, project(grid, 0)[1], grid)[:, None]
    longitude = x / project(latitude, 1.0)[0]
    on_earth = np.abs(longitude) <= 180
    cells = np.full((height, width), -2, np.int32)
    for row, inside in enumerate(on_earth):  # a row at a time stays in the processor's cache
        east = longitude[row, inside]
        cells[row, inside] = partition.cell_of(np.full_like(east, latitude[row, 0]), east)
    return cells

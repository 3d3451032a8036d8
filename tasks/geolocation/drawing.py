"""Pictures of answers: a photograph beside a map of where it may have been taken."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image

from backbone.errors import number_of
from tasks.geolocation.metrics import GeolocationResult
from tasks.geolocation.names import place_name
from tasks.geolocation.world_map import HEIGHT, SHORE, WIDTH, WorldMap, project, save_map
from tasks.runs.plots import plain_log_ticks

FADED = 1000  # a cell this many times less probable than the best is not on the map
INK, TRUTH, GUESS = "#28242c", "#1565c0", "#0b6e4f"
MAP_PIXELS = 1400


def draw_with_map(
    image: Image.Image, answer: Mapping[str, Any], world: WorldMap, values: np.ndarray
) -> Image.Image:
    """A photograph beside the map of probabilities, with the best cells in words below.

    Args:
        image: the photograph.
        answer: what PlacePresenter's `describe` returned and, if the truth is known, `compare`.
        world: of the partition.
        values: float[C], the probability of each cell; NaN leaves a cell transparent.
    """
    figure = Figure(figsize=(16, 6.3), dpi=100, facecolor="white")
    photograph = figure.add_axes((0.01, 0.2, 0.36, 0.78))
    shown = image.copy()
    shown.thumbnail((800, 800), Image.Resampling.LANCZOS)
    photograph.imshow(np.asarray(shown))
    photograph.axis("off")
    draw_answer(figure, (0.385, 0.985, 0.61), answer, world, values)
    return to_image(figure)


def map_alone(answer: Mapping[str, Any], world: WorldMap, values: np.ndarray) -> Image.Image:
    """The map of probabilities with the best cells in words below, 960 x 610 pixels.

    Args:
        answer, world, values: see `draw_with_map`.
    """
    figure = Figure(figsize=(9.6, 6.1), dpi=100, facecolor="#faf9f6")
    draw_answer(figure, (0.01, 0.985, 0.98), answer, world, values)
    return to_image(figure)


def draw_answer(
    figure: Figure,
    place: tuple[float, float, float],
    answer: Mapping[str, Any],
    world: WorldMap,
    values: np.ndarray,
) -> None:
    """Draw the map of an answer, its scale in the lower right, and its cells in the lower left.

    Args:
        place: left, top and width of the map, as shares of the figure.
        answer, world, values: see `draw_with_map`.
    """
    left, top, width = place
    across, up = figure.get_size_inches()
    height = width * across * HEIGHT / WIDTH / up
    axes = figure.add_axes((left, top - height, width, height))
    high = float(np.nanmax(values))
    colors = world.draw(axes, values, LogNorm(high / FADED, high, clip=True), "YlOrRd")
    plot_marker(axes, answer["position"], "P", GUESS, "answer: " + place_name(*answer["position"]))
    if "true_position" in answer:
        text = f"taken: {place_name(*answer['true_position'])}, {answer['distance_km']:,.0f} km off"
        plot_marker(axes, answer["true_position"], "*", TRUTH, text)
    axes.legend(loc="lower left", fontsize=11, framealpha=0.9, markerscale=0.9)
    bar = figure.add_axes((1 - 4.48 / across, 0.11, 3.84 / across, 0.02))
    figure.colorbar(colors, cax=bar, orientation="horizontal").outline.set_linewidth(0.5)
    bar.set_title("probability of a cell", fontsize=10, pad=4)
    for k, cell in enumerate(answer["cells"]):
        name = place_name(cell["latitude"], cell["longitude"])
        size = f"{cell['across_km']:,.0f} km across"
        text = f"{cell['probability']:.3f}  {name}  (cell {cell['cell']}, {size})"
        at = (0.32 / across, 0.16 - 0.035 * k)
        figure.text(*at, text, fontsize=11, color=INK, family="monospace")


def plot_marker(axes: Axes, position: Sequence[float], marker: str, color: str, label: str) -> None:
    """Mark a position, latitude and longitude in degrees, on a map and in its legend."""
    x, y = project(*position)
    axes.plot(
        x,
        y,
        marker=marker,
        color=color,
        label=label,
        markersize=15,
        markeredgecolor="white",
        markeredgewidth=1.4,
        linestyle="none",
        zorder=10,
    )


def to_image(figure: Figure) -> Image.Image:
    """Render a figure as an RGB image."""
    plain_log_ticks(figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def distance_curves(
    result: GeolocationResult,
    radii_km: Sequence[float],
    others: Mapping[str, Mapping[str, float]],
    output: Path,
) -> None:
    """Draw the share of photographs located within each distance, on a logarithmic scale.

    Args:
        result: of the network.
        radii_km: distances to mark.
        others: name -> metrics of other answers, drawn at these radii.
        output: PNG to write.
    """
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.add_subplot()
    distances = np.sort(result.distances).clip(min=0.1)
    share = np.arange(1, len(distances) + 1) / len(distances)
    axes.step(distances, share, where="post", color=GUESS, label="this run")
    for name, metrics in others.items():
        shares = [metrics[f"within_{radius:g}_km"] for radius in radii_km]
        axes.plot(radii_km, shares, marker="o", markersize=4, linestyle="--", label=name)
    for radius in radii_km:
        axes.axvline(radius, color=SHORE, alpha=0.2, linewidth=0.8)
    axes.set(
        xscale="log",
        xlim=(min(radii_km) / 2, 20_100),
        ylim=(0, 1.01),
        xlabel="distance from where it was taken, km",
        ylabel="share of photographs",
        title=f"{number_of(len(distances), 'photograph')}, median "
        f"{result.metrics['median_km']:,.0f} km",
    )
    axes.grid(alpha=0.25)
    axes.legend(loc="upper left")
    save_map(figure, output)

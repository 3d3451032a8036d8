"""The table of exported files, and the figure of accuracy against latency."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backbone.errors import number_of
from backbone.files import write_atomically

ABSENT = "-"
MARKERS = "os^Dvp*X"
PANEL = 7.5  # inches across
SPAN = 10  # points of a score that a panel shows at least


def runtime_table(about: str, rows: Sequence[dict[str, Any]]) -> str:
    """Rows of size, latency and score as text.

    Args:
        about: the machine, and how the rows were timed.
        rows: as `tasks.benchmarks.runtimes.runtime_rows` returns them.
    """
    columns = list(dict.fromkeys(key for row in rows for key in row["milliseconds"]))
    heads = [_head(key) for key in columns]
    lines = [about, "milliseconds per call, by images per call and cores", ""]
    lines.append(
        f"{'network':<18}{'runtime':<22}{'':<9}{'MB':>8}"
        + "".join(f"{head:>14}" for head in heads)
        + f"{'score':>16}"
    )
    for row in rows:
        times = "".join(f"{_number(row['milliseconds'].get(key)):>14}" for key in columns)
        score = ABSENT if row["score"] is None else f"{row['metric']} {_score(row)}"
        runtime = f"{row['runtime']} {row['version']}"
        lines.append(
            f"{network(row):<18}{runtime:<22}{row['precision']:<9}{row['megabytes']:>8.2f}"
            f"{times}{score:>16}"
        )
    counts = {row["images"] for row in rows if row["images"] is not None}
    if counts:
        lines += ["", f"scored on {', '.join(map(str, sorted(counts)))} images"]
    return "\n".join(lines)


def draw_figure(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw score against milliseconds per image, one core: the paper's Figures 4 and 5, measured.

    There is a panel for each score. A colour is a runtime with its precision, a marker is a width,
    and a line joins the input sizes of one width. Rows without a score are left out, and one at
    least must have one.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    scored = [row for row in rows if row["score"] is not None]
    metrics = list(dict.fromkeys(row["metric"] for row in scored))
    colors = {name: f"C{k % 10}" for k, name in enumerate(dict.fromkeys(map(_runtime, scored)))}
    widths = sorted({_width(row) for row in scored})
    markers = {width: MARKERS[k % len(MARKERS)] for k, width in enumerate(widths)}
    figure = Figure(figsize=(PANEL * len(metrics), 5), layout="constrained")
    for place, metric in enumerate(metrics):
        axes = figure.add_subplot(1, len(metrics), place + 1)
        _draw_panel(axes, [row for row in scored if row["metric"] == metric], colors, markers)
    keys = [Line2D([], [], color=color, label=name) for name, color in colors.items()]
    keys += [
        Line2D([], [], color="0.4", linestyle="", marker=marker, label=f"width {width:g}")
        for width, marker in markers.items()
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    with write_atomically(path) as partial:
        figure.savefig(partial, dpi=140, format="png")


def _draw_panel(
    axes: Any,
    rows: Sequence[dict[str, Any]],
    colors: Mapping[str, str],
    markers: Mapping[float, str],
) -> None:
    """One panel of the figure; each network's fastest point has its input size beside it."""
    from matplotlib.ticker import LogLocator

    lines: dict[tuple[str, float], list[tuple[float, float]]] = defaultdict(list)
    fastest: dict[str, tuple[float, float]] = {}
    for row in rows:
        point = row["milliseconds"]["1 x 1"], _points(row)
        lines[_runtime(row), _width(row)].append(point)
        fastest[network(row)] = min(point, fastest.get(network(row), point))
    for (name, width), points in lines.items():
        look = {"color": colors[name], "marker": markers[width], "markersize": 5, "linewidth": 1}
        axes.plot(*zip(*sorted(points), strict=True), **look)
    for label, point in fastest.items():
        size = label.rpartition("-")[2]
        axes.annotate(size, point, (-5, 4), textcoords="offset points", ha="right", fontsize=7)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_xlabel("milliseconds per image, batch 1, one core")
    axes.set_ylabel(rows[0]["metric"])
    axes.grid(alpha=0.3)
    axes.margins(0.12, 0.08)
    low, high = axes.get_ylim()
    if high - low < SPAN:  # or differences that mean nothing would look large
        axes.set_ylim((low + high - SPAN) / 2, (low + high + SPAN) / 2)


def _runtime(row: dict[str, Any]) -> str:
    return f"{row['runtime']} {row['precision']}"


def _width(row: dict[str, Any]) -> float:
    """Of the network; 1 for one that has none to choose."""
    return 1.0 if row["alpha"] is None else float(row["alpha"])


def network(row: dict[str, Any]) -> str:
    """A network's width and input size, as the paper names it: 0.75-224."""
    height, width = row["size"]
    size = str(height) if height == width else f"{height}x{width}"
    return size if row["alpha"] is None else f"{row['alpha']:g}-{size}"


def _head(key: str) -> str:
    batch, _, cores = key.partition(" x ")
    return f"{batch}, {number_of(int(cores), 'core')}"


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1f}"


def _score(row: dict[str, Any]) -> str:
    return f"{_points(row):.1f}"


def _points(row: dict[str, Any]) -> float:
    """A score in hundredths, or in the unit of one that has its own."""
    return float(100 * row["score"] if 0 <= row["score"] <= 1 else row["score"])

"""The table of exported files, and the figure of accuracy against latency."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backbone.files import write_atomically

ABSENT = "-"


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

    There is a panel for each score, and in it a line for each runtime and precision. Rows that were
    not scored are left out.
    """
    from matplotlib.figure import Figure

    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    names = dict.fromkeys(_runtime(row) for row in rows)
    colors = {name: f"C{number % 10}" for number, name in enumerate(names)}
    figure = Figure(figsize=(7 * len(metrics), 4.5), layout="constrained")
    for axes, metric in zip(
        figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True
    ):
        _draw_panel(axes, metric, [row for row in rows if row["metric"] == metric], colors)
    with write_atomically(path) as partial:
        figure.savefig(partial, dpi=140, format="png")


def _draw_panel(
    axes: Any, metric: str, rows: Sequence[dict[str, Any]], colors: Mapping[str, str]
) -> None:
    """One panel of the figure; each network is named at its fastest point."""
    lines: dict[str, list[tuple[float, float]]] = defaultdict(list)
    fastest: dict[str, tuple[float, float]] = {}
    for row in rows:
        if row["score"] is not None:
            point = row["milliseconds"]["1 x 1"], row["score"]
            lines[_runtime(row)].append(point)
            fastest[network(row)] = min(point, fastest.get(network(row), point))
    for name, points in lines.items():
        points.sort()
        axes.plot(*zip(*points, strict=True), "o-", label=name, color=colors[name], markersize=4)
    for label, point in fastest.items():
        axes.annotate(label, point, (0, 6), textcoords="offset points", ha="center", fontsize=7)
    axes.set_xlabel("milliseconds per image, batch 1, one core")
    axes.set_ylabel(metric)
    axes.grid(alpha=0.3)
    axes.plot(0, 0, alpha=0)  # the axis starts at zero, so that lengths can be compared
    axes.margins(0.2, 0.1)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    if lines:
        axes.legend(loc="lower right")


def _runtime(row: dict[str, Any]) -> str:
    return f"{row['runtime']} {row['precision']}"


def network(row: dict[str, Any]) -> str:
    """A network's width and input size, as the paper names it: 0.75-224."""
    height, width = row["size"]
    size = str(height) if height == width else f"{height}x{width}"
    return size if row["alpha"] is None else f"{row['alpha']:g}-{size}"


def _head(key: str) -> str:
    batch, _, cores = key.partition(" x ")
    return f"{batch}, {cores} core{'s' if cores != '1' else ''}"


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1f}"


def _score(row: dict[str, Any]) -> str:
    return f"{100 * row['score']:.1f}" if 0 <= row["score"] <= 1 else f"{row['score']:.1f}"

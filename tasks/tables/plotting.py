"""A picture per table: the metric over mult-adds, the paper's and ours."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.runs.plots import plt, save_figure
from tasks.tables.finding import Found
from tasks.tables.lines import Line
from tasks.tables.printing import magnitude, title

Point = tuple[float, float, str]  # millions of mult-adds, percent, row
MILLION = 1e6


def papers(lines: Iterable[Line], peer: bool) -> list[Point]:
    """The published rows that have a metric and a cost; if no cost is published, ours is used."""
    points = []
    for line in lines:
        paper, counted = line.row.paper, line.cost
        if line.row.peer != peer or paper.metric is None:
            continue
        if paper.mult_adds:
            points.append((magnitude(paper.mult_adds) / MILLION, paper.metric, line.row.name))
        elif counted is not None and line.table.beside != "paper":
            points.append((counted.mult_adds / MILLION, paper.metric, line.row.name))
    return points


def ours(lines: Iterable[Line]) -> dict[str, list[Point]]:
    """Our runs: words for the legend -> points."""
    points: dict[str, list[Point]] = {}
    for line in lines:
        found = line.found
        if found is None or found.metric is None or line.cost is None:
            continue
        words = "ours" if found.same_data else f"ours, on other data: {place(found)}"
        point = (line.cost.mult_adds / MILLION, found.metric, line.row.name)
        points.setdefault(words, []).append(point)
    return points


def place(found: Found) -> str:
    """A run's data set in a few words."""
    mode, data = found.run.config.mode, str(found.run.result["data"])
    return data.partition(":")[0] + ("" if mode == "full" else f", mode={mode}")


def plot(lines: list[Line], path: Path) -> None:
    """Write a table's picture as PNG."""
    measured, beside = ours(lines), lines[0].table.beside
    series: list[tuple[str, list[Point], dict[str, Any]]] = [
        (f"{beside}, MobileNet", papers(lines, peer=False), {"marker": "o", "color": "C0"}),
        (f"{beside}, other networks", papers(lines, peer=True), {"marker": "s", "color": "0.6"}),
        ("ours", measured.pop("ours", []), {"marker": "*", "color": "C3", "s": 130}),
    ]
    looks = [{"marker": marker, "color": f"C{i}"} for i, marker in enumerate("XDP^v", 4)]
    for number, (words, points) in enumerate(measured.items()):
        series.append((words, points, looks[number % len(looks)]))
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    series = [(words, sorted(points), look) for words, points, look in series if points]
    costs = [x for _, points, _ in series for x, _, _ in points]
    middle = math.sqrt(min(costs) * max(costs))
    for words, points, look in series:
        axes.scatter(*zip(*[point[:2] for point in points], strict=True), label=words, **look)
        for number, (x, y, name) in enumerate(points):
            # names are placed towards the middle, alternately above and below
            right, up = 1 if x <= middle else -1, 1 if number % 2 else -1
            axes.annotate(
                name,
                (x, y),
                xytext=(6 * right, 6 * up),
                textcoords="offset points",
                ha="left" if right > 0 else "right",
                va="center",
                fontsize=7,
                color="0.3",
            )
    one = len({line.row.metric for line in lines}) == 1
    label = f"{lines[0].table.metric}, %" if one else "%"
    axes.set(xscale="log", xlabel="millions of mult-adds", ylabel=label, title=title(lines))
    axes.margins(x=0.1, y=0.1)
    axes.grid(alpha=0.3, which="both")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    save_figure(figure, path)

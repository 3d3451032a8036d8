"""A picture a table: the metric over mult-adds, the paper's and ours."""

import math
from collections.abc import Iterable
from pathlib import Path

from backbone.files import write_atomically
from tasks.runs.plots import plt
from tasks.tables.lines import Line
from tasks.tables.printing import magnitude, title

Point = tuple[float, float, str]  # mult-adds, percent, row


def papers(lines: Iterable[Line], peer: bool) -> list[Point]:
    """The paper's rows that have a cost."""
    return [
        (magnitude(line.row.paper.mult_adds), line.row.paper.metric, line.row.name)
        for line in lines
        if line.row.peer == peer and line.row.paper.mult_adds
    ]


def ours(lines: Iterable[Line]) -> dict[str, list[Point]]:
    """What the legend says of our runs -> their points."""
    points: dict[str, list[Point]] = {}
    for line in lines:
        if line.found is None or line.found.metric is None:
            continue
        words = "ours" if line.found.same_data else f"ours, on other data: {place(line)}"
        point = (line.cost.mult_adds, line.found.metric, line.row.name)
        points.setdefault(words, []).append(point)
    return points


def place(line: Line) -> str:
    """A run's data set in few words."""
    mode, data = line.found.run.config.mode, line.found.run.result["data"]
    return data.partition(":")[0] + ("" if mode == "full" else f", mode={mode}")


def plot(lines: list[Line], path: Path) -> None:
    """Write a table's picture as PNG."""
    measured = ours(lines)
    series = [
        ("paper, MobileNet", papers(lines, peer=False), {"marker": "o", "color": "C0"}),
        ("paper, other networks", papers(lines, peer=True), {"marker": "s", "color": "0.6"}),
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
            # names stand towards the middle, and by turns above and below
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
    axes.set(xscale="log", xlabel="mult-adds", ylabel=label, title=title(lines))
    axes.margins(x=0.1, y=0.1)
    axes.grid(alpha=0.3, which="both")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8)
    with write_atomically(path) as partial:
        figure.savefig(partial, dpi=120, format="png")
    plt.close(figure)

"""The table at the end of a run: scores and cost, beside the paper's row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backbone.errors import number_of, one_line
from tasks.runs.result import check_reported

MOST = 12  # categories in the report
COUNTS = ("boxes", "images")  # columns of the scores by category that are not shares
OF_0_1_0 = {"median_km": "km"}  # version 0.1.0 wrote no units


def report(result: dict[str, Any], path: Path) -> str:
    """The table of a result as in result.json, of the run directory `path`.

    Raises:
        InputError: the result lacks a value that the table needs.
    """
    check_reported(result, path / "result.json")
    metrics, paper, cost = result["metrics"], result["paper"], result["cost"]
    throughput, baselines = result["throughput"], result.get("baselines", {})
    units = result.get("units", OF_0_1_0)
    title = f"paper on {paper['data']}, {paper['row']}" if paper else ""
    values = {}
    if paper:
        values = {paper["metric"]: paper["value"]} | paper.get("others", {})
    intervals = result.get("intervals", {})
    beside = ["95% interval"] if intervals else []
    rows = [("", "this run", *beside, *baselines, title)]
    for name, value in metrics.items():
        theirs = "" if values.get(name) is None else f"{values[name]:.1f}"
        plain = (
            format_score(s[name], units.get(name)) if name in s else "" for s in baselines.values()
        )
        ends = [format_interval(intervals.get(name), units.get(name)) for _ in beside]
        rows.append((name, format_score(value, units.get(name)), *ends, *plain, theirs))
    between = [""] * (len(beside) + len(baselines))
    mult_adds, parameters = (paper["mult_adds"], paper["parameters"]) if paper else ("", "")
    rows += [
        ("mult-adds", f"{cost['mult_adds'] / 1e9:.3f} G", *between, mult_adds),
        ("parameters", f"{cost['parameters'] / 1e6:.2f} M", *between, parameters),
    ]
    for name in ("train", "test"):
        speed = throughput[f"{name}_images_per_second"]
        if speed is not None:
            rows.append((f"{name} images/s", f"{speed:.1f}", *between, ""))
    hardware = f"{throughput['device']}, {throughput['precision']}"
    about = f"{result['data']}; {number_of(result['steps'], 'step')}; {hardware}"
    page = ["", *aligned(rows), *by_category(result), *result.get("summary", []), about]
    return "\n".join([*page, f"run directory: {path}"])


def by_category(result: dict[str, Any]) -> list[str]:
    """Lines with the scores by category, best first; of more than 12, the best and worst six."""
    scored = result.get("per_category", [])
    columns, first = score_names(scored), leading_score(scored)
    if first is None:
        return []
    defined = [row for row in scored if row.get(first) is not None]
    ordered = sorted(defined, key=lambda row: -row[first])
    many = len(ordered) > MOST
    shown = [*ordered[: MOST // 2], *ordered[-MOST // 2 :]] if many else ordered
    rows = [("by category", *columns)]
    rows += [(row["name"], *(_cell(n, row.get(n)) for n in columns)) for row in shown]
    lines = ["", *aligned(rows)]
    if many:
        lines.insert(2 + MOST // 2, f"... {len(ordered) - len(shown):,} more in result.json")
    if len(scored) > len(defined):
        lines.append(f"{len(scored) - len(defined):,} more have nothing to score")
    return [*lines, ""]


def score_names(scored: Sequence[dict[str, Any]]) -> list[str]:
    """The counts and scores in rows by category, without the curves."""
    lists = {name for row in scored for name, value in row.items() if isinstance(value, list)}
    return [name for row in scored[:1] for name in row if name not in {"id", "name", *lists}]


def leading_score(scored: Sequence[dict[str, Any]]) -> str | None:
    """The first score in rows by category, by which they are ordered; None if there is none."""
    return next((name for name in score_names(scored) if name not in COUNTS), None)


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name in COUNTS:
        return f"{value:,}"
    return f"{value:.3f}" if name == "threshold" else format_score(value)


def aligned(rows: Sequence[Sequence[str]], sides: str = "<>") -> list[str]:
    """Lines of a table with its columns aligned.

    Args:
        rows: cells, each shown in one line.
        sides: "<" or ">" for each column; the last one also applies to all further columns.
    """
    rows = [[*map(one_line, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = sides.ljust(len(widths), sides[-1])
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def format_score(value: float, unit: str | None = None) -> str:
    """A score for people: a share in percent, any other score with its unit."""
    if value < 0:  # pycocotools' -1: there was nothing to measure
        return "undefined"
    return format_number(value, unit)


def format_number(value: float, unit: str | None = None, sign: str = "") -> str:
    """The same for the difference of two scores, which may be negative.

    Args:
        sign: `+` to write it before numbers above 0 too.
    """
    if unit is None:
        return f"{100 * value:{sign}.1f}"
    # "0.37 grades" and "1,234 km": the digits after the point only matter for small numbers
    return f"{value:{sign},.0f} {unit}" if abs(value) >= 10 else f"{value:{sign}.3g} {unit}"


def format_interval(ends: Sequence[float] | None, unit: str | None = None) -> str:
    """An interval for people, such as "48.1 to 50.2"; empty if there is none."""
    if not ends:
        return ""
    low, high = (format_score(end, unit) for end in ends)
    suffix = "" if unit is None else f" {unit}"
    return f"{low.removesuffix(suffix)} to {high}"

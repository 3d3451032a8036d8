"""The table at the end of a run: scores and cost, next to the paper's row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.runs.result import check_reported

OF_0_1_0 = {"median_km": "km"}  # version 0.1.0 wrote no units


def report(result: dict[str, Any], path: Path) -> str:
    """The table of a result, as result.json holds it, of the run directory `path`.

    Raises:
        InputError: the result lacks a part that is reported.
    """
    check_reported(result, path / "result.json")
    metrics, paper, cost = result["metrics"], result["paper"], result["cost"]
    throughput, baselines = result["throughput"], result.get("baselines", {})
    units = result.get("units", OF_0_1_0)
    title = f"paper on {paper['data']}, {paper['row']}" if paper else ""
    values = {}
    if paper:
        values = {paper["metric"]: paper["value"]} | paper.get("others", {})
    rows = [("", "this run", *baselines, title)]
    for name, value in metrics.items():
        theirs = "" if values.get(name) is None else f"{values[name]:.1f}"
        plain = (
            format_score(s[name], units.get(name)) if name in s else "" for s in baselines.values()
        )
        rows.append((name, format_score(value, units.get(name)), *plain, theirs))
    between = [""] * len(baselines)
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
    about = f"{result['data']}; {result['steps']} steps; {hardware}"
    return "\n".join(["", *aligned(rows), about, f"run directory: {path}"])


def aligned(rows: Sequence[Sequence[str]], sides: str = "<>") -> list[str]:
    """Lines of a table with its columns aligned.

    Args:
        rows: cells.
        sides: "<" or ">" for each column; the last one holds for all further columns.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = sides.ljust(len(widths), sides[-1])
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def format_score(value: float, unit: str | None = None) -> str:
    """A score for people: a share in percent, any other score in its unit."""
    if value < 0:  # pycocotools' -1: there was nothing to measure
        return "undefined"
    return f"{100 * value:.1f}" if unit is None else f"{value:,.0f} {unit}"

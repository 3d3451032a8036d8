"""Scores by category of the runs in a table: one row per category, one column per run."""

import csv
import io
import json
from typing import Any

from tasks.runs.report import aligned, format_score, leading_score
from tasks.tables.lines import Line

ABSENT = "none of the runs that fill a row has scores by category"


def categories_of(line: Line) -> list[dict[str, Any]]:
    """The rows of scores by category in the result of a line's run; none without a run."""
    return [] if line.found is None else line.found.run.result.get("per_category", [])


def category_table(lines: list[Line]) -> list[list[str]] | None:
    """Cells of the table: the heading first, then categories in the order of the first run.

    Returns None if no run has such scores.
    """
    scored = {line.row.name: rows for line in lines if (rows := categories_of(line))}
    if not scored:
        return None
    first = next(iter(scored.values()))
    name = leading_score(first)
    values = {
        run: {row["name"]: row.get(leading_score(rows) or "") for row in rows}
        for run, rows in scored.items()
    }
    names = dict.fromkeys(row["name"] for rows in scored.values() for row in rows)
    cells = [
        [category, *(_cell(by_name.get(category)) for by_name in values.values())]
        for category in names
    ]
    return [[f"{name} in %", *values], *cells]


def categories_as_text(lines: list[Line]) -> str:
    """The table for a terminal."""
    table = category_table(lines)
    return "\n".join([*(aligned(table) if table else [ABSENT]), "", ""])


def categories_as_markdown(lines: list[Line]) -> str:
    """The table for a README."""
    table = category_table(lines)
    if table is None:
        return f"- {ABSENT}\n\n"
    rule = ["---", *["---:"] * (len(table[0]) - 1)]
    page = [table[0], rule, *table[1:]]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in page), "", ""])


def categories_as_json(lines: list[Line]) -> str:
    """The objects of the tables, with `per_category` of each run among our figures."""
    rows = [line.to_dict() for line in lines]
    for line, row in zip(lines, rows, strict=True):
        row["ours"]["per_category"] = categories_of(line) or None
    return json.dumps(rows, indent=2)


def categories_as_csv(lines: list[Line]) -> str:
    """One line per row of the paper and category, with the scores as columns."""
    rows = [
        {"table": line.table.number, "row": line.row.name, "run": str(line.found.run.path)}
        | {key: value for key, value in category.items() if not isinstance(value, list)}
        for line in lines
        if line.found is not None
        for category in categories_of(line)
    ]
    names = dict.fromkeys(name for row in rows for name in row) or ("table", "row", "run")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().rstrip("\n")


def _cell(value: float | None) -> str:
    return "-" if value is None else format_score(value)

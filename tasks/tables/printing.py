"""Tables as text for a terminal and as Markdown."""

import textwrap
from collections.abc import Iterable

from tasks.runs.report import aligned
from tasks.tables.lines import Line

WIDTH = 110
UNITS = {"M": 1e6, "G": 1e9, "B": 1e9}


def magnitude(printed: str) -> float:
    """A cost such as `569M` as a number."""
    return float(printed[:-1]) * UNITS[printed[-1]]


def headings(beside: str) -> tuple[tuple[str, ...], ...]:
    """The two heading lines over the columns of a table.

    Args:
        beside: the heading of the published cells.
    """
    return (
        ("", "", "", "ours on", "mult-adds", "", "parameters", ""),
        ("", beside, "ours", "other data", beside, "ours", beside, "ours"),
    )


def as_printed(counted: int | None, printed: str | None) -> str:
    """Our count in the unit that the paper prints, with one more digit; or else in millions.

    Nothing is printed for a network that is not public.
    """
    if counted is None:
        return "-"
    if printed is None:
        return f"{counted / 1e6:.1f}M"
    digits = len(printed[:-1].partition(".")[2]) + 1
    return f"{counted / UNITS[printed[-1]]:.{digits}f}{printed[-1]}"


def format_value(metric: float | None) -> str:
    """A metric in percent."""
    return "undefined" if metric is None else f"{metric:.1f}"


def cells(line: Line, marks: dict[str, int]) -> list[str]:
    """A row of the printed table; `marks` are the numbers of the footnotes."""
    paper, cost, found = line.row.paper, line.cost, line.found
    ours = elsewhere = ""
    if found is None:
        ours = "-" if line.row.command is None else "not run"
    elif found.same_data:
        ours = format_value(found.metric)
    else:
        elsewhere = format_value(found.metric)
    return [
        line.row.name + (f" [{marks[line.row.note]}]" if line.row.note else ""),
        format_value(paper.metric),
        ours,
        elsewhere,
        paper.mult_adds or "-",
        as_printed(None if cost is None else cost.mult_adds, paper.mult_adds),
        paper.parameters or "-",
        as_printed(None if cost is None else cost.parameters, paper.parameters),
    ]


def footnotes(lines: Iterable[Line]) -> dict[str, int]:
    """Footnotes of rows -> their numbers; rows may share a footnote."""
    notes = dict.fromkeys(line.row.note for line in lines if line.row.note)
    return {note: number for number, note in enumerate(notes, 1)}


def title(lines: list[Line]) -> str:
    """A table's heading."""
    table = lines[0].table
    where = "a private data set" if table.data is None else table.data.words
    one = len({line.row.metric for line in lines}) == 1
    number = f"Table {table.number}. " if isinstance(table.number, int) else ""
    return f"{number}{table.title} ({f'{table.metric} in %, ' if one else ''}{where})"


def run_facts(lines: list[Line]) -> list[tuple[str, str]]:
    """The data, date, seed, folder and differences of each run -> the rows that it fills."""
    rows: dict[str, list[str]] = {}
    for line in lines:
        if line.found is None:
            continue
        found, run = line.found, line.found.run
        parts = [
            found.data,
            f"{run.date:%Y-%m-%d %H:%M}",
            f"seed {run.result['seed']}",
            str(run.path),
        ]
        if found.differences:
            parts.append(f"differs by {' '.join(found.differences)}")
        rows.setdefault("; ".join(parts), []).append(line.row.name)
    return [(", ".join(names), facts) for facts, names in rows.items()]


def commands(lines: list[Line]) -> list[tuple[str, str]]:
    """The command that fills rows without a run -> these rows."""
    rows: dict[str, list[str]] = {}
    for line in lines:
        if line.found is None and line.row.command is not None:
            rows.setdefault(line.row.command, []).append(line.row.name)
    return [(", ".join(names), command) for command, names in rows.items()]


def text(lines: list[Line]) -> str:
    """A table for a terminal."""
    table, marks = lines[0].table, footnotes(lines)
    above = headings(table.beside)
    rows = [*above, *(cells(line, marks) for line in lines)]
    page = aligned(rows)
    rule = "-" * max(map(len, page))
    heading, body = page[: len(above)], page[len(above) :]
    out = [title(lines), rule, *heading, rule, *body, rule]
    out += [wrapped(table.note)] if table.note else []
    out += [wrapped(f"[{number}] {note}") for note, number in marks.items()]
    out += [wrapped(f"{name}: {facts}") for name, facts in run_facts(lines)]
    for names, command in commands(lines):
        out += [wrapped(f"not run: {names}"), f"    {command}"]
    return "\n".join([*out, "every MobileNet row:", f"    {table.sweep}", ""])


def wrapped(paragraph: str) -> str:
    """A paragraph with its lines indented, except for the first."""
    return textwrap.fill(
        paragraph,
        WIDTH,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def markdown(lines: list[Line]) -> str:
    """A table for a README."""
    table, marks = lines[0].table, footnotes(lines)
    heading = ["", table.beside, "ours", "ours on other data", f"mult-adds, {table.beside}", "ours"]
    rows = [[*heading, f"parameters, {table.beside}", "ours"], ["---", *["---:"] * 7]]
    rows += [cells(line, marks) for line in lines]
    notes = [table.note] if table.note else []
    notes += [f"[{number}] {note}" for note, number in marks.items()]
    notes += [f"{name}: {facts}" for name, facts in run_facts(lines)]
    notes += [f"not run: {names}: `{command}`" for names, command in commands(lines)]
    notes += [f"every MobileNet row: `{table.sweep}`"]
    page = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"**{title(lines)}**", "", *page, "", *(f"- {note}" for note in notes), ""])

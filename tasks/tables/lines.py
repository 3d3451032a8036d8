"""A table's lines: a row of the paper, our network's cost, and the run that gives our metric."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backbone.cost import Cost
from tasks.tables.counting import count_row
from tasks.tables.finding import Found, find
from tasks.tables.reading import Row, Table


@dataclass(frozen=True)
class Line:
    """A row of the paper with our figures.

    Args:
        row, table: as in the paper.
        cost: of our network; None if it is not public.
        found: the run that the row shows; None if there is none.
    """

    row: Row
    table: Table
    cost: Cost | None
    found: Found | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; metrics in percent, costs exact."""
        row, found = self.row, self.found
        interval = self._interval()
        notes = [note for note in (self.table.note, row.note) if note]
        return {
            "table": self.table.number,
            "row": row.name,
            "metric_name": row.metric,
            "paper": {
                "metric": row.paper.metric,
                "mult_adds": row.paper.mult_adds,
                "parameters": row.paper.parameters,
            },
            "ours": {
                "mult_adds": self.cost and self.cost.mult_adds,
                "parameters": self.cost and self.cost.parameters,
                "metric": found and found.metric,
                **({} if interval is None else {"interval": interval}),
                "data": found and found.data,
                "run": found and str(found.run.path),
                "same_data": found and found.same_data,
                "date": found and found.run.date.isoformat(timespec="seconds"),
                "seed": found and found.run.result["seed"],
                "differences": found and found.differences,
            },
            "command": row.command,
            "note": " ".join(notes) or None,
        }

    def _interval(self) -> list[float] | None:
        """The interval of the metric, in percent; None if the run has none."""
        if self.found is None or self.found.metric is None:
            return None
        ends = self.found.run.result.get("intervals", {}).get(self.row.metric)
        return ends and [round(100 * end, 4) for end in ends]


def lines_of(table: Table, runs: Path) -> list[Line]:
    """A table's lines, with the results of the runs in a folder."""
    return [Line(row, table, count_row(row, table), find(row, table, runs)) for row in table.rows]

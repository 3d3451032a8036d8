"""Tables for programs: JSON and CSV."""

import csv
import io
import json

from tasks.tables.lines import Line


def as_json(lines: list[Line]) -> str:
    """A list of objects, one per row."""
    return json.dumps([line.to_dict() for line in lines], indent=2)


def as_csv(lines: list[Line]) -> str:
    """One line per row, with the keys of the JSON as columns."""
    out = io.StringIO()
    rows = [flat(line) for line in lines]
    writer = csv.DictWriter(out, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().rstrip("\n")


def flat(line: Line) -> dict[str, object]:
    """A row of the CSV; as in the printed table, a metric on other data has its own column."""
    row = line.to_dict()
    paper, ours = row.pop("paper"), row.pop("ours")
    command, note = row.pop("command"), row.pop("note")
    metric, same = ours.pop("metric"), ours.pop("same_data")
    ours.pop("interval", None)
    ours["differences"] = " ".join(ours["differences"] or [])
    return {
        **row,
        **{f"paper_{key}": value for key, value in paper.items()},
        "ours_metric": metric if same else None,
        "ours_metric_on_other_data": None if same else metric,
        **{f"ours_{key}": value for key, value in ours.items()},
        "command": command,
        "note": note,
    }

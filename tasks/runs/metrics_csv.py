"""metrics.csv: one row per number, appended as it is measured; a continued run goes on with it."""

import csv
import io
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from backbone.files import naming_what_was_written
from tasks.runs.directory import set_aside, write_whole
from tasks.runs.processes import is_main_process

FIELDS = ("step", "epoch", "name", "value")


class MetricsCsv(Logger):
    """A log with one row per number, so that new metrics do not change the columns.

    Unlike Lightning's CSVLogger, it keeps what an interrupted run has written.

    Args:
        path: the file.
        step: the optimizer step that a continued run starts from. The run will repeat the rows from
            there on, so they are removed.
    """

    name = "metrics"
    version = ""

    def __init__(self, path: Path, step: int = 0):
        super().__init__()
        self.path = path
        if not is_main_process():
            return
        rows, damaged = _read(path) if path.exists() else ([], False)
        if damaged:
            set_aside(path)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, FIELDS)
        writer.writeheader()
        writer.writerows(row for row in rows if row["step"] < step)
        write_whole(path, text.getvalue())

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append the numbers of one step."""
        metrics = dict(metrics)
        epoch = int(metrics.pop("epoch", 0))
        with naming_what_was_written(self.path), self.path.open("a", newline="") as file:
            csv.writer(file).writerows((step, epoch, k, repr(float(v))) for k, v in metrics.items())

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: config.yaml holds them."""


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.csv; other lines are left out."""
    return _read(path)[0]


def _read(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a metrics.csv, and whether it holds other lines.

    A last line that was cut short by a kill is left out too, but does not count as another line.
    """
    header, *lines = path.read_text(errors="replace").split("\n") or [""]
    damaged = header.rstrip("\r") not in ("", ",".join(FIELDS))
    rows = []
    for line in lines[:-1]:
        try:
            ((step, epoch, name, value),) = csv.reader([line])
            row = {"step": int(step), "epoch": int(epoch), "name": name, "value": float(value)}
        except (ValueError, csv.Error):
            damaged = True
        else:
            rows.append(row)
    return rows, damaged

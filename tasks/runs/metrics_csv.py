"""metrics.csv: one row per number, appended as it is measured, and continued with the run."""

import csv
import io
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from tasks.runs.directory import write_whole
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
        rows = [row for row in read_metrics(path) if row["step"] < step] if path.exists() else []
        if is_main_process():
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, FIELDS)
            writer.writeheader()
            writer.writerows(rows)
            write_whole(path, text.getvalue())

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Append the numbers of one step."""
        metrics = dict(metrics)
        epoch = int(metrics.pop("epoch", 0))
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows((step, epoch, k, repr(float(v))) for k, v in metrics.items())

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: config.yaml holds them."""


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.csv, without a last line that a kill cut short."""
    rows = []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                step, epoch, value = int(row["step"]), int(row["epoch"]), float(row["value"])
            except (TypeError, ValueError):
                continue
            rows.append({"step": step, "epoch": epoch, "name": row["name"], "value": value})
    return rows

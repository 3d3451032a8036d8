"""Numbers that are sent once to where none can be taken back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import MLFlowLogger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from tasks.runs.directory import write_whole

BESIDE = "epoch"  # Lightning adds it to every number


class Sent:
    """The last step of each number that has been sent, in a file of the run directory.

    A run that goes on after a kill repeats the steps since its last checkpoint. metrics.csv drops
    what it had of them; what was sent elsewhere stays, and is not sent again. It is noted after it
    was sent: a kill in between sends the numbers of one step twice.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self.last: dict[str, int] = json.loads(path.read_text())
        except (OSError, ValueError):  # nothing was sent, or a disk failed: rather twice than never
            self.last = {}

    def new(self, metrics: dict[str, Any], step: int) -> dict[str, Any]:
        """Those of the numbers of a step that have not been sent."""
        left = {k: v for k, v in metrics.items() if k != BESIDE and self.last.get(k, -1) < step}
        return {k: v for k, v in metrics.items() if k in left or k == BESIDE} if left else {}

    def once(
        self, metrics: dict[str, Any], step: int | None, send: Callable[[dict[str, Any], int], None]
    ) -> None:
        """Send what is new of the numbers of a step, and take that down."""
        assert step is not None
        new = self.new(metrics, step)
        if new:
            send(new, step)
            self.note(new, step)

    def note(self, metrics: dict[str, Any], step: int) -> None:
        """Take down that numbers were sent."""
        self.last |= {name: step for name in metrics if name != BESIDE}
        write_whole(self.path, json.dumps(self.last) + "\n")


class WandbOnce(WandbLogger):
    """Weights & Biases, sent every number once."""

    sent: Sent

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Send what is new of the numbers of a step."""
        self.sent.once(metrics, step, super().log_metrics)


class MlflowOnce(MLFlowLogger):
    """MLflow, sent every number once."""

    sent: Sent

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Send what is new of the numbers of a step."""
        self.sent.once(metrics, step, super().log_metrics)

"""Send numbers only once to loggers that cannot take them back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import MLFlowLogger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from tasks.runs.directory import write_whole
from tasks.runs.plain_files import json_in

BESIDE = "epoch"  # Lightning adds it to every number


class Sent:
    """The last step for which each number has been sent, in a file of the run directory.

    A run that continues after a kill repeats the steps since its last checkpoint. metrics.csv drops
    the earlier numbers of these steps. Numbers that were sent elsewhere stay there, and are not
    sent again. They are noted after they have been sent, so a kill in between sends one step's
    numbers twice.

    Args:
        path: the file.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self.last: dict[str, int] = {k: int(v) for k, v in json_in(path).items()}
        # nothing was sent, or a disk failed: twice is better than never
        except (OSError, ValueError, TypeError, AttributeError):
            self.last = {}

    def new(self, metrics: dict[str, Any], step: int) -> dict[str, Any]:
        """The numbers of a step that have not been sent yet."""
        left = {k: v for k, v in metrics.items() if k != BESIDE and self.last.get(k, -1) < step}
        return {k: v for k, v in metrics.items() if k in left or k == BESIDE} if left else {}

    def once(
        self, metrics: dict[str, Any], step: int | None, send: Callable[[dict[str, Any], int], None]
    ) -> None:
        """Send the new numbers of a step, and note that."""
        assert step is not None
        new = self.new(metrics, step)
        if new:
            send(new, step)
            self.note(new, step)

    def note(self, metrics: dict[str, Any], step: int) -> None:
        """Note that numbers were sent."""
        self.last |= {name: step for name in metrics if name != BESIDE}
        write_whole(self.path, json.dumps(self.last) + "\n")


class WandbOnce(WandbLogger):
    """Weights & Biases, which gets every number once."""

    sent: Sent

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Send the new numbers of a step."""
        self.sent.once(metrics, step, super().log_metrics)


class MlflowOnce(MLFlowLogger):
    """MLflow, which gets every number once."""

    sent: Sent

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Send the new numbers of a step."""
        self.sent.once(metrics, step, super().log_metrics)

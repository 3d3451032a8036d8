"""One line per epoch for the user: losses, score, the best score so far, time left."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from tasks.runs.report import format_score
from tasks.training.progress import ProgressBar, Throughput


class EpochReport(Callback):
    """Prints an epoch's mean losses, its score if there was a validation, and the time left.

    The main process prints; the losses are means over all processes. Nothing waits for the device
    within an epoch. The best score is stored in checkpoints, so that a continued run knows it.

    Args:
        monitor, mode: the score that picks the best checkpoint, see Task.
        unit: of that score; None: it is a share, written in percent.
        throughput: of the run.
    """

    def __init__(self, monitor: str, mode: str, unit: str | None, throughput: Throughput):
        self.monitor, self.mode, self.unit = monitor, mode, unit
        self.throughput = throughput
        self.best: tuple[float, int] | None = None  # score, and the epoch after which it was found
        self.score: float | None = None  # of the validation in this epoch
        self.sums: dict[str, Tensor] = {}
        # number of steps with each loss; a joint task's differ
        self.steps: Counter[str] = Counter()
        self.started = 0.0  # start of this process's training, by time.monotonic
        self.first = 0  # its first step

    def state_dict(self) -> dict[str, Any]:
        """The best score, and its epoch."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best score."""
        best = state_dict["best"]
        self.best = None if best is None else (float(best[0]), int(best[1]))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self.started, self.first = time.monotonic(), trainer.global_step

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the sums."""
        self.sums, self.steps, self.score = {}, Counter(), None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add up a step's losses, on the device."""
        self.steps.update(outputs["losses"].keys())
        for name, value in outputs["losses"].items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value.clone()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Store the score, and whether it is the best."""
        value = trainer.callback_metrics.get(f"val/{self.monitor}")
        if value is None or trainer.sanity_checking:
            return
        self.score = float(value)
        better = self.best is None or (
            self.score > self.best[0] if self.mode == "max" else self.score < self.best[0]
        )
        if better:
            self.best = self.score, trainer.current_epoch + 1

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line."""
        losses = self.losses(trainer)
        if not trainer.is_global_zero:
            return
        line = self.line(trainer, losses)
        bar = trainer.progress_bar_callback
        if isinstance(bar, ProgressBar):
            bar.print(line)
        else:
            print(line, flush=True)

    def losses(self, trainer: Trainer) -> dict[str, float]:
        """The means of the epoch's losses, `loss` first, with one exchange and one wait."""
        if not self.sums:
            return {}
        names = sorted(self.sums, key=lambda name: (name != "loss", name))
        means = torch.stack([self.sums[name].float() / self.steps[name] for name in names])
        means = trainer.strategy.reduce(means, reduce_op="mean")
        return dict(zip(names, means.tolist(), strict=True))

    def line(self, trainer: Trainer, losses: Mapping[str, float]) -> str:
        """The line for an epoch."""
        epoch, last = trainer.current_epoch + 1, trainer.max_epochs
        parts = []
        if losses:
            terms = [f"{name} {value:.4g}" for name, value in losses.items() if name != "loss"]
            several = f" ({', '.join(terms)})" if len(terms) > 1 else ""
            parts.append(f"loss {losses['loss']:.4g}{several}")
        if self.score is not None and self.best is not None:
            score, best = (format_score(value, self.unit) for value in (self.score, self.best[0]))
            is_best = self.best[1] == epoch
            beside = "the best so far" if is_best else f"best {best} after epoch {self.best[1]}"
            parts.append(f"{self.monitor} {score}, {beside}")
        if self.throughput.train:
            parts.append(f"{self.throughput.train:,.0f} images/s")
        left = self.seconds_left(trainer)
        if left:
            parts.append(f"{duration(left)} left")
        return f"epoch {epoch} of {last}: {'; '.join(parts)}"

    def seconds_left(self, trainer: Trainer) -> float | None:
        """At this process's pace so far, including validation; None if it is unknown."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        done = trainer.global_step - self.first
        assert trainer.max_epochs is not None
        total = trainer.max_epochs * data.steps_per_epoch()
        if trainer.max_steps >= 0:
            total = min(total, data.planned_step(trainer.max_steps))
        left: int = total - data.planned_step(trainer.global_step)
        if done <= 0 or left <= 0:
            return None
        return (time.monotonic() - self.started) / done * left


def duration(seconds: float) -> str:
    """A duration in two significant figures: 40 s, 3 min, 2 h 10 min, 3 d 4 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"

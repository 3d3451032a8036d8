"""What a run shows while it runs: loss and images a second."""

import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar


class Throughput(Callback):
    """Images a second of training and of testing, over all processes, start-up left out.

    Reads the clock alone, so it never waits for the device; on an accelerator the queue of pending
    work is short against the seconds measured.
    """

    def __init__(self):
        self.images, self.seconds = 0, 0.0
        self.test_images, self.test_seconds = 0, 0.0
        self.started: float | None = None

    @property
    def train(self) -> float | None:
        """Images a second so far; None before the first measured step."""
        return self.images / self.seconds if self.seconds else None

    @property
    def test(self) -> float | None:
        """Images a second of the test, data loading and decoding of boxes included."""
        return self.test_images / self.test_seconds if self.test_seconds else None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The first batch of an epoch waits for the loaders: the clock starts after it."""
        self.started = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count a step's images."""
        now = time.perf_counter()
        if self.started is not None:
            self.images += len(batch["image"]) * trainer.world_size
            self.seconds += now - self.started
        self.started = now

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validation is not training time."""
        self.started = None

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a test batch's images, the first one left out."""
        now = time.perf_counter()
        if batch_idx:
            self.test_images += len(batch["image"]) * trainer.world_size
            self.test_seconds += now - self.started
        self.started = now


class ProgressBar(TQDMProgressBar):
    """Lightning's bar with images a second."""

    def __init__(self, throughput: Throughput, refresh_rate: int):
        super().__init__(refresh_rate=refresh_rate)
        self.throughput = throughput

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """The logged numbers of the bar, and images a second."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        if self.throughput.train:
            metrics["images/s"] = f"{self.throughput.train:.1f}"
        return metrics

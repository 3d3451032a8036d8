"""What a run shows while it runs: loss and images a second."""

import time
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar


class Throughput(Callback):
    """Images a second of training and of testing, over all processes, start-up left out.

    Reads the clock alone, so it never waits for the device; on an accelerator the queue of pending
    work is short against the seconds measured. Each process counts its own images; until they are
    summed up at the end, the others are taken to be as fast.
    """

    def __init__(self):
        self.processes = 1
        self.images, self.seconds = 0, 0.0
        self.test_images, self.test_seconds = 0, 0.0
        self.started: float | None = None

    @property
    def train(self) -> float | None:
        """Images a second so far; None before the first measured step."""
        return self.processes * self.images / self.seconds if self.seconds else None

    @property
    def test(self) -> float | None:
        """Images a second of the test, data loading and decoding of boxes included."""
        return self.test_images / self.test_seconds if self.test_seconds else None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The first batch of an epoch waits for the loaders: the clock starts after it."""
        self.started, self.processes = None, trainer.world_size

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count a step's images."""
        now = time.perf_counter()
        if self.started is not None:
            self.images += len(batch["image"])
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
            self.test_images += len(batch["image"])
            self.test_seconds += now - self.started
        self.started = now

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sum up."""
        self.images, self.seconds = over_processes(trainer, self.images, self.seconds)
        self.processes = 1

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sum up: shares of a test set differ."""
        self.test_images, self.test_seconds = over_processes(
            trainer, self.test_images, self.test_seconds
        )


def over_processes(trainer: Trainer, images: int, seconds: float) -> tuple[float, float]:
    """Images of all processes, and the seconds of the slowest."""
    device = trainer.strategy.root_device
    return tuple(
        trainer.strategy.reduce(torch.tensor(float(x), device=device), reduce_op=how).item()
        for x, how in ((images, "sum"), (seconds, "max"))
    )


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

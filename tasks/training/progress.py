"""Images per second, measured and shown while a run trains."""

import time
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar

from tasks.data.batches import images_in


class Throughput(Callback):
    """Images per second of training and of testing, over all processes, without the start-up.

    Only the clock is read, so nothing waits for the device; on an accelerator the queue of pending
    work is short compared to the measured time. Each process counts its own images. Until the
    counts are added up at the end, the other processes are assumed to be as fast.
    """

    def __init__(self) -> None:
        self.processes = 1
        self.images, self.seconds = 0.0, 0.0
        self.test_images, self.test_seconds = 0.0, 0.0
        self.started: float | None = None  # when the last batch ended
        self.compile_seconds: float | None = None  # None if nothing was compiled

    @property
    def train(self) -> float | None:
        """Images per second so far; None before the first measured step."""
        return self.processes * self.images / self.seconds if self.seconds else None

    @property
    def test(self) -> float | None:
        """Images per second of the test, including loading and the decoding of boxes."""
        return self.test_images / self.test_seconds if self.test_seconds else None

    def leave_out_compiling(self, seconds: float) -> None:
        """Leave out the step in progress, in which compiling took so many seconds."""
        self.compile_seconds = (self.compile_seconds or 0.0) + seconds
        self.started = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock after the first batch of an epoch, which waits for the loaders."""
        self.started, self.processes = None, trainer.world_size

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count a step's images."""
        now = time.perf_counter()
        if self.started is not None:
            self.images += images_in(batch)
            self.seconds += now - self.started
        self.started = now

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave validation out of the training time."""
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
        """Count a test batch's images, except for the first batch, which waits for the loaders."""
        now = time.perf_counter()
        if batch_idx and self.started is not None:
            self.test_images += images_in(batch)
            self.test_seconds += now - self.started
        self.started = now

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add up over all processes."""
        self.images, self.seconds = over_processes(trainer, self.images, self.seconds)
        self.processes = 1

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add up over all processes, whose shares of the test images differ."""
        self.test_images, self.test_seconds = over_processes(
            trainer, self.test_images, self.test_seconds
        )


def over_processes(trainer: Trainer, images: float, seconds: float) -> tuple[float, float]:
    """The images of all processes together, and the seconds of the slowest."""
    strategy = trainer.strategy

    def reduced(value: float, how: Any) -> float:
        tensor = torch.tensor(float(value), device=strategy.root_device)
        return float(strategy.reduce(tensor, reduce_op=how))

    return reduced(images, "sum"), reduced(seconds, "max")


class ProgressBar(TQDMProgressBar):
    """Lightning's progress bar with images per second."""

    def __init__(self, throughput: Throughput, refresh_rate: int):
        super().__init__(refresh_rate=refresh_rate)
        self.throughput = throughput

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """The numbers that the bar shows."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        if self.throughput.train:
            metrics["images/s"] = f"{self.throughput.train:.1f}"
        return metrics

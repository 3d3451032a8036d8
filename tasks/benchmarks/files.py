"""Images per second of a run from files: its loader alone, its steps alone, and both together."""

import time
from copy import copy
from itertools import islice
from tempfile import TemporaryDirectory
from typing import Any

import torch
from hydra.utils import instantiate
from lightning.fabric.utilities import move_data_to_device
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf

from tasks.benchmarks.compiled import compiles
from tasks.benchmarks.loops import SameBatch
from tasks.benchmarks.timing import Figures
from tasks.cli.mistakes import is_mistake, messages
from tasks.data.batches import Batch
from tasks.data.module import DataModule
from tasks.runs.directory import RunDirectory
from tasks.training.build import build_task
from tasks.training.progress import Throughput
from tasks.training.trainer import build_trainer, silence_lightning

LOADER = "the loader alone"
STEPS = "the same run's steps alone, on one batch in memory"
RUN = "a whole run's training"
BATCHES = 32  # timed batches; an epoch's if those are fewer


class Start(Callback):
    """Forgets what was measured in the first batches of a run."""

    def __init__(self, throughput: Throughput, warmup: int):
        self.throughput, self.warmup = throughput, warmup

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Start anew after the last of them."""
        if batch_idx + 1 == self.warmup:
            self.throughput.images = self.throughput.seconds = 0.0


def from_files(config: DictConfig) -> Figures:
    """Speeds of the loader, the steps and a run, on the data set of the configuration.

    The first batches, which loader processes prepare ahead, are not timed, nor is compiling. If
    there are no files, the figures are empty and a line says why. `mode=sample` draws some.
    """
    figures = Figures(config.data.batch_size)
    try:
        if config.data.prepare is not None:
            instantiate(config.data.prepare)
        instantiate(config.data.check)
        data = instantiate(config.data.module)
        data.setup("fit")
    except Exception as error:
        if not is_mistake(error):
            raise
        print(f"nothing is measured from files: {messages(error, [])[0]}")
        return figures
    silence_lightning()
    warmup = 2 * data.workers + 2
    run = training_speed(config, data, data.labels, warmup)
    loader = loader_speed(data, warmup)
    if run is None or loader is None:
        return figures
    batch = move_data_to_device(next(iter(data.train_loader(done=(0, 0)))), device())
    data.teardown("fit")  # what these loaders decode ahead would slow down the steps
    steps = training_speed(config, in_memory(data, batch, 2 + BATCHES), data.labels, warmup=2)
    assert steps is not None
    figures[LOADER], figures[STEPS], figures[RUN] = [loader], [steps], [run]
    return figures


def training_speed(config: DictConfig, data: DataModule, labels: Any, warmup: int) -> float | None:
    """Images per second of a short training; None if there are too few batches.

    Args:
        warmup: batches that are not timed.
    """
    throughput = Throughput()
    with TemporaryDirectory() as folder:
        own = quick(config, folder, warmup)
        task, _ = build_task(own, labels)
        trainer = build_trainer(own, RunDirectory(own), task, throughput, step=0)
        trainer.callbacks.append(Start(throughput, warmup))  # type: ignore[attr-defined]
        trainer.fit(task, data)
    return throughput.train


def in_memory(data: DataModule, batch: Batch, count: int) -> DataModule:
    """The data of a run, whose task may read more of them, but `count` times the same batch."""
    same, batches = copy(data), SameBatch(batch, count)
    same.train_dataloader = batches.train_dataloader  # type: ignore[method-assign]
    same.steps_per_epoch = batches.steps_per_epoch  # type: ignore[method-assign]
    return same


def device() -> torch.device:
    """The device that a run trains on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def quick(config: DictConfig, folder: str, warmup: int) -> DictConfig:
    """The configuration of a short run in its own folder, compiled if a long one is."""
    trainer = {
        "max_epochs": 1,
        "enable_progress_bar": False,
        "limit_val_batches": 0,
        "limit_train_batches": warmup + BATCHES,
    }
    options = {"trainer": trainer, "paths": {"runs": folder}, "compile": compiles(config, device())}
    merged = OmegaConf.merge(config, options)
    assert isinstance(merged, DictConfig)
    return merged


def loader_speed(data: Any, warmup: int) -> float | None:
    """Images per second of the training loader with all its processes; None if it has too few.

    Args:
        warmup: batches that are not timed.
    """
    batches = iter(data.train_loader(done=(0, 0)))
    if not sum(1 for _ in islice(batches, warmup)):
        return None
    started, images = time.perf_counter(), 0
    for batch in islice(batches, BATCHES):
        images += len(batch["image_id"])
    return images / (time.perf_counter() - started) if images else None

"""Images per second of a run from files: the loader by itself, and the whole of a training."""

import time
from itertools import islice
from tempfile import TemporaryDirectory
from typing import Any

from hydra.utils import instantiate
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf

from tasks.benchmarks.timing import Figures
from tasks.cli.mistakes import is_mistake, messages
from tasks.runs.directory import RunDirectory
from tasks.training.build import build_task
from tasks.training.progress import Throughput
from tasks.training.trainer import build_trainer, silence_lightning

LOADER, RUN = "the loader alone", "a whole run's training"
BATCHES = 32  # that are timed, or an epoch's if those are fewer


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
    """One figure for the loader and one for a run, on the data set of the configuration.

    The first batches, which loader processes prepare ahead, are not timed. The figures are empty,
    with a line that says why, where there are no files. `mode=sample` draws some.
    """
    figures = Figures(config.data.batch_size)
    try:
        if config.data.prepare is not None:
            instantiate(config.data.prepare)
        instantiate(config.data.check)
        data = instantiate(config.data.module)
        data.setup("fit")
        task, _ = build_task(config, data.labels)
    except Exception as error:
        if not is_mistake(error):
            raise
        print(f"nothing is measured from files: {messages(error, [])[0]}")
        return figures
    silence_lightning()
    with TemporaryDirectory() as folder:
        own = quick(config, folder, warmup=2 * data.workers + 2)
        throughput = Throughput()
        trainer = build_trainer(own, RunDirectory(own), task, throughput, step=0)
        trainer.callbacks.append(Start(throughput, 2 * data.workers + 2))  # type: ignore[attr-defined]
        trainer.fit(task, data)
    speed = loader_speed(data, warmup=2 * data.workers + 1)
    if speed is not None and throughput.train is not None:
        figures[LOADER], figures[RUN] = [speed], [throughput.train]
    return figures


def quick(config: DictConfig, folder: str, warmup: int) -> DictConfig:
    """The configuration of a short run in a folder of its own, which is not compiled."""
    trainer = {
        "max_epochs": 1,
        "enable_progress_bar": False,
        "limit_val_batches": 0,
        "limit_train_batches": warmup + BATCHES,
    }
    options = {"trainer": trainer, "paths": {"runs": folder}, "compile": False}
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

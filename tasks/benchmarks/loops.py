"""The same training step in Lightning's loop and in a bare one."""

import time
import warnings
from tempfile import TemporaryDirectory
from typing import Any

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tasks.benchmarks.timing import Figures, wait
from tasks.data.batches import Batch, images_in
from tasks.data.module import DataModule
from tasks.runs.directory import RunDirectory
from tasks.training.learner import Learner
from tasks.training.progress import Throughput
from tasks.training.trainer import build_trainer, precision, silence_lightning

BARE = "a bare loop over the same step"
LIGHTNING = "this suite, Lightning's loop"
LOOP_STEPS = 8  # timed steps per round, in each loop
IDLE_STEPS = 2  # untimed steps before them, in which Lightning sets itself up


class SameBatch(DataModule):
    """The same batch over and over, from memory, so that only the loop takes time."""

    def __init__(self, batch: Batch, count: int):
        super().__init__(batch_size=images_in(batch), workers=0, seed=0)
        self.repeated, self.count = batch, count

    def train_dataloader(self) -> DataLoader[Any]:
        """The same batch, `count` times."""
        steps = TensorDataset(torch.arange(self.count))
        return DataLoader(steps, batch_size=1, collate_fn=lambda _: self.repeated)

    def steps_per_epoch(self) -> int:
        """One step per batch."""
        return self.count


class Clock(pl.Callback):
    """Times the steps of a fit after the first ones."""

    seconds = 0.0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Start the clock after the idle steps, and stop it after the last step."""
        if batch_idx + 1 == IDLE_STEPS:
            wait()
            self.started = time.perf_counter()
        if batch_idx + 1 == IDLE_STEPS + LOOP_STEPS:
            wait()
            self.seconds = time.perf_counter() - self.started


def loops(config: DictConfig, task: Learner[Any], batch: Batch, rounds: int) -> Figures:
    """Images per second of the same training step in Lightning's loop and in a bare one.

    The loops take turns. A step is forward, backward, clipping, optimizer and schedule; neither
    loop averages the weights. Lightning runs with the callbacks of a real run.
    """
    count, size = IDLE_STEPS + LOOP_STEPS, len(batch["label"])
    device, recipe = batch["image"].device, task.recipe
    assert recipe is not None  # it came from the configuration
    silence_lightning()
    # nothing is validated here, so the monitored score is missing
    warnings.filterwarnings("ignore", message=".*could not find the monitored key.*")
    overrides = {"max_epochs": 1, "enable_progress_bar": False, "limit_val_batches": 0}
    config = changed(config, {"trainer": overrides, "compile": False})
    clip, bf16 = config.trainer.gradient_clip_val, precision(config.trainer.precision)

    def bare() -> float:
        task.to(device).train()  # Lightning leaves it on the CPU
        optimizer, schedule = recipe.build(task.head, size, count)
        for step in range(count):
            if step == IDLE_STEPS:
                wait()
                started = time.perf_counter()
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16 == "bf16-mixed"):
                loss = torch.stack(list(task.loss(batch).values())).sum()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(task.parameters(), clip)
            optimizer.step()
            schedule.step()
        wait()
        return time.perf_counter() - started

    def lightning() -> float:
        clock = Clock()
        with TemporaryDirectory() as folder:
            own = changed(config, {"paths": {"runs": folder}})
            trainer = build_trainer(own, RunDirectory(own), task, Throughput(), step=0)
            trainer.callbacks.append(clock)  # type: ignore[attr-defined]  # set at run time
            # the last step of an epoch is logged, so one more follows the timed ones
            trainer.fit(task.train(), SameBatch(batch, count + 1))
        return clock.seconds

    figures = Figures(size)
    figures.update({BARE: [], LIGHTNING: []})
    for _ in range(rounds):
        for name, loop in ((BARE, bare), (LIGHTNING, lightning)):
            figures[name].append(size * LOOP_STEPS / loop())
    task.to(device)
    return figures


def changed(config: DictConfig, options: dict[str, Any]) -> DictConfig:
    """A configuration with some options changed."""
    merged = OmegaConf.merge(config, options)
    assert isinstance(merged, DictConfig)
    return merged

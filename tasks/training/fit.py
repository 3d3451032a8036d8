"""Build everything a run needs, train it, and score its best weights."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig

from backbone.cost import Cost, cost
from backbone.errors import InputError
from backbone.evaluating import evaluating
from backbone.folded import adopt_statistics
from tasks.data.module import DataModule
from tasks.images.files import image_size
from tasks.runs.directory import RunDirectory
from tasks.runs.processes import is_main_process
from tasks.training.batch_norm import check_batch_norm
from tasks.training.batch_size import UNTIL_FOUND, is_auto, take_up_batch_size
from tasks.training.build import (
    build_data,
    build_task,
    fill_head,
    print_layers_left_out,
    sample_images,
    sample_pixels,
)
from tasks.training.checkpoints import read_checkpoint
from tasks.training.continuing import require_more_to_train, source_of, take_over
from tasks.training.devices import check_devices
from tasks.training.distributed import join_main_process
from tasks.training.form import open_form, with_form
from tasks.training.learner import Learner
from tasks.training.loggers import close_loggers
from tasks.training.memory import keep_freed_memory
from tasks.training.out_of_memory import naming_exhausted_memory
from tasks.training.progress import Throughput
from tasks.training.quantization import quantized_by, start_ranges
from tasks.training.resume import naming_damaged_state, step_reached
from tasks.training.teaching import Teaching
from tasks.training.trainer import build_trainer, silence_lightning


@dataclass
class Run:
    """A task, its data and its trainer.

    Args:
        directory: the run directory.
        cost: of the network, at the configuration's size.
        origin: the source of the trunk's weights, in words.
        throughput: images per second, as measured so far.
        started: the time when building began, by time.perf_counter.
    """

    directory: RunDirectory
    task: Learner[Any]
    data: DataModule
    trainer: pl.Trainer
    cost: Cost
    origin: str
    throughput: Throughput
    started: float

    @property
    def config(self) -> DictConfig:
        """Resolved. A batch size that the run has to find is a number once it has been found."""
        return self.directory.config

    @property
    def trains(self) -> bool:
        """Whether there is a training; with mode=evaluate there is none."""
        return bool(self.config.trainer.max_epochs > 0)


def build_run(
    config: DictConfig,
    directory: RunDirectory,
    teaching: Teaching | Mapping[str, Teaching] | None,
) -> Run:
    """Build everything that a run needs, without training.

    Args:
        teaching: the teacher that the task learns from, if any; for a joint task, one per part.

    Raises:
        InputError: data, weights or options cannot be used.
    """
    started = time.perf_counter()
    _set_up_process(config)
    source = source_of(directory)
    if source is not None and source != directory.last:  # before the data are read
        require_more_to_train(read_checkpoint(source), directory.config)
    take_up_batch_size(directory, source)
    config = directory.config
    found_later = {"batch_size": UNTIL_FOUND} if is_auto(config) else {}
    data = build_data(config, **found_later)
    data.setup("fit")
    if open_form(config):
        config = with_form(config, lambda: sample_pixels(data))
        directory.settle(config)
    task, weights = build_task(config, data.labels)
    if teaching is not None:
        task.learn_from(teaching)
    origin = "trunk weights: random initialisation" if weights is None else str(weights)
    print(origin)
    if config.trainer.max_epochs > 0 and config.get("quantize") is None:
        print_layers_left_out(task, config, weights)
    counted = _count(task, config)
    print(f"network: {counted} at {config.size}")
    if weights is not None and weights.folded and config.trainer.max_epochs > 0:
        adopt_statistics(task.head, sample_images(task, data))
    if config.trainer.max_epochs == 0:
        fill_head(task, config, weights)
    quantization = quantized_by(config, task, weights)
    lineage = take_over(directory, task)
    data.lineage = lineage
    if quantization is not None and not directory.last.exists():  # which would contain the ranges
        start_ranges(quantization, sample_images(task, data))
    step = step_reached(directory, task)
    if directory.last.exists():
        print(f"continuing {directory.path} at step {step}")
    throughput = Throughput()
    trainer = build_trainer(config, directory, task, throughput, step, lineage)
    if config.trainer.max_epochs > 0:
        check_batch_norm(task, _images_per_step(data, trainer), image_size(config.size))
    return Run(directory, task, data, trainer, counted, origin, throughput, started)


def fit_and_test(run: Run) -> dict[str, float]:
    """Train from the run's present state, and score the best weights on the reported split.

    Returns:
        The scores by their names in the literature.
    """
    with naming_exhausted_memory(run.data, run.config), naming_killed_loaders(run.data.workers):
        try:
            return _fit_and_test(run)
        finally:
            close_loggers(run.trainer.loggers)


def _fit_and_test(run: Run) -> dict[str, float]:
    task, data, trainer, directory = run.task, run.data, run.trainer, run.directory
    if run.trains:
        last = directory.last if directory.last.exists() else None
        with naming_damaged_state(last):
            trainer.fit(task, data, ckpt_path=last, weights_only=True if last else None)
        best = directory.best if directory.best.exists() else directory.last
        found = trainer.test(task, data, ckpt_path=best, weights_only=True, verbose=False)
    else:
        found = trainer.test(task, data, verbose=False)
        trainer.save_checkpoint(directory.best)  # for tasks.predict, as after a training
    # one result per loader; a joint task has several loaders
    return {name.removeprefix("test/"): value for own in found for name, value in own.items()}


@contextmanager
def naming_killed_loaders(workers: int) -> Iterator[None]:
    """Say what to try if the system has killed a loader process.

    Raises:
        InputError: instead of torch's RuntimeError.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        reason = " ".join(str(error).split())
        raise InputError(
            f"a loader process has died ({reason}), most often because memory ran out. Set "
            f"data.workers below {workers}, or lower data.batch_size; the same command then "
            "continues"
        ) from error


def _set_up_process(config: DictConfig) -> None:
    """Set what applies to a whole process; other processes than the main one wait for it first."""
    silence_lightning()
    check_devices(config.trainer)
    if not is_main_process():
        join_main_process(config)
    keep_freed_memory()
    torch.set_float32_matmul_precision("high")
    pl.seed_everything(config.seed, verbose=False)


def _images_per_step(data: DataModule, trainer: pl.Trainer) -> int:
    """The number of images that the network sees at once in this process.

    A batch size that must still be found counts as that of the data module, which is above one.
    """
    if "train" not in data.indices:
        return data.batch_size
    return min(data.batch_size, -(-len(data.indices["train"]) // trainer.world_size))


def _count(task: Learner[Any], config: DictConfig) -> Cost:
    """The cost of an answer for one image."""
    image = torch.zeros(1, 3, *image_size(config.size))
    with evaluating(task):  # a task may compute more than its head
        return cost(task.head, image, method=task.network)

"""Lightning's Trainer, set up for a run directory."""

import logging
import warnings
from datetime import timedelta
from typing import Any

import lightning.pytorch as pl
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from tasks.runs.directory import RunDirectory
from tasks.runs.metrics_csv import MetricsCsv
from tasks.training.compiling import Compilation
from tasks.training.distributed import check_world, cluster_environment
from tasks.training.ema import WeightEMA
from tasks.training.finite import FiniteLoss
from tasks.training.progress import ProgressBar, Throughput
from tasks.training.saving import AtomicCheckpointIO, Description
from tasks.training.task import Task

# Lightning's warnings about what is intended here, or about its own internals.
IGNORED_WARNINGS = (
    ".*does not have many workers.*",
    ".*dataloader is not resumable.*",  # ours continues at the right batch, see TrainBatches
    ".*smaller than the logging interval.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*was configured with a `.*` but .*",
    ".*recommended to use `self.log.*sync_dist=True.*",  # all processes log the same scores
    ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",
)


def silence_lightning() -> None:
    """Turn off Lightning's log messages, and those of its warnings that do not concern a run."""
    for message in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


def precision(wanted: str, accelerator: str = "auto") -> str:
    """`auto` as bf16-mixed on hardware that is faster in bfloat16, else as 32-true.

    A CPU is faster if it has matrix units (AMX). With AVX512's bfloat16 alone a training step of
    SSD was no faster than in float32 (AMD EPYC, torch 2.14).
    """
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available() and accelerator != "cpu":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if native else "32-true"


def build_trainer(
    config: DictConfig, directory: RunDirectory, task: Task[Any], throughput: Throughput, step: int
) -> pl.Trainer:
    """Lightning's Trainer of `config.trainer`, writing into the run directory.

    Args:
        step: optimizer steps already made by the run that is continued.

    Raises:
        InputError: another number of processes was started than the configuration asks for.
    """
    options: dict[str, Any] = dict(OmegaConf.to_container(config.trainer))  # type: ignore[arg-type]
    minutes = options.pop("checkpoint_minutes")
    options["precision"] = precision(options["precision"], options["accelerator"])
    callbacks: list[pl.Callback] = [FiniteLoss(), Description(config), throughput]
    callbacks.append(Compilation(config.compile, throughput))
    callbacks += _checkpoints(directory, task, minutes)
    if task.recipe.ema_decay is not None:
        callbacks.append(WeightEMA(task.recipe.ema_decay))
    if options["enable_progress_bar"]:
        callbacks.append(ProgressBar(throughput, refresh_rate=5))
    trainer: pl.Trainer = instantiate(options, _partial_=True)(
        callbacks=callbacks,
        logger=MetricsCsv(directory.path / "metrics.csv", step),
        plugins=[AtomicCheckpointIO(), *cluster_environment()],
        use_distributed_sampler=False,  # each process's loaders have its share already
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=directory.path,
    )
    check_world(trainer)
    return trainer


def _checkpoints(directory: RunDirectory, task: Task[Any], minutes: float) -> list[pl.Callback]:
    """best.ckpt by the monitored score; last.ckpt after each epoch and every few minutes."""

    def keep(filename: str, **when: Any) -> ModelCheckpoint:
        return ModelCheckpoint(directory.path, filename, enable_version_counter=False, **when)

    return [
        keep("best", monitor=f"val/{task.monitor}", mode=task.mode),
        keep("last", every_n_epochs=1, save_on_train_epoch_end=True),
        keep("last", train_time_interval=timedelta(minutes=minutes)),
    ]

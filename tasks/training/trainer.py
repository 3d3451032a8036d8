"""Lightning's Trainer, set up for a run directory."""

import logging
import sys
import warnings
from datetime import timedelta
from typing import Any

import lightning.pytorch as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from tasks.runs.directory import RunDirectory
from tasks.runs.lineage import Lineage
from tasks.training.batch_size import BatchSizeSearch, is_auto
from tasks.training.compiling import Compilation
from tasks.training.continuing import KeptCheckpoint, Replanned
from tasks.training.devices import accelerator as kind_of_device
from tasks.training.distributed import check_world, cluster_environment
from tasks.training.early_stop import EarlyStop
from tasks.training.ema import WeightEMA
from tasks.training.epoch_report import EpochReport
from tasks.training.finite import FiniteLoss
from tasks.training.learner import Learner
from tasks.training.loggers import build_loggers
from tasks.training.progress import ProgressBar, Throughput
from tasks.training.quantization import RunningRanges
from tasks.training.saving import AtomicCheckpointIO, Description
from tasks.training.watching import ValidationPictures

# Lightning's warnings about intended behaviour, or about its own internals.
IGNORED_WARNINGS = (
    ".*does not have many workers.*",
    ".*dataloader is not resumable.*",  # ours continues at the right batch; see TrainBatches
    ".*smaller than the logging interval.*",
    ".*callbacks used to create the checkpoint need to be provided.*",  # options may change
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*was configured with a `.*` but .*",
    ".*recommended to use `self.log.*sync_dist=True.*",  # all processes log the same scores
    ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",
    # the first steps with a gradient scaler may be skipped, while the schedule continues
    ".*Detected call of `lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`.*",
)

TENSOR_CORES = (7, 0)  # the first compute capability with them; below it, float16 may be slow


def silence_lightning() -> None:
    """Turn off Lightning's log messages, and warnings of Lightning that do not matter for a run."""
    for message in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


def precision(wanted: str, accelerator: str = "auto") -> str:
    """`auto` as bf16-mixed on hardware that is faster in bfloat16.

    An older NVIDIA GPU with tensor cores, such as a V100 or a T4, gets 16-mixed, with a gradient
    scaler that keeps small gradients from becoming 0. All other devices get 32-true.

    A CPU is faster if it has matrix units (AMX). With only AVX512's bfloat16, a training step of
    SSD was no faster than in float32 (AMD EPYC, torch 2.14).
    """
    if wanted != "auto":
        return wanted
    kind = kind_of_device(accelerator)
    if kind == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16-mixed"
        return "16-mixed" if torch.cuda.get_device_capability() >= TENSOR_CORES else "32-true"
    if kind == "cpu" and torch.cpu._is_amx_tile_supported():
        return "bf16-mixed"
    return "32-true"


def build_trainer(
    config: DictConfig,
    directory: RunDirectory,
    task: Learner[Any],
    throughput: Throughput,
    step: int,
    lineage: Lineage | None = None,
) -> pl.Trainer:
    """Lightning's Trainer of `config.trainer`, writing into the run directory.

    Args:
        step: optimizer steps that the continued run has already made.
        lineage: of a run that continues another one's checkpoint.

    Raises:
        InputError: another number of processes was started than the configuration asks for.
    """
    options: dict[str, Any] = dict(OmegaConf.to_container(config.trainer))  # type: ignore[arg-type]
    minutes = options.pop("checkpoint_minutes")
    options["precision"] = precision(options["precision"], options["accelerator"])
    callbacks: list[pl.Callback] = [FiniteLoss(), Description(directory), throughput]
    if is_auto(config):
        callbacks.append(BatchSizeSearch(directory))
    callbacks.append(Compilation(config.compile, throughput))
    callbacks += _checkpoints(directory, task, minutes)
    if "tensorboard" in (OmegaConf.select(config, "logger") or {}):
        callbacks.append(ValidationPictures())  # before the callback of the average
    if task.recipe.ema_decay is not None:
        callbacks.append(WeightEMA(task.recipe.ema_decay))
    patience = OmegaConf.select(config, "early_stop.patience")
    if patience is not None:
        callbacks.append(EarlyStop(task.monitor, task.mode, patience))
    if lineage is not None:
        callbacks.append(Replanned(lineage))
    if (learns := config.get("quantize")) is not None:
        callbacks.append(RunningRanges(learns.share, learns.freeze))
    unit = task.units.get(task.monitor)
    callbacks.append(EpochReport(task.monitor, task.mode, unit, throughput))
    if options["enable_progress_bar"] and sys.stdout.isatty():
        callbacks.append(ProgressBar(throughput, refresh_rate=5))
    else:  # a file or a pipe would get a line for every update
        options["enable_progress_bar"] = False
    trainer: pl.Trainer = instantiate(options, _partial_=True)(
        callbacks=callbacks,
        logger=build_loggers(config, directory, step),
        plugins=[AtomicCheckpointIO(), *cluster_environment()],
        use_distributed_sampler=False,  # each process's loaders already have its share
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=directory.path,
    )
    check_world(trainer)
    return trainer


def _checkpoints(directory: RunDirectory, task: Learner[Any], minutes: float) -> list[pl.Callback]:
    """best.ckpt by the monitored score; last.ckpt after each epoch and every few minutes."""

    def keep(filename: str, **when: Any) -> KeptCheckpoint:
        return KeptCheckpoint(directory.path, filename, enable_version_counter=False, **when)

    return [
        keep("best", monitor=f"val/{task.monitor}", mode=task.mode),
        keep("last", every_n_epochs=1, save_on_train_epoch_end=True),
        keep("last", train_time_interval=timedelta(minutes=minutes)),
    ]

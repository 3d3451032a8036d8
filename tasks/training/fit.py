"""Fit a task, test its best weights, and say what came out."""

import logging
import platform
import time
import warnings
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from backbone.cost import cost
from backbone.errors import InputError
from tasks.distillation.objective import build_distillation
from tasks.images.files import image_size
from tasks.runs.directory import RunDirectory
from tasks.runs.metrics_csv import MetricsCsv
from tasks.runs.plots import learning_curves
from tasks.runs.processes import is_main_process
from tasks.tables.beside import row_beside
from tasks.training.build import build_task, fill
from tasks.training.checkpoints import AtomicCheckpointIO, Description, read_checkpoint
from tasks.training.distributed import check_world, cluster_environment, join_main_process
from tasks.training.ema import WeightEMA
from tasks.training.memory import keep_freed_memory
from tasks.training.progress import ProgressBar, Throughput
from tasks.training.task import Task

# Lightning's remarks on choices that are made on purpose here, or are its own affair.
REMARKS = (
    ".*does not have many workers.*",
    ".*dataloader is not resumable.*",  # ours goes on at the right batch, see TrainBatches
    ".*smaller than the logging interval.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*was configured with a `.*` but .*",
    ".*recommended to use `self.log.*sync_dist=True.*",  # all processes log the same scores
    ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",
)


def silence_lightning() -> None:
    """Leave out what Lightning says on its own affairs."""
    for remark in REMARKS:
        warnings.filterwarnings("ignore", message=remark)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


def precision(wanted: str, accelerator: str = "auto") -> str:
    """`auto` as bf16-mixed where the hardware computes in bfloat16 and gains by it, else 32-true.

    A CPU gains by its matrix units (AMX). With AVX512's bfloat16 alone a training step of SSD was
    no faster than in float32 (AMD EPYC, torch 2.14).
    """
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available() and accelerator != "cpu":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if native else "32-true"


def build_trainer(
    config: DictConfig, directory: RunDirectory, task: Task, throughput: Throughput, step: int
) -> pl.Trainer:
    """Lightning's Trainer of `config.trainer`, writing into the run directory.

    Args:
        step: optimizer steps already made by the run that is continued.
    """
    options = OmegaConf.to_container(config.trainer)
    minutes = options.pop("checkpoint_minutes")
    options["precision"] = precision(options["precision"], options["accelerator"])
    where = {"dirpath": directory.path, "enable_version_counter": False}
    monitor = {"monitor": f"val/{task.monitor}", "mode": task.mode}
    callbacks = [
        Description(config),
        throughput,
        ModelCheckpoint(filename="best", **where, **monitor),
        ModelCheckpoint(filename="last", **where, every_n_epochs=1, save_on_train_epoch_end=True),
        ModelCheckpoint(filename="last", **where, train_time_interval=timedelta(minutes=minutes)),
    ]
    if task.recipe.ema_decay is not None:
        callbacks.append(WeightEMA(task.recipe.ema_decay))
    if options["enable_progress_bar"]:
        callbacks.append(ProgressBar(throughput, refresh_rate=5))
    trainer = instantiate(options, _partial_=True)(
        callbacks=callbacks,
        logger=MetricsCsv(directory.path / "metrics.csv", step),
        plugins=[AtomicCheckpointIO(), *cluster_environment()],
        use_distributed_sampler=False,  # the loaders share the data out, see tasks.data.module
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=directory.path,
    )
    check_world(trainer)
    return trainer


def train(config: DictConfig, directory: RunDirectory) -> dict[str, Any]:
    """Train from where the run stands, test the best weights, and return the result.

    Returns:
        `metrics` under their literature names and those of `baselines`, `cost`, `throughput`,
        `data` and how many of its images were scored, `seed`, `versions`, when it `finished`: what
        result.json holds.
    """
    silence_lightning()
    if not is_main_process():
        join_main_process(config)
    started = time.perf_counter()
    keep_freed_memory()
    torch.set_float32_matmul_precision("high")
    pl.seed_everything(config.seed, verbose=False)
    data = instantiate(config.data.module)
    data.setup("fit")
    task, weights = build_task(config, data.labels)
    origin = "trunk weights: random initialisation" if weights is None else str(weights)
    print(origin)
    task.distillation = build_distillation(config)
    task.eval()
    counted = cost(task.head, torch.zeros(1, 3, *image_size(config.size)), method=task.network)
    print(f"network: {counted} at {config.size}")
    task.train()
    if config.compile:
        task.head.compile()

    only_score = config.trainer.max_epochs == 0
    if only_score and str(config.backbone.weights).endswith(".ckpt"):
        fill(task, Path(config.backbone.weights), weights)
    elif only_score and not (weights and weights.classifier_loaded):
        raise InputError(
            "mode=evaluate scores a network that its weights fill wholly, the classifier included: "
            f"here the head would stay at its random start ({origin}). Name weights trained for "
            "these very classes, or a run's best.ckpt, with backbone.weights=, or train"
        )
    step = 0
    if directory.last.exists():
        step = read_checkpoint(directory.last)["global_step"]
        print(f"continuing {directory.path} at step {step}")
    throughput = Throughput()
    trainer = build_trainer(config, directory, task, throughput, step)
    if only_score:
        (scores,) = trainer.test(task, data, verbose=False)
        trainer.save_checkpoint(directory.best)  # for predict, as after a training
    else:
        resume = {"ckpt_path": directory.last, "weights_only": True} if step else {}
        trainer.fit(task, data, **resume)
        best = directory.best if directory.best.exists() else directory.last
        (scores,) = trainer.test(task, data, ckpt_path=best, weights_only=True, verbose=False)
    baselines = {}
    if trainer.is_global_zero:
        baselines = task.baselines(data)
        if not only_score:
            learning_curves(directory.path / "metrics.csv", directory.plots / "learning_curves.png")
        task.plot(data, directory.plots)
    device = trainer.strategy.root_device
    return {
        "task": config.task.name,
        "metrics": {k.removeprefix("test/"): v for k, v in scores.items()},
        "baselines": baselines,
        "cost": {"mult_adds": counted.mult_adds, "parameters": counted.parameters},
        "throughput": {
            "train_images_per_second": throughput.train,
            "test_images_per_second": throughput.test,
            "device": torch.cuda.get_device_name(device)
            if device.type == "cuda"
            else f"{device.type}, {torch.get_num_threads()} threads",
            "precision": trainer.precision,
        },
        "data": data.describe(),
        "scored_images": len(data.datasets[data.reported]),
        "teacher": None if task.distillation is None else task.distillation.source.describe(),
        "paper": row_beside(config),
        "trunk": origin,
        "seed": config.seed,
        "steps": trainer.global_step,
        "seconds": time.perf_counter() - started,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "torchvision", "lightning", "timm")},
    }

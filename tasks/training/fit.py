"""Build a task, fit it, test its best weights, and put the result together."""

import logging
import platform
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from backbone.cost import Cost, cost
from backbone.errors import InputError
from backbone.weights import Report
from tasks.data.module import Batch, DataModule
from tasks.images.files import image_size
from tasks.runs.directory import RunDirectory
from tasks.runs.metrics_csv import MetricsCsv
from tasks.runs.plots import learning_curves
from tasks.runs.processes import is_main_process
from tasks.training.build import build_task, fill
from tasks.training.checkpoints import AtomicCheckpointIO, Description, read_checkpoint
from tasks.training.devices import check_devices
from tasks.training.distributed import check_world, cluster_environment, join_main_process
from tasks.training.ema import WeightEMA
from tasks.training.finite import FiniteLoss
from tasks.training.memory import keep_freed_memory
from tasks.training.metric import Prediction
from tasks.training.presenter import Picture
from tasks.training.progress import ProgressBar, Throughput
from tasks.training.task import Task
from tasks.training.teaching import Teaching

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
    callbacks: list[pl.Callback] = [
        FiniteLoss(),
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


@dataclass
class Run:
    """A task, its data and the trainer that brings them together.

    Args:
        cost: of the network, at the configuration's size.
        origin: of the trunk's weights, in words.
        throughput: images per second, as measured so far.
    """

    config: DictConfig
    directory: RunDirectory
    task: Task[Any]
    data: DataModule
    trainer: pl.Trainer
    throughput: Throughput
    cost: Cost
    origin: str
    started: float

    @property
    def trains(self) -> bool:
        """Whether there is anything to train: mode=evaluate scores given weights."""
        return self.config.trainer.max_epochs > 0


def build_run(config: DictConfig, directory: RunDirectory, teaching: Teaching | None) -> Run:
    """Build everything a run needs; nothing has been trained yet.

    Args:
        teaching: what a teacher adds to the task.

    Raises:
        InputError: data, weights or options that cannot be used.
    """
    silence_lightning()
    check_devices(config.trainer)
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
    task.teaching = teaching
    task.eval()
    counted = cost(task.head, torch.zeros(1, 3, *image_size(config.size)), method=task.network)
    print(f"network: {counted} at {config.size}")
    task.train()
    if config.compile:
        task.head.compile()
    if config.trainer.max_epochs == 0:
        require_whole_head(task, config, weights, origin)
    step = 0
    if directory.last.exists():
        step = read_checkpoint(directory.last).step
        print(f"continuing {directory.path} at step {step}")
    throughput = Throughput()
    trainer = build_trainer(config, directory, task, throughput, step)
    return Run(config, directory, task, data, trainer, throughput, counted, origin, started)


def require_whole_head(
    task: Task[Any], config: DictConfig, weights: Report | None, origin: str
) -> None:
    """Fill the whole head for mode=evaluate.

    Raises:
        InputError: the weights leave a part of it at its random start.
    """
    if str(config.backbone.weights).endswith(".ckpt") and weights is not None:
        fill(task, Path(config.backbone.weights), weights)
    elif not (weights and weights.classifier_loaded):
        raise InputError(
            "mode=evaluate scores a network that its weights fill wholly, the classifier included: "
            f"here the head would stay at its random start ({origin}). Name weights trained for "
            "these very classes, or a run's best.ckpt, with backbone.weights=, or train"
        )


def fit_and_test(run: Run) -> dict[str, float]:
    """Train from where the run stands, and score the best weights on the reported split."""
    task, data, trainer, directory = run.task, run.data, run.trainer, run.directory
    if not run.trains:
        (scores,) = trainer.test(task, data, verbose=False)
        trainer.save_checkpoint(directory.best)  # for predict, as after a training
    else:
        resume: dict[str, Any] = {}
        if directory.last.exists():
            resume = {"ckpt_path": directory.last, "weights_only": True}
        trainer.fit(task, data, **resume)
        best = directory.best if directory.best.exists() else directory.last
        (scores,) = trainer.test(task, data, ckpt_path=best, weights_only=True, verbose=False)
    return {name.removeprefix("test/"): value for name, value in scores.items()}


def result_of(run: Run, metrics: dict[str, float]) -> dict[str, Any]:
    """What result.json holds.

    Returns:
        `metrics` under their literature names, their `units` where they are not shares, and those
        of `baselines`; `cost`, `throughput`, `data` and how many of its images were scored, `seed`,
        `versions`, and when it `finished`.
    """
    task, data, trainer = run.task, run.data, run.trainer
    device = trainer.strategy.root_device
    cpu = f"{device.type}, {torch.get_num_threads()} threads"
    return {
        "task": run.config.task.name,
        "metrics": metrics,
        "units": dict(task.units),
        "baselines": task.baselines(data) if trainer.is_global_zero else {},
        "cost": {"mult_adds": run.cost.mult_adds, "parameters": run.cost.parameters},
        "throughput": {
            "train_images_per_second": run.throughput.train,
            "test_images_per_second": run.throughput.test,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu,
            "precision": trainer.precision,
        },
        "data": data.describe(),
        "scored_images": len(data.datasets[data.reported]),  # type: ignore[arg-type]
        "teacher": None if task.teaching is None else task.teaching.describe(),
        "trunk": run.origin,
        "seed": run.config.seed,
        "steps": trainer.global_step,
        "seconds": time.perf_counter() - run.started,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "torchvision", "lightning", "timm")},
    }


def draw_pictures(run: Run, baselines: Mapping[str, Mapping[str, float]]) -> None:
    """Write the run's pictures; one that fails is a warning that names it, and the others go on."""
    task, data, plots = run.task, run.data, run.directory.plots

    def predict(batch: Batch) -> Prediction:
        task.eval()  # the trainer leaves a task as it was before the test, and that is in training
        with torch.inference_mode():
            return task.predict({name: value.to(task.device) for name, value in batch.items()})

    def curves(path: Path) -> None:
        learning_curves(run.directory.path / "metrics.csv", path, task.units)

    pictures: dict[str, Picture] = {"learning_curves.png": curves} if run.trains else {}
    plots.mkdir(parents=True, exist_ok=True)
    try:
        pictures |= task.present().pictures(task.result, data, predict, baselines)
    except Exception as error:
        print(f"warning: the pictures of {plots} were not drawn: {error}", file=sys.stderr)
    for name, draw in pictures.items():
        try:
            draw(plots / name)
        except Exception as error:
            print(f"warning: {plots / name} was not drawn: {error}", file=sys.stderr)

"""How the processes of one run meet, whether Lightning, torchrun or SLURM starts them."""

import os
import sys
import warnings
from typing import Any

import lightning.pytorch as pl
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig

from backbone.errors import InputError, number_of
from tasks.runs.processes import end_with_parent, number_of_launcher, tasks_of_srun


def cluster_environment() -> list[Any]:
    """Plugins that tell Lightning where it runs.

    In an allocation of SLURM it expects that srun has started all processes. It would wait forever
    for processes that it has to start itself.
    """
    alone = "SLURM_NTASKS" in os.environ and "RANK" not in os.environ and tasks_of_srun() == 1
    return [LightningEnvironment()] if alone else []


def check_world(trainer: pl.Trainer) -> None:
    """Raise InputError if torchrun or srun started another number of processes than is configured.

    Each process would then be a run by itself, and all would use the same folder.
    """
    torchrun = "TORCHELASTIC_RUN_ID" in os.environ
    started = number_of_launcher("WORLD_SIZE") if torchrun else tasks_of_srun()
    if trainer.world_size != started and (torchrun or started > 1):
        raise InputError(
            f"{'torchrun' if torchrun else 'srun'} started {number_of(started, 'process')}, but "
            f"trainer.devices={trainer.num_devices} and trainer.num_nodes={trainer.num_nodes} make "
            f"{trainer.world_size}: set trainer.devices to the processes per machine and "
            "trainer.num_nodes to the number of machines, with trainer.strategy=ddp"
        )


def join_main_process(config: DictConfig) -> None:
    """Let a process other than the main one wait until the main process has set itself up.

    By then samples are drawn, caches are written, and the run directory is ready. From here on only
    the main process prints, and this one ends when the process that started it ends.
    """
    if "RANK" not in os.environ and tasks_of_srun() == 1:  # torchrun and srun end theirs themselves
        end_with_parent()
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, for the rest of the process
    warnings.simplefilter("ignore")
    names = ("accelerator", "devices", "num_nodes", "strategy")
    trainer = pl.Trainer(
        **{name: config.trainer[name] for name in names},
        plugins=cluster_environment(),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    try:
        check_world(trainer)
    # the processes will not meet, and torchrun ends the main one at once
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    # by its launcher: the first process on another machine starts the others there
    assert trainer.strategy.launcher is not None
    trainer.strategy.launcher.launch(trainer.strategy.setup_environment)

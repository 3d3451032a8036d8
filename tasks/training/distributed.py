"""How the processes of one run find each other: Lightning's own, torchrun's and SLURM's."""

import os
import sys
import warnings

import lightning.pytorch as pl
from lightning.pytorch.plugins.environments import LightningEnvironment
from omegaconf import DictConfig

from backbone.errors import InputError
from tasks.runs.processes import end_with_parent, tasks_of_srun


def cluster_environment() -> list[LightningEnvironment]:
    """What Lightning has to be told of where it runs: in an allocation of SLURM it takes srun for
    granted, and waits for processes that nobody starts."""
    alone = "SLURM_NTASKS" in os.environ and "RANK" not in os.environ and tasks_of_srun() == 1
    return [LightningEnvironment()] if alone else []


def check_world(trainer: pl.Trainer) -> None:
    """Raise InputError where torchrun or srun started another number of processes than is asked
    for: each would be a run of its own, in one folder."""
    torchrun = "TORCHELASTIC_RUN_ID" in os.environ
    started = int(os.environ["WORLD_SIZE"]) if torchrun else tasks_of_srun()
    if trainer.world_size != started and (torchrun or started > 1):
        raise InputError(
            f"{'torchrun' if torchrun else 'srun'} started {started} processes, and "
            f"trainer.devices={trainer.num_devices} on trainer.num_nodes={trainer.num_nodes} are "
            f"{trainer.world_size}: set them to the processes of a machine and the machines, with "
            "trainer.strategy=ddp"
        )


def join_main_process(config: DictConfig) -> None:
    """Have a process that is not the main one wait until that has set up all it needs, and meets.

    What is drawn, parsed and kept then is there, and the run directory is as the run leaves it. The
    main process prints; this one ends with the one that started it.
    """
    if "RANK" not in os.environ and tasks_of_srun() == 1:  # torchrun and srun see to it
        end_with_parent()
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, for good
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
    except InputError as error:  # there is no meeting, and torchrun ends the main process at once
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    # the launcher: the first process of a further machine starts the others there
    trainer.strategy.launcher.launch(trainer.strategy.setup_environment)

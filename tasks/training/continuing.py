"""Continue another run's training: more epochs, or any checkpoint in a new directory."""

import shutil
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError, number_of
from backbone.files import write_atomically
from tasks.runs.directory import RunDirectory
from tasks.runs.lineage import (
    Lineage,
    finished_before,
    finished_otherwise,
    read_lineage,
    write_lineage,
)
from tasks.runs.names import described
from tasks.runs.options import changed_options, option_texts, with_options
from tasks.training.checkpoints import Checkpoint, read_checkpoint
from tasks.training.learner import Learner
from tasks.training.resume import check_resumable

OWN = ("auto", "none", None)  # values of `resume` that do not name a checkpoint


def take_over(directory: RunDirectory, task: Learner[Any]) -> Lineage | None:
    """Begin a run with another one's checkpoint, if its configuration says so.

    Its best.ckpt and metrics.csv are copied too. The other run is not changed. A run that has
    already begun keeps what it began with.

    Returns:
        Where the run's training began; None if it begins from nothing.

    Raises:
        InputError: the run or checkpoint does not exist, it cannot be continued, or an option has
            changed that must not change.
    """
    if directory.last.exists():
        return read_lineage(directory.path)
    source = source_of(directory)
    if source is None:
        return None
    checkpoint = read_checkpoint(source)
    check_resumable(checkpoint, directory, task, continued=True)
    lineage = lineage_of(checkpoint, directory)
    best = source if source.name == "best.ckpt" else source.with_name("best.ckpt")
    if best.is_file():
        check_resumable(read_checkpoint(best), directory, task, continued=True)
        copy_whole(best, directory.best)
    metrics = source.with_name("metrics.csv")
    if metrics.is_file():
        copy_whole(metrics, directory.path / "metrics.csv")
    write_lineage(directory.path, lineage)
    copy_whole(source, directory.last)  # as the last step: with it the run has begun
    done = "" if lineage.epochs is None else f", after {number_of(lineage.epochs, 'epoch')}"
    print(f"continuing from {source}{done}; {', '.join(lineage.changed) or 'nothing'} changed")
    return lineage


def source_of(directory: RunDirectory) -> Path | None:
    """The checkpoint that a run continues from: its own, or another run's; None if there is none.

    Raises:
        InputError: `extend` without a finished run to extend, or with several.
    """
    if directory.last.exists():
        return Path(directory.last)
    config = directory.config
    given, more = OmegaConf.select(config, "resume"), OmegaConf.select(config, "extend")
    if given not in OWN:
        return Path(given)
    if config.trainer.max_epochs == 0 or given == "none" or (config.fresh and more is None):
        return None
    before = finished_before(config)
    if before is None and more is not None:
        shorter = config.trainer.max_epochs - more
        before = finished_otherwise(config, shorter)
        if before is None:
            wanted = RunDirectory(with_options(config, {"trainer.max_epochs": shorter})).path
            raise InputError(
                f"extend={more}: there is no finished run of this command to extend ({wanted}). "
                "Run the command without extend first, or name a checkpoint with resume=PATH"
            )
    return None if before is None else before / "last.ckpt"


def require_more_to_train(checkpoint: Checkpoint, config: DictConfig) -> None:
    """Refuse a checkpoint from which a run would train no further.

    Raises:
        InputError: it has already made all epochs, or early stopping would end the run at once.
    """
    epochs = config.trainer.max_epochs
    if checkpoint.epochs >= epochs:
        raise InputError(
            f"trainer.max_epochs={epochs} leaves nothing to train: {checkpoint.path} has already "
            f"made {number_of(checkpoint.epochs, 'epoch')}; give more"
        )
    patience = OmegaConf.select(config, "early_stop.patience")
    if patience is not None and checkpoint.idle >= patience:
        raise InputError(
            f"early_stop.patience={patience} leaves nothing to train: {checkpoint.path} has "
            f"already made {number_of(checkpoint.idle, 'validation')} without a better score. Add "
            "resume= with this path and a larger early_stop.patience, or null; or resume=none to "
            "train from the start"
        )


def lineage_of(checkpoint: Checkpoint, directory: RunDirectory) -> Lineage:
    """What a run begins with, if it continues a checkpoint.

    Raises:
        InputError: the checkpoint is within an epoch, and the number of devices has changed.
    """
    own = option_texts(described(OmegaConf.to_container(directory.config)))
    theirs = option_texts(checkpoint.config)
    changed = {key: both for key, both in changed_options(theirs, own).items() if key != "resume"}
    shares = sorted({"trainer.devices", "trainer.num_nodes"} & changed.keys())
    if checkpoint.within_epoch and shares:
        raise InputError(
            f"{checkpoint.path} was written within an epoch, and {shares[0]} has changed: the rest "
            "of the epoch cannot be divided among other devices. Finish the epoch with the same "
            "number of devices first"
        )
    return Lineage(
        source=str(checkpoint.path),
        step=checkpoint.step,
        epochs=None if checkpoint.within_epoch else checkpoint.epochs,
        changed=[f"{key}: {there} -> {here}" for key, (there, here) in changed.items()],
        earlier=_earlier(checkpoint.path.parent),
    )


def _earlier(folder: Path) -> dict[str, Any] | None:
    """The lineage of the run that is continued, as plain values; None if it began from nothing."""
    lineage = read_lineage(folder)
    return None if lineage is None else vars(lineage).copy()


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file under a temporary name and rename it."""
    with write_atomically(target) as partial:
        shutil.copyfile(source, partial)


class Replanned(Callback):
    """Sets the learning rate of a continued run's own plan from the first step on.

    The optimizer's state still has the learning rate at which the other run's plan ended.
    """

    def __init__(self, lineage: Lineage):
        self.lineage = lineage

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Set the rates of the next step; they do not change if the plan is the same."""
        assert isinstance(pl_module, Learner)
        ended = trainer.optimizers[0].param_groups[0]["lr"]
        pl_module.replan()
        if trainer.global_step == self.lineage.step and trainer.is_global_zero:
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            print(
                f"the schedule is planned anew for {trainer.max_epochs} epochs: the learning rate "
                f"continues at {rate:.3g}; it had ended at {ended:.3g}"
            )


class KeptCheckpoint(ModelCheckpoint):
    """Lightning's class, except that a moved or continued run keeps its best score."""

    @property
    def state_key(self) -> str:
        """The key of Lightning's own class, so that earlier checkpoints can be read."""
        return super().state_key.replace(type(self).__name__, ModelCheckpoint.__name__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state, with the files at their present places."""
        folder = Path(str(self.dirpath))

        def moved(path: str) -> str:
            return str(folder / Path(path).name) if path else path

        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        state = state_dict | {name: moved(state_dict.get(name, "")) for name in paths}
        best = {moved(path): score for path, score in state_dict.get("best_k_models", {}).items()}
        if all(Path(path).exists() for path in best):
            state |= {"dirpath": self.dirpath, "best_k_models": best}
            super().load_state_dict(state)

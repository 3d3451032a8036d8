"""The checkpoints that an interrupted run continues from, checked before anything is trained."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from backbone.errors import InputError, listed_briefly, number_of, shortened
from tasks.runs.directory import RunDirectory
from tasks.runs.lineage import read_lineage, refused_change
from tasks.runs.names import described
from tasks.runs.options import changed_options, option_texts
from tasks.training.checkpoints import Checkpoint, read_checkpoint
from tasks.training.learner import Learner
from tasks.training.out_of_memory import is_out_of_memory

RESTORING = "checkpoint_connector"  # Lightning's module that restores
# a changed option -> the one that starts another training from the weights
FROM_WEIGHTS = {"task.name": "backbone.weights", "task.parts": "task.extends"}
_OF_THE_AVERAGE = ("training_state_dict", "ema_updates")  # only there with averaged weights


def step_reached(directory: RunDirectory, task: Learner[Any]) -> int:
    """The optimizer steps that the run has made; 0 if it begins.

    Args:
        directory: of the run.
        task: as built for the run, with the present labels of the data.

    Raises:
        InputError: last.ckpt or best.ckpt is damaged or does not belong to this run, or the
            training cannot continue from last.ckpt; the message says what to do.
    """
    if not directory.last.exists():
        return 0
    continued = read_lineage(directory.path) is not None
    last = read_checkpoint(directory.last)
    check_resumable(last, directory, task, continued)
    if directory.best.exists():
        try:
            check_resumable(read_checkpoint(directory.best), directory, task, continued)
        except InputError as error:
            raise InputError(
                f"{error}; or move it away, and the run continues, but without these weights, the "
                "best so far"
            ) from error
    return last.step


def check_resumable(
    checkpoint: Checkpoint, directory: RunDirectory, task: Learner[Any], continued: bool
) -> None:
    """Refuse a checkpoint from which this run's training cannot continue.

    Args:
        continued: it may be another run's, with options that differ as `tasks.runs.lineage` allows.

    Raises:
        InputError: it belongs to another run, or has weights but not the state of a training.
    """
    check_belongs(checkpoint, directory, task, continued)
    unused = _OF_THE_AVERAGE if task.recipe.ema_decay is None else ()
    missing = [part for part in checkpoint.missing if part not in unused]
    if missing:
        raise InputError(
            f"{checkpoint.path} lacks {listed_briefly(missing)}, which a training needs to "
            f"continue. {_start_over(checkpoint)}"
        )


@contextmanager
def naming_damaged_state(path: Path | None) -> Iterator[None]:
    """Turn an error that Lightning meets while it restores a training's state into an InputError.

    Args:
        path: of the checkpoint; None: nothing is restored.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        restoring = any(RESTORING in f.filename and "restore" in f.name for f in frames)
        if path is None or not restoring or is_out_of_memory(error):
            raise
        raise InputError(
            f"{path}: the state of its training is damaged ({type(error).__name__}: "
            f"{shortened(str(error), 200)}). Put the run's own {path.name} there, or start over "
            "with fresh=true"
        ) from error


def check_belongs(
    checkpoint: Checkpoint, directory: RunDirectory, task: Learner[Any], continued: bool
) -> None:
    """Refuse a checkpoint of another configuration, other data or another network.

    Args:
        continued: see `check_resumable`.

    Raises:
        InputError: the message names the difference.
    """
    own = described(OmegaConf.to_container(directory.config))
    changed = changed_options(option_texts(checkpoint.config), option_texts(own))
    if continued:
        changed = {key: both for key, both in changed.items() if refused_change(key)}
    if changed and continued:
        raise InputError(_refused(checkpoint, changed))
    different = [
        f"{key}={there} where this run has {here}" for key, (there, here) in changed.items()
    ]
    if different:
        raise InputError(
            f"{checkpoint.path} belongs to another run: its configuration has "
            f"{listed_briefly(different)}. {_start_over(checkpoint)}"
        )
    # a task's own message about other labels comes first, since it knows what to do about them
    task.on_load_checkpoint({"labels": checkpoint.labels.to_dict()})
    if checkpoint.labels.ids != task.labels.ids:
        raise InputError(
            f"{checkpoint.path} was trained on {number_of(len(checkpoint.labels.ids), 'class')}, "
            f"{listed_briefly(checkpoint.labels.ids)}; the data now has {len(task.labels.ids):,}, "
            f"{listed_briefly(task.labels.ids)}: restore the data, or start over with fresh=true"
        )
    state = task.state_dict()
    wrong = [
        name
        for name in sorted(state.keys() | checkpoint.state.keys())
        if name not in state
        or name not in checkpoint.state
        or state[name].shape != checkpoint.state[name].shape
    ]
    if wrong and task.strict_loading:
        raise InputError(
            f"{checkpoint.path} holds weights of another network; they differ in "
            f"{listed_briefly(wrong)}. {_start_over(checkpoint)}"
        )


def _refused(checkpoint: Checkpoint, changed: dict[str, tuple[str, str]]) -> str:
    """The message about options that must not change when a run is continued."""
    # the others follow from the task or the network
    key, *more = sorted(changed, key=lambda key: (*_rank(key), key.count("."), key))
    there, here = changed[key]
    others = f" (also {listed_briefly(more)})" if more else ""
    if key.startswith("backbone."):
        instead = "train the other network from the start"
    else:
        option = FROM_WEIGHTS.get(key, "task.head.weights")
        instead = f"start another training from these weights with {option}={checkpoint.path}"
    return (
        f"{checkpoint.path} cannot be continued with {key}={here}{others}: it was trained with "
        f"{there}, and {refused_change(key)}. Leave it as it was, or {instead}"
    )


def _rank(key: str) -> tuple[bool, bool]:
    """The task comes before the trunk, and the trunk before everything else."""
    return key != "task.name", not key.startswith("backbone.")


def _start_over(checkpoint: Checkpoint) -> str:
    """Advice for a checkpoint that its run cannot use."""
    return f"Put the run's own {checkpoint.path.name} there, or start over with fresh=true"

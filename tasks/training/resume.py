"""The checkpoints that an interrupted run goes on from, checked before anything is trained."""

from typing import Any

from omegaconf import OmegaConf

from backbone.errors import InputError, listed_briefly
from tasks.runs.directory import RunDirectory
from tasks.runs.names import described
from tasks.runs.options import option_texts
from tasks.training.checkpoints import Checkpoint, read_checkpoint
from tasks.training.task import Task

_OF_THE_AVERAGE = ("training_state_dict", "ema_updates")  # kept only beside averaged weights


def step_reached(directory: RunDirectory, task: Task[Any]) -> int:
    """The optimizer steps that the run has made; 0 where it starts.

    Args:
        directory: of the run.
        task: as the run builds it, with the labels of the data as they are now.

    Raises:
        InputError: last.ckpt or best.ckpt is damaged or does not belong to this run, or the
            training cannot go on from last.ckpt; it says what to do.
    """
    if not directory.last.exists():
        return 0
    last = read_checkpoint(directory.last)
    check_resumable(last, directory, task)
    if directory.best.exists():
        try:
            check_resumable(read_checkpoint(directory.best), directory, task)
        except InputError as error:
            raise InputError(
                f"{error}; or move it away, and the run goes on, but forgets these weights, the "
                "best so far"
            ) from error
    return last.step


def check_resumable(checkpoint: Checkpoint, directory: RunDirectory, task: Task[Any]) -> None:
    """Refuse a checkpoint that this run's training cannot go on from.

    Raises:
        InputError: it belongs to another run, or has weights but not the state of a training.
    """
    check_belongs(checkpoint, directory, task)
    unused = _OF_THE_AVERAGE if task.recipe.ema_decay is None else ()
    missing = [part for part in checkpoint.missing if part not in unused]
    if missing:
        raise InputError(
            f"{checkpoint.path} lacks {listed_briefly(missing)}, and a training cannot go on "
            f"without. {_start_over(checkpoint)}"
        )


def check_belongs(checkpoint: Checkpoint, directory: RunDirectory, task: Task[Any]) -> None:
    """Refuse a checkpoint of another configuration, of other data or of another network.

    Raises:
        InputError: names what differs.
    """
    own = described(OmegaConf.to_container(directory.config))
    different = _differences(option_texts(checkpoint.config), option_texts(own))
    if different:
        raise InputError(
            f"{checkpoint.path} belongs to another run: its configuration has "
            f"{listed_briefly(different)}. {_start_over(checkpoint)}"
        )
    # a task's own objection to other labels comes first: it knows what to do about them
    task.on_load_checkpoint({"labels": checkpoint.labels.to_dict()})
    if checkpoint.labels.ids != task.labels.ids:
        raise InputError(
            f"{checkpoint.path} was trained on {len(checkpoint.labels.ids):,} classes, "
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


def _differences(there: dict[str, str], here: dict[str, str]) -> list[str]:
    """The keys in which two configurations differ, in words."""
    return [
        f"{key}={there.get(key, 'nothing')} where this run has {here.get(key, 'nothing')}"
        for key in sorted(there.keys() | here.keys())
        if there.get(key) != here.get(key)
    ]


def _start_over(checkpoint: Checkpoint) -> str:
    """What to do about a checkpoint that is of no use to its run."""
    return f"Put the run's own {checkpoint.path.name} there, or start over with fresh=true"

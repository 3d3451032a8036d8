"""A joint run that extends a checkpoint: new parts beside its own, which go on as they were."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from backbone.forms import NO_WEIGHTS
from tasks.runs.options import with_options
from tasks.runs.parts import PARTS
from tasks.training.checkpoints import Checkpoint, read_checkpoint

TEACHER = "tasks.distillation.teacher.Teacher"


def extended(config: DictConfig) -> DictConfig:
    """A run's configuration with what `task.extends` stands for.

    Each part that the checkpoint has starts with its head, and is taught by that very part as it
    was, so that it keeps its answers while the trunk learns for the new parts. Weights and
    teachers that the configuration names for a part are kept.

    Args:
        config: resolved; the trunk's weights are the checkpoint's already.

    Raises:
        InputError: no such checkpoint, it has a part that the run lacks, or there is no new part.
    """
    source = OmegaConf.select(config, "task.extends")
    if source is None:
        return config
    before = parts_in(read_checkpoint(source))
    names = list(config[PARTS])
    for name in before:
        if name not in names:
            raise InputError(
                f"task.extends={source} has a part {name}, which task.parts lacks: name it too, "
                "with its data, from which it learns to keep its answers"
            )
    if len(before) == len(names):
        raise InputError(
            f"task.extends={source} has all of these parts: name a new one in task.parts, or go on "
            f"with task.head.weights={source}"
        )
    stands_for: dict[str, Any] = {}
    for name, path in before.items():
        part = config[PARTS][name]
        if part.task.head.get("weights") in NO_WEIGHTS:
            stands_for[f"{PARTS}.{name}.task.head.weights"] = str(path)
        if part.get("distill") is None:
            stands_for[f"{PARTS}.{name}.distill"] = taught_by(path)
    return with_options(config, stands_for)


def parts_in(checkpoint: Checkpoint) -> dict[str, Path]:
    """The parts of a checkpoint and where each is; of one that is not joint, its task."""
    return {name: part.path for name, part in checkpoint.parts.items()} or {
        checkpoint.task_name: checkpoint.path
    }


def taught_by(path: Path) -> dict[str, Any]:
    """What `distill=teacher distill.teacher=PATH` configures, whatever the teacher scores."""
    source = {"_target_": TEACHER, "checkpoint": str(path), "tolerance": None}
    return {"weight": 1.0, "teacher": str(path), "tolerance": None, "source": source}

"""From a resolved configuration to a trunk, a task, and back from a checkpoint to both."""

from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from backbone.errors import InputError
from backbone.weights import Report, load_weights
from tasks.data.module import Labels
from tasks.images.files import image_size
from tasks.training.checkpoints import read_checkpoint
from tasks.training.task import Task


def build_task(config: DictConfig, labels: Labels) -> tuple[Task, Report | None]:
    """The task, its head on its trunk, in channels_last; and where its weights came from, if any.

    Raises:
        InputError: an option out of range, or weights that do not fit the trunk.
    """
    options = OmegaConf.to_container(config.backbone)
    source = options.pop("weights")
    head = build_head(options, OmegaConf.to_container(config.task.head), labels.num_classes)
    report = None
    if source not in (None, "none"):
        report = load_weights(
            head.trunk,
            source,
            classifier=getattr(head, "fc", None),
            classes=labels.ids,
            size=image_size(config.size),
            cache=Path(config.paths.cache) / "weights",
        )
    make_task = instantiate(config.task.module, _partial_=True)
    recipe = instantiate(config.optimizer)
    if report is None:
        recipe = recipe.from_scratch()
    task = make_task(head=head, labels=labels, recipe=recipe, seed=config.seed)
    return task.to(memory_format=torch.channels_last), report


def build_head(trunk: dict[str, Any], head: dict[str, Any], num_classes: int) -> nn.Module:
    """A head on a trunk with random weights, both as the configuration describes them."""
    # partial, then called: what is handed to instantiate itself is merged into the configuration
    make_head = instantiate(head, _partial_=True)
    return make_head(trunk=instantiate(trunk), num_classes=num_classes)


def load_task(path: str | Path) -> tuple[Task, DictConfig]:
    """Rebuild a trained task from its checkpoint alone, in evaluation mode.

    Raises:
        InputError: no checkpoint of this suite, or one whose tensors do not fit its configuration.
    """
    return rebuild(read_checkpoint(path), path)


def rebuild(checkpoint: dict[str, Any], path: str | Path) -> tuple[Task, DictConfig]:
    """`load_task` for a checkpoint that was read already; `path` is for the error."""
    config = OmegaConf.create(checkpoint["config"])
    config.backbone.weights = None  # the checkpoint's own follow
    task, _ = build_task(config, Labels(**checkpoint["labels"]))
    try:
        task.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise InputError(f"{path} does not fit its own configuration: {error}") from error
    return task.eval(), config


def fill(task: Task, path: Path, report: Report) -> None:
    """Take over a whole trained head, whatever it is, from a checkpoint of this suite.

    Args:
        report: what was loaded of it before, and why no more.

    Raises:
        InputError: its outputs mean something else than the data's, or its tensors do not fit.
    """
    checkpoint = read_checkpoint(path)
    if task.outputs_are_labels and checkpoint["labels"]["ids"] != task.labels.ids:
        raise InputError(
            f"backbone.weights={path} answers other labels than the {len(task.labels.ids)} of the "
            f"data: score it on data with its own ({report})"
        )
    own = {
        name.removeprefix("head."): tensor
        for name, tensor in checkpoint["state_dict"].items()
        if name.startswith("head.")
    }
    try:
        task.head.load_state_dict(own)
    except RuntimeError as error:
        raise InputError(
            f"backbone.weights={path} is of another network: {error}. Give backbone.*, task.head.* "
            f"and size as in {path.parent / 'config.yaml'}"
        ) from error

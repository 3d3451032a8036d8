"""From a resolved configuration to a trunk, a task, and back from a checkpoint to both."""

from pathlib import Path

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from backbone.trunk import Trunk
from backbone.weights import load
from tasks.checkpoints import read_checkpoint
from tasks.data import Labels
from tasks.images import image_size
from tasks.task import Task


def build_trunk(config: DictConfig) -> tuple[Trunk, str]:
    """The trunk of `config.backbone`, and one line on where its weights came from.

    Raises:
        InputError: an option out of range, or weights that do not fit.
    """
    options = OmegaConf.to_container(config.backbone)
    weights = options.pop("weights")
    trunk = instantiate(options)
    if weights is None:
        return trunk, "trunk weights: random initialisation"
    return trunk, str(load(trunk, weights))


def build_task(config: DictConfig, labels: Labels) -> tuple[Task, str]:
    """The task, its head on its trunk, in channels_last; and the line on the trunk's weights."""
    trunk, origin = build_trunk(config)
    # partial, then called: what is handed to instantiate itself is merged into the configuration
    make_head = instantiate(config.task.head, _partial_=True)
    head = make_head(trunk=trunk, num_classes=labels.num_classes, size=image_size(config.size))
    make_task = instantiate(config.task.module, _partial_=True)
    recipe = instantiate(config.optimizer)
    task = make_task(head=head, labels=labels, recipe=recipe, seed=config.seed)
    return task.to(memory_format=torch.channels_last), origin


def load_task(path: str | Path) -> tuple[Task, DictConfig]:
    """Rebuild a trained task from its checkpoint alone, in evaluation mode.

    Raises:
        InputError: no checkpoint of this suite, or one whose tensors do not fit its configuration.
    """
    checkpoint = read_checkpoint(path)
    config = OmegaConf.create(checkpoint["config"])
    config.backbone.weights = None  # the checkpoint's own follow
    task, _ = build_task(config, Labels(**checkpoint["labels"]))
    try:
        task.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise InputError(f"{path} does not fit its own configuration: {error}") from error
    return task.eval(), config

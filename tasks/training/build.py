"""From a resolved configuration to a trunk, a head, and a task with weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from backbone.head import Head
from backbone.weights import Report, load_weights
from tasks.data.module import Labels
from tasks.images.files import image_size
from tasks.images.preprocessing import Augmentation
from tasks.runs.names import STABLE
from tasks.training.checkpoints import read_checkpoint
from tasks.training.head_weights import HeadReport, load_head
from tasks.training.recipe import Recipe
from tasks.training.task import Task

Loaded = Report | HeadReport
NO_WEIGHTS = (None, "none")


def build_task(config: DictConfig, labels: Labels) -> tuple[Task[Any], Loaded | None]:
    """The task with its head and trunk, in channels_last, and a report of the weights loaded.

    Args:
        labels: what the outputs mean.

    Returns:
        The task; and what was loaded into it, None for random weights.

    Raises:
        InputError: an option out of range, or weights that do not fit the trunk.
    """
    options: dict[str, Any] = dict(OmegaConf.to_container(config.backbone))  # type: ignore[arg-type]
    source = options.pop("weights")
    head_options: dict[str, Any] = dict(OmegaConf.to_container(config.task.head))  # type: ignore[arg-type]
    whole = head_options.pop("weights", None)
    head = build_head(options, head_options, labels.num_classes)
    report: Loaded | None = None
    if source not in NO_WEIGHTS:
        report = load_weights(
            head.trunk,
            source,
            classifier=head.fc,
            classes=labels.ids,
            size=image_size(config.size),
            cache=Path(config.paths.cache) / "weights",
        )
    recipe: Recipe = instantiate(config.optimizer)
    make_task = instantiate(config.task.module, _partial_=True)
    task: Task[Any] = make_task(
        head=head,
        labels=labels,
        recipe=recipe.from_scratch() if report is None and whole in NO_WEIGHTS else recipe,
        seed=config.seed,
        view=instantiate(OmegaConf.select(config, "data.view")),
        augmentation=Augmentation(**config.preprocess) if config.augment else None,
    )
    if whole not in NO_WEIGHTS:
        keep_classes = bool(OmegaConf.select(config, "data.keep_classes"))
        report = load_head(head, whole, labels, task.outputs_are_labels, keep_classes)
    task.to(memory_format=torch.channels_last)
    return task, report


def build_head(trunk: Any, head: Any, num_classes: int) -> Head:
    """A head on a trunk with random weights, both as the configuration describes them."""
    # partial, then called: arguments of instantiate itself are merged into the configuration
    built: Head = instantiate(head, _partial_=True)(
        trunk=instantiate(trunk), num_classes=num_classes
    )
    return built


def fill_head(task: Task[Any], config: DictConfig, weights: Loaded | None) -> None:
    """For mode=evaluate: see to it that weights fill the whole head, not only its trunk.

    Args:
        weights: what was loaded before.

    Raises:
        InputError: a part of the head would stay at its random start; or the checkpoint's outputs
            do not mean what the data's labels do, or its tensors do not fit.
    """
    if isinstance(weights, HeadReport) and weights.classifier_loaded:
        return
    source = str(config.backbone.weights)
    if weights is None or not (source.endswith(".ckpt") or weights.classifier_loaded):
        origin = "random initialisation" if weights is None else weights
        raise InputError(
            "mode=evaluate scores trained weights, and here a part of the head would stay at its "
            f"random start ({origin}). Name a run's best.ckpt, or weights with a classifier for "
            "exactly these classes, with backbone.weights= or task.head.weights=, or train"
        )
    if not source.endswith(".ckpt"):
        return
    checkpoint = read_checkpoint(source)
    if task.outputs_are_labels and checkpoint.labels.ids != task.labels.ids:
        raise InputError(
            f"backbone.weights={source} answers other labels than the {len(task.labels.ids)} of "
            f"the data: score it on data with its own labels ({weights})"
        )
    try:
        task.head.load_state_dict(checkpoint.head_state())
    except RuntimeError as error:
        raise InputError(
            f"backbone.weights={source} is of another network: {error}. Give backbone.*, "
            f"task.head.* and size as in {checkpoint.path.parent / 'config.yaml'}"
        ) from error


def trusted_modules(config: DictConfig) -> Sequence[str]:
    """Modules outside the suite that the command line names, so that a checkpoint may name them.

    These are the modules of `trust`, and those of the run's own task, head and trunk.
    """
    targets = (
        OmegaConf.select(config, f"{part}._target_")
        for part in ("backbone", "task.head", "task.module")
    )
    own = [t.partition(".")[0] for t in targets if t is not None and t not in STABLE]
    return [*config.get("trust", []), *own]

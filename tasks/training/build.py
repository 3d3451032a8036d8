"""From a resolved configuration to a trunk, a head and a task with weights."""

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
from tasks.training.task import Task


def build_task(config: DictConfig, labels: Labels) -> tuple[Task[Any], Report | None]:
    """The task, its head on its trunk, in channels_last; and where its weights came from, if any.

    Raises:
        InputError: an option out of range, or weights that do not fit the trunk.
    """
    options = OmegaConf.to_container(config.backbone)
    assert isinstance(options, dict)
    source = options.pop("weights")
    head = build_head(options, OmegaConf.to_container(config.task.head), labels.num_classes)
    report = None
    if source not in (None, "none"):
        report = load_weights(
            head.trunk,
            source,
            classifier=head.fc,
            classes=labels.ids,
            size=image_size(config.size),
            cache=Path(config.paths.cache) / "weights",
        )
    recipe = instantiate(config.optimizer)
    make_task = instantiate(config.task.module, _partial_=True)
    task = make_task(
        head=head,
        labels=labels,
        recipe=recipe if report is not None else recipe.from_scratch(),
        seed=config.seed,
        view=instantiate(OmegaConf.select(config, "data.view")),
        augmentation=Augmentation(**config.preprocess) if config.augment else None,
    )
    return task.to(memory_format=torch.channels_last), report


def build_head(trunk: Any, head: Any, num_classes: int) -> Head:
    """A head on a trunk with random weights, both as the configuration describes them."""
    # partial, then called: what is handed to instantiate itself is merged into the configuration
    make_head = instantiate(head, _partial_=True)
    return make_head(trunk=instantiate(trunk), num_classes=num_classes)  # type: ignore[no-any-return]


def fill(task: Task[Any], path: Path, report: Report) -> None:
    """Take over a whole trained head, whatever it is, from a checkpoint of this suite.

    Args:
        report: what was loaded of it before, and why no more.

    Raises:
        InputError: its outputs mean something else than the data's, or its tensors do not fit.
    """
    checkpoint = read_checkpoint(path)
    if task.outputs_are_labels and checkpoint.labels.ids != task.labels.ids:
        raise InputError(
            f"backbone.weights={path} answers other labels than the {len(task.labels.ids)} of the "
            f"data: score it on data with its own ({report})"
        )
    try:
        task.head.load_state_dict(checkpoint.head_state())
    except RuntimeError as error:
        raise InputError(
            f"backbone.weights={path} is of another network: {error}. Give backbone.*, task.head.* "
            f"and size as in {path.parent / 'config.yaml'}"
        ) from error


def trusted_modules(config: DictConfig) -> Sequence[str]:
    """Modules outside the suite that the command line itself names, so that a checkpoint may too.

    They are those of `trust`, and where the task, its head and its trunk come from.
    """
    targets = (
        OmegaConf.select(config, f"{part}._target_")
        for part in ("backbone", "task.head", "task.module")
    )
    own = [t.partition(".")[0] for t in targets if t is not None and t not in STABLE]
    return [*config.get("trust", []), *own]

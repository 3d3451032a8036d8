"""From a resolved configuration to a trunk, a head, and a task with its weights."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from backbone.errors import InputError, number_of
from backbone.forms import FORM, NO_WEIGHTS
from backbone.head import Head
from backbone.trunk import Trunk
from backbone.weights import Report, load_weights
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.images.files import image_size
from tasks.images.preprocessing import Augmentation
from tasks.runs.names import STABLE
from tasks.runs.parts import PARTS, parts_of
from tasks.training.checkpoints import is_checkpoint, read_checkpoint
from tasks.training.form import with_form
from tasks.training.head_weights import HeadReport, load_head
from tasks.training.learner import Learner
from tasks.training.recipe import Recipe

Loaded = Report | HeadReport
SAMPLED, SAMPLED_AT_ONCE = 64, 16  # images that statistics are measured on


def build_task(config: DictConfig, labels: Labels) -> tuple[Learner[Any], Loaded | None]:
    """The task with its head and trunk, in channels_last, and a report on its weights.

    Args:
        labels: the meaning of the outputs.

    Returns:
        The task; and a report on the weights that were loaded, None for random weights.

    Raises:
        InputError: an option is out of range, or weights do not fit the trunk.
    """
    config = with_form(config, None)
    source, whole = config.backbone.weights, config.task.head.get("weights")
    trunk: Trunk = instantiate(_without_weights(config.backbone))
    report: Loaded | None = None
    scratch = source in NO_WEIGHTS and whole in NO_WEIGHTS
    recipe: Recipe = instantiate(config.optimizer)
    if PARTS in config and source not in NO_WEIGHTS:
        # before the parts are built, whose batch statistics may start from the trunk's
        report = _load_trunk(trunk, None, config, labels)
    task = _task_on(trunk, config, labels, recipe.from_scratch() if scratch else recipe)
    if report is None and source not in NO_WEIGHTS:
        report = _load_trunk(trunk, task.head, config, labels)
    if whole not in NO_WEIGHTS:
        report = _load_network(task, config)
    if report is not None:
        _refuse_another_form(report)
    task.to(memory_format=torch.channels_last)
    return task, report


def _load_trunk(trunk: Trunk, head: Head | None, config: DictConfig, labels: Labels) -> Report:
    """Fill a trunk from what `backbone.weights` names, and the classifier of its head if it can."""
    return load_weights(
        trunk,
        config.backbone.weights,
        classifier=None if head is None else head.fc,
        after_pooling=None if head is None else head.after_pooling,
        classes=labels.ids,
        size=image_size(config.size),
        cache=Path(config.paths.cache) / "weights",
    )


def _load_network(task: Learner[Any], config: DictConfig) -> HeadReport:
    """Load a task's head, and its trunk, from the weights that `task.head.weights` names."""
    return load_head(
        task.head,
        config.task.head.weights,
        task.labels,
        task.outputs_are_labels,
        bool(OmegaConf.select(config, "data.keep_classes")),
        image_size(config.size),
        Path(config.paths.cache) / "weights",
    )


def _task_on(
    trunk: Trunk, config: DictConfig, labels: Labels, recipe: Recipe | None
) -> Learner[Any]:
    """A task with its head on a trunk; a joint task with its parts."""
    parts: dict[str, Learner[Any]] = {}
    measured: dict[str, dict[str, Tensor]] = {}  # the batch statistics that parts came with
    for name, of_part in labels.details.get(PARTS, {}).items():
        part = parts_of(config)[name]
        try:  # only the joint task as a whole is optimised
            parts[name] = _task_on(trunk, part, Labels(**of_part), None)
            if part.task.head.get("weights") not in NO_WEIGHTS:
                shared = {key: value.clone() for key, value in trunk.state_dict().items()}
                print(f"{name}: {_load_network(parts[name], part)}")
                measured[name] = {key: value.clone() for key, value in trunk.named_buffers()}
                trunk.load_state_dict(shared)  # the part's weights had filled it, too
        except InputError as error:
            raise InputError(f"part {name}: {error}") from error
    head_options = _without_weights(config.task.head)
    if parts:
        heads = {name: part.head for name, part in parts.items()}
        make_joint = instantiate(head_options, _partial_=True)
        head: Head = make_joint(trunk=trunk, heads=heads, measured=measured)
    else:
        head = _head_on(trunk, head_options, labels.num_classes)
    task: Learner[Any] = instantiate(config.task.module, _partial_=True)(
        head=head,
        labels=labels,
        recipe=recipe,
        seed=config.seed,
        view=instantiate(OmegaConf.select(config, "data.view")),
        augmentation=Augmentation(**config.preprocess) if config.augment else None,
        **({"parts": parts} if parts else {}),
    )
    return task


def build_data(config: DictConfig, **options: Any) -> DataModule:
    """The data of a run; for a joint task, of each part.

    Args:
        options: further arguments, which are not in the configuration.
    """
    if PARTS not in config:
        data: DataModule = instantiate(config.data.module, **options)
        return data
    parts = {name: build_data(part) for name, part in parts_of(config).items()}
    data = instantiate(config.data.module, _partial_=True)(parts=parts, **options)
    return data


def _without_weights(node: DictConfig) -> dict[str, Any]:
    """The options that a trunk or a head is built with, without the weights, which follow later."""
    options: dict[str, Any] = dict(OmegaConf.to_container(node))  # type: ignore[arg-type]
    options.pop("weights", None)
    return options


def _refuse_another_form(report: Loaded) -> None:
    """Raise an InputError if weights would not compute here what they were trained for."""
    for option, (trained, here) in report.differs.items():
        if option in FORM:
            raise InputError(
                f"backbone.{option}={here}: {report.origin} was trained with {trained}, so its "
                f"scores would be meaningless; leave out backbone.{option}, which is then taken "
                "from the weights"
            )


def build_head(trunk: Any, head: Any, num_classes: int) -> Head:
    """A head on a trunk with random weights, both as in the configuration."""
    return _head_on(instantiate(trunk), head, num_classes)


def _head_on(trunk: Trunk, head: Any, num_classes: int) -> Head:
    # partial, then called: instantiate would merge its own arguments into the configuration
    built: Head = instantiate(head, _partial_=True)(trunk=trunk, num_classes=num_classes)
    return built


def fill_head(
    task: Learner[Any],
    config: DictConfig,
    weights: Loaded | None,
    why: str = "mode=evaluate scores trained weights",
) -> None:
    """Make sure that weights fill the whole head, not only its trunk.

    Args:
        weights: the report on what was loaded before.
        why: the reason why this is necessary, for the message.

    Raises:
        InputError: a part of the head would keep its random weights; or the checkpoint's outputs do
            not mean the data's labels, or its tensors do not fit.
    """
    if isinstance(weights, HeadReport) and weights.classifier_loaded:
        return
    source = str(config.backbone.weights)
    if weights is None or not (is_checkpoint(Path(source)) or weights.classifier_loaded):
        origin = "random initialisation" if weights is None else weights
        raise InputError(
            f"{why}, but a part of the head would keep its "
            f"random weights ({origin}). Name a run's best.ckpt, or weights with a classifier for "
            "exactly these classes, with backbone.weights= or task.head.weights=, or train"
        )
    if not is_checkpoint(Path(source)):
        return
    checkpoint = read_checkpoint(source)
    if task.outputs_are_labels and checkpoint.labels.ids != task.labels.ids:
        raise InputError(
            f"backbone.weights={source} answers with other labels than the {len(task.labels.ids)} "
            f"of the data: score it on data with its own labels ({weights})"
        )
    try:
        task.head.load_state_dict(checkpoint.head_state())
    except RuntimeError as error:
        raise InputError(
            f"backbone.weights={source} belongs to another network: {error}. Give backbone.*, "
            f"task.head.* and size as in {checkpoint.path.parent / 'config.yaml'}"
        ) from error


def print_layers_left_out(task: Learner[Any], config: DictConfig, weights: Loaded | None) -> None:
    """Say how to load a whole network, if a run was given one and only uses its trunk.

    Args:
        weights: the report on what was loaded into the task.
    """
    if not isinstance(weights, Report) or "weights" not in config.task.head:
        return
    # the classifier, `fc`, is loaded with the trunk, or the report says why not
    ours = {f"head.{key}" for key in task.head.state_dict()}
    left_out = ours.intersection(weights.dropped)
    if left_out:
        source = config.backbone.weights
        print(
            f"only the trunk of {source} was loaded; to load its head too "
            f"({number_of(len(left_out), 'tensor')}, all but those of other classes), use "
            f"task.head.weights={source} without backbone.weights="
        )


def sample_images(task: Learner[Any], data: DataModule) -> Iterator[Tensor]:
    """Normalised batches of up to 64 of a run's images; for a joint task, of each part's.

    They look as in evaluation.
    """
    for own in data.members():
        split, rows = _spread_rows(own, SAMPLED)
        for start in range(0, len(rows), SAMPLED_AT_ONCE):
            yield task.preprocess(own.batch(split, rows[start : start + SAMPLED_AT_ONCE])["image"])


def sample_pixels(data: DataModule) -> Tensor:
    """uint8[B, 3, H, W]: up to 16 of a run's images, as evaluation sees them."""
    first = data.members()[0]
    return first.batch(*_spread_rows(first, SAMPLED_AT_ONCE))["image"]


def _spread_rows(data: DataModule, most: int) -> tuple[str, range]:
    """A split, preferably the training one, and rows spread over it."""
    split = "train" if data.trains else data.reported
    count = len(data.datasets[split])
    return split, range(0, count, max(1, count // most))[:most]


def trusted_modules(config: DictConfig) -> Sequence[str]:
    """Modules outside the suite that the command line allows checkpoints to name.

    These are the modules of `trust`, and those of the run's own task, head and trunk.
    """
    targets = (
        OmegaConf.select(config, f"{part}._target_")
        for part in ("backbone", "task.head", "task.module")
    )
    own = [t.partition(".")[0] for t in targets if t is not None and t not in STABLE]
    return [*config.get("trust", []), *own]

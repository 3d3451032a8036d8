"""Rebuild the task of a checkpoint without running code that the file names.

Only the classes in `tasks.runs.names` can be built, with plain values as options, and the networks
and tasks of modules that the user trusts by name.
"""

import importlib
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from backbone.errors import InputError, number_of
from backbone.trunk import Trunk
from tasks.runs.names import NAME, RELEASED, at
from tasks.training.checkpoints import Checkpoint, read_checkpoint
from tasks.training.finite import require_finite
from tasks.training.learner import Learner
from tasks.training.quantization import quantize_task

# errors that a constructor raises for meaningless options
DAMAGE = (TypeError, ValueError, RuntimeError, LookupError, AttributeError, ArithmeticError)
WEIGHTS = (8, 7)  # bits of quantised weights
LARGEST = 10**6  # no option of a released network is larger
HANDED = {
    "self",
    "trunk",
    "num_classes",
    "head",
    "labels",
    "recipe",
    "seed",
    "view",
    "augmentation",
    "heads",
    "measured",
    "parts",
}
# for timm's networks: numbers and switches that shape them, but nothing that names a file or an
# address
TIMM_OPTIONS = {
    *("img_size", "dynamic_img_size", "output_stride", "drop_rate", "drop_path_rate"),
    *("drop_block_rate", "in_chans", "embed_dim", "depth", "num_heads", "mlp_ratio", "qkv_bias"),
    *("patch_size", "window_size", "layers", "cardinality", "base_width", "channel_multiplier"),
    *("depth_multiplier", "pad_type", "global_pool", "class_token"),
}


def load_task(path: str | Path, trust: Sequence[str] = ()) -> tuple[Learner[Any], Checkpoint]:
    """Rebuild a trained task from its checkpoint alone, in evaluation mode.

    Args:
        path: of the checkpoint.
        trust: modules outside the suite that the checkpoint may name, for tasks outside the suite.

    Returns:
        The task, and the checkpoint with its configuration.

    Raises:
        InputError: the file is not a checkpoint of this suite, names what must not be built, or has
            tensors that do not fit its configuration.
    """
    checkpoint = read_checkpoint(path)
    return restore(checkpoint, trust), checkpoint


def restore(checkpoint: Checkpoint, trust: Sequence[str] = ()) -> Learner[Any]:
    """`load_task` for a checkpoint that has already been read."""
    # built once without memory, so that numbers in the file cannot allocate more than its tensors
    with torch.device("meta"):
        task = _assembled(checkpoint, trust)
    _check_shapes(task, checkpoint)
    require_finite(checkpoint.state, f"{checkpoint.path}: its weights")
    task = _assembled(checkpoint, trust)
    task.load_state_dict(checkpoint.model_state())
    try:
        task.take_choices(checkpoint.chosen)
    except InputError as error:
        raise InputError(f"{checkpoint.path}: {error}") from error
    return task.to(memory_format=torch.channels_last).eval()


def _assembled(checkpoint: Checkpoint, trust: Sequence[str]) -> Learner[Any]:
    trunk = _made(checkpoint, trust, "backbone")
    parts = checkpoint.parts
    if parts:
        tasks = {
            name: _task_on(trunk, part, trust, {"num_classes": part.labels.num_classes})
            for name, part in parts.items()
        }
        heads = {name: task.head for name, task in tasks.items()}
        return _task_on(trunk, checkpoint, trust, {"heads": heads}, parts=tasks)
    task = _task_on(trunk, checkpoint, trust, {"num_classes": checkpoint.labels.num_classes})
    bits, path = at(checkpoint.config, ("quantize", "bits")), checkpoint.path
    if bits in WEIGHTS:
        _called(partial(quantize_task, task, checkpoint.size, bits), path)
    elif at(checkpoint.config, ("quantize",)) is not None:
        raise InputError(f"{path}: its configuration has quantize.bits={bits!r}, not 8 or 7")
    return task


def _task_on(
    trunk: Trunk, checkpoint: Checkpoint, trust: Sequence[str], shape: dict[str, Any], **handed: Any
) -> Learner[Any]:
    """A checkpoint's task on a trunk.

    Args:
        shape: arguments for building its head, besides the trunk.
        handed: arguments for building the task, besides the head, the labels and the view.
    """
    head = _made(checkpoint, trust, "task", "head", trunk=trunk, **shape)
    view = None
    if at(checkpoint.config, ("data", "view")) is not None:
        view = _made(checkpoint, trust, "data", "view")
    labels = checkpoint.labels
    task = _made(checkpoint, trust, "task", "module", head=head, labels=labels, view=view, **handed)
    if not isinstance(task, Learner):
        raise InputError(f"{checkpoint.path}: task.module is not a task but {type(task).__name__}")
    return task


def _made(checkpoint: Checkpoint, trust: Sequence[str], *place: str, **handed: Any) -> Any:
    """The object that a node of a checkpoint's configuration describes."""
    node, path = at(checkpoint.config, place), checkpoint.path
    if not isinstance(node, dict) or NAME not in node:
        raise InputError(f"{path}: its configuration does not say what {'.'.join(place)} is")
    if place in (("backbone",), ("task", "head")):
        node = {k: v for k, v in node.items() if k != "weights"}
    return _called(_build(node, path, place, trust), path, **handed)


def _build(
    node: dict[str, Any], path: Path, place: Sequence[str], trust: Sequence[str]
) -> Callable[..., Any]:
    """The class or function that a node names, with its options bound, but not yet called."""
    where = ".".join(place)
    target = _named(node[NAME], path, where, trust)
    options = {}
    for key, value in node.items():
        if key in (NAME, "_partial_"):
            continue
        if isinstance(value, dict) and NAME in value:
            part = _build(value, path, (*place, key), trust)
            options[key] = part if value.get("_partial_") else _called(part, path)
        else:
            _check_option(value, path, f"{where}.{key}")
            options[key] = value
    for key in sorted(options.keys() - accepted(target)):
        raise InputError(f"{path}: {node[NAME]} has no option {key!r} ({where})")
    return partial(target, **options)


def _called(build: Callable[..., Any], path: Path, **handed: Any) -> Any:
    """The object that a part of a checkpoint describes.

    Raises:
        InputError: its options are meaningless.
    """
    try:
        return build(**handed)
    except DAMAGE as error:
        reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        raise InputError(f"{path}: its configuration cannot be built: {reason}") from error


def accepted(target: Callable[..., Any]) -> set[str]:
    """The options that a checkpoint may give a class or function, including those of its bases."""
    names: set[str] = set()
    classes = target.__mro__ if inspect.isclass(target) else ()
    makers = [vars(c)["__init__"] for c in classes if "__init__" in vars(c)] or [target]
    for make in makers:
        parameters = inspect.signature(make).parameters
        names |= parameters.keys()
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            break  # it does not pass options on
    if f"{target.__module__}.{target.__qualname__}" == RELEASED["timm"]:
        names |= TIMM_OPTIONS
    return names - HANDED


def _named(name: Any, path: Path, where: str, trust: Sequence[str]) -> Callable[..., Any]:
    if isinstance(name, str) and name in RELEASED:
        module, _, attribute = RELEASED[name].rpartition(".")
        return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]
    outside = str(name).partition(".")[0]
    if not isinstance(name, str) or outside not in trust or "." not in name:
        advice = (
            f". If it is your own module and you trust it, add trust={outside} "
            f"(of tasks.run) or --trust {outside}"
            if isinstance(name, str) and "." in name
            else ""
        )
        raise InputError(
            f"{path}: {where} names {name!r}, which does not belong to this suite; a checkpoint "
            f"must not name other code{advice}"
        )
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"{path}: {where} names {name}, which cannot be imported: {error}"
        ) from error
    if not (inspect.isclass(found) and issubclass(found, nn.Module)):
        raise InputError(f"{path}: {where} names {name}, which is neither a network nor a task")
    return found


def _check_option(value: Any, path: Path, where: str) -> None:
    """Raise InputError for a number beyond the range of any option, or an object to be built."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == NAME:
                raise InputError(f"{path}: {where} must not name anything")
            _check_option(inner, path, f"{where}.{key}")
    elif isinstance(value, list):
        if len(value) > LARGEST:
            raise InputError(f"{path}: {where} has {number_of(len(value), 'entry', 'entries')}")
        for inner in value:
            _check_option(inner, path, where)
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:  # also refuses nan
        raise InputError(f"{path}: {where}={value} is out of range")


def _check_shapes(task: nn.Module, checkpoint: Checkpoint) -> None:
    expected = {k: tuple(v.shape) for k, v in task.state_dict().items()}
    found = {k: tuple(v.shape) for k, v in checkpoint.model_state().items()}
    if expected == found:
        return
    odd = [
        f"{key} is {found.get(key, 'missing')} and should be {expected.get(key, 'absent')}"
        for key in sorted({*expected, *found})
        if expected.get(key) != found.get(key)
    ]
    raise InputError(
        f"{checkpoint.path} does not fit its own configuration: "
        f"{number_of(len(odd), 'tensor differs', 'tensors differ')}, the first: {odd[0]}"
    )

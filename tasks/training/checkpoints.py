"""Checkpoints: tensors and plain values, enough to rebuild the model, and no code."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from backbone.errors import InputError, number_of, shortened
from backbone.quantized import RANGES
from tasks.data.labels import Labels
from tasks.runs.legacy import upgrade
from tasks.runs.names import at
from tasks.runs.parts import PARTS, of_part, state_of_part, with_shared
from tasks.training.checkpoint_content import (
    check_plain,
    checksum,
    read_content,
    require_bounded,
    tensors_in,
)

LARGEST_SIDE = 8192  # pixels
SUFFIX = ".ckpt"
# what Lightning needs to continue a training; with averaged weights, also the weights in training
PROGRESS = {
    "epoch": int,
    "global_step": int,
    "pytorch-lightning_version": str,
    "loops": dict,
    "callbacks": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
    "training_state_dict": dict,
    "ema_updates": int,
}
TEACHING = re.compile(r"(parts\.\w+\.)?teaching\.")  # in a task, or in a part of a joint task
NO_CHECKSUM = None  # in a checkpoint of version 0.1.0
FORMAT = 2  # of the description of the model; version 0.1.0 wrote no number


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of this suite, read and checked; nothing is built yet.

    Args:
        path: the file.
        config: plain values; nodes that can be built have a `_name_` instead of Hydra's `_target_`.
        labels: the meaning of the network's outputs.
        state: the task's state dict.
        scores: by name, of the last evaluation before it was written.
        step: optimizer steps that had been made.
        epochs: whole epochs that had been made.
        within_epoch: whether more batches had been trained on since.
        idle: validations that had passed without a better score, as early stopping counts them.
        missing: the parts of a training's state that the file lacks.
        chosen: settings of the answer that its validation chose, see `Task.choose`; empty in
            checkpoints of earlier versions.
    """

    path: Path
    config: dict[str, Any]
    labels: Labels
    state: dict[str, Tensor]
    scores: dict[str, float] | None
    step: int
    missing: tuple[str, ...] = ()
    chosen: dict[str, float] = field(default_factory=dict)
    epochs: int = 0
    within_epoch: bool = False
    idle: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the network's input in pixels.

        Raises:
            InputError: there is no size, or it is out of range.
        """
        size = self.config.get("size")
        match size if isinstance(size, list) else [size, size]:
            case [int(height), int(width)] if all(
                type(side) is int and 1 <= side <= LARGEST_SIDE for side in (height, width)
            ):
                return height, width
        raise InputError(f"{self.path}: its configuration has {size!r} as its input size")

    @property
    def task_name(self) -> str:
        """The name of the task, as in task=NAME."""
        return str(at(self.config, ("task", "name")))

    @property
    def parts(self) -> dict[str, "Checkpoint"]:
        """The parts of a joint task by name, each as if it had been trained alone; else empty.

        Raises:
            InputError: the parts are damaged.
        """
        configs, labels = self.config.get(PARTS, {}), self.labels.details.get(PARTS, {})
        if not (isinstance(configs, dict) and isinstance(labels, dict)) or [*configs] != [*labels]:
            raise InputError(f"{self.path}: its parts are damaged: their labels belong to others")
        return {name: self._part(name) for name in configs}

    def _part(self, name: str) -> "Checkpoint":
        path = self.path / name
        config, labels = self.config[PARTS][name], self.labels.details[PARTS][name]
        if not (isinstance(config, dict) and isinstance(labels, dict)):
            raise InputError(f"{path}: this part is damaged")
        return replace(
            self,
            path=path,
            config=with_shared(self.config, config),
            labels=_labels(labels, path),
            state=state_of_part(name, self.state),
            scores=None if self.scores is None else of_part(name, self.scores),
            chosen=of_part(name, self.chosen),
        )

    def model_state(self) -> dict[str, Tensor]:
        """The state without the parameters of a teaching, which only a training needs."""
        return {k: v for k, v in self.state.items() if not TEACHING.match(k)}

    def head_state(self) -> dict[str, Tensor]:
        """The head's part of the state, under the head's own names.

        It lacks the ranges of a run with quantize=qat, which the network in float does not have.
        """
        prefix = "head."
        return {
            k.removeprefix(prefix): v
            for k, v in self.state.items()
            if k.startswith(prefix) and not k.endswith(RANGES)
        }


def is_checkpoint(path: Path) -> bool:
    """Whether a file is a checkpoint of this suite, by the suffix of its name.

    `joint.ckpt/NAME` is a part of one.
    """
    return SUFFIX in (path.suffix, path.parent.suffix)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint of this suite to the CPU. It is data: nothing in it is run or imported.

    Args:
        path: the file; `joint.ckpt/NAME` is the part with that name.

    Raises:
        InputError: the file does not exist, is damaged or cut short, is not a checkpoint of this
            suite, or names code.
    """
    path = Path(path)
    if not path.is_file() and path.parent.suffix == SUFFIX and path.parent.is_file():
        parts = read_checkpoint(path.parent).parts
        if path.name not in parts:
            raise InputError(
                f"{path}: {path.parent} has no part {path.name!r}; it has "
                f"{', '.join(parts) or 'none: leave the name out'}"
            )
        return parts[path.name]
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name the checkpoint in it, such as best.ckpt")
    if not path.is_file():
        raise InputError(f"{path}: no such checkpoint")
    content = read_content(path)
    needed = ("config", "labels", "state_dict")
    if not isinstance(content, dict) or not all(isinstance(content.get(p), dict) for p in needed):
        raise InputError(
            f"{path} is not a checkpoint of this suite: it has no configuration. To load the "
            "weights of a trunk, use backbone.weights=FILE.safetensors"
        )
    require_bounded(content["config"], path, "its configuration")
    require_bounded(content["labels"], path, "the description of its labels")
    require_bounded(content.get("loops"), path, "the state of its training")
    written = content.get("format")
    if written is None:
        content = upgrade(content, path)
    elif type(written) is not int or written != FORMAT:
        raise InputError(
            f"{path} has format {shortened(repr(written))}, but this version reads {FORMAT}: it "
            "was written by a newer version, or it is damaged"
        )
    check_plain(content["config"], path, ())
    state = tensors_in(content["state_dict"], path)
    if content.get("checksum", NO_CHECKSUM) not in (NO_CHECKSUM, checksum(state)):
        raise InputError(
            f"{path} is damaged: its weights do not have the checksum that they were written with; "
            "use another file, or train again with fresh=true"
        )
    epochs, within_epoch = _progress(content)
    return Checkpoint(
        path=path,
        config=content["config"],
        labels=_labels(content["labels"], path),
        state=state,
        scores=_scores(content.get("scores"), path),
        step=_step(content.get("global_step", 0), path),
        missing=_missing(content),
        chosen=_chosen(content.get("chosen", {}), path),
        epochs=epochs,
        within_epoch=within_epoch,
        idle=_idle(content.get("callbacks")),
    )


def _scores(values: Any, path: Path) -> dict[str, float] | None:
    """The scores that a checkpoint records: names and numbers, or None."""
    if values is None or (
        isinstance(values, dict)
        and all(isinstance(k, str) and isinstance(v, int | float) for k, v in values.items())
    ):
        return values
    raise _damaged(path, "the scores in it are", values)


def _step(value: Any, path: Path) -> int:
    if type(value) is int and value >= 0:
        return value
    raise _damaged(path, "the number of its training steps is", value)


def _progress(content: Mapping[str, Any]) -> tuple[int, bool]:
    """The whole epochs that a training has made, and whether it has begun another; 0 if unknown."""
    current = at(content, ("loops", "fit_loop", "epoch_progress", "current"))
    try:
        # Lightning counts an epoch as processed just before its checkpoints are written
        done, begun = int(current["processed"]), int(current["started"])
    except (TypeError, LookupError, ValueError):
        return 0, False
    return done, begun > done


def _idle(callbacks: Any) -> int:
    """The count of early stopping; 0 if it was off."""
    states = callbacks.items() if isinstance(callbacks, dict) else ()
    counts = [at(state, ("wait_count",)) for name, state in states if "EarlyStop" in str(name)]
    return max((count for count in counts if isinstance(count, int)), default=0)


def _chosen(values: Any, path: Path) -> dict[str, float]:
    """The settings that a checkpoint's validation chose: names and finite numbers."""
    if isinstance(values, dict) and all(
        isinstance(name, str) and isinstance(value, float) and math.isfinite(value)
        for name, value in values.items()
    ):
        return values
    raise _damaged(path, "the settings that its validation chose are", values)


def _damaged(path: Path, what: str, value: Any) -> InputError:
    """The error for a part of a checkpoint; `what` is its subject and verb."""
    return InputError(
        f"{path}: {what} damaged ({shortened(str(value), 100)}): use another file, or train again "
        "with fresh=true"
    )


def _missing(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts of a training's state that a checkpoint lacks, or has in another form."""
    wrong = {name for name, kind in PROGRESS.items() if not isinstance(content.get(name), kind)}
    if "loops" not in wrong and not (
        {"fit_loop", "test_loop"} <= content["loops"].keys() and _counts(content["loops"])
    ):
        wrong.add("loops")
    if "optimizer_states" not in wrong:
        states = content["optimizer_states"] or [None]
        if not all(isinstance(s, dict) and {"state", "param_groups"} <= s.keys() for s in states):
            wrong.add("optimizer_states")
    if "lr_schedulers" not in wrong:
        steps = [at(schedule, ("last_epoch",)) for schedule in content["lr_schedulers"]]
        if not all(type(step) is int and step >= 0 for step in steps):
            wrong.add("lr_schedulers")
    return tuple(name for name in PROGRESS if name in wrong)


def _counts(values: Any) -> bool:
    """Whether all values in nested mappings are counts or switches, as in Lightning's loops.

    The state of data loaders that have one of their own may hold anything.
    """
    if isinstance(values, dict):
        return all(key == "combined_loader" or _counts(inner) for key, inner in values.items())
    return isinstance(values, int) and 0 <= values < 2**63


def _labels(values: dict[str, Any], path: Path) -> Labels:
    try:
        labels = Labels(**values)
        count = len(labels.outputs)
        fits = (
            type(labels.num_classes) is int
            and count <= max(labels.num_classes, 0)
            and count == len(labels.ids) == len(labels.names) == len({*labels.outputs})
            and all(type(k) is int and 0 <= k < labels.num_classes for k in labels.outputs)
            and all(isinstance(one, int | str) for one in labels.ids)
            and all(isinstance(name, str) for name in labels.names)
            and isinstance(labels.details, dict)
        )
    except TypeError as error:
        raise InputError(f"{path}: its labels are damaged ({error})") from error
    if not fits:
        raise InputError(
            f"{path}: its labels are damaged: {labels.num_classes} classes, "
            f"{number_of(len(labels.outputs), 'output')}, {number_of(len(labels.ids), 'id')}, "
            f"{number_of(len(labels.names), 'name')}"
        )
    return labels

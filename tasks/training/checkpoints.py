"""Reading checkpoints: tensors and plain values, enough to rebuild the model, and no code."""

import hashlib
import math
import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from backbone.errors import InputError
from backbone.file_kinds import HEAD, in_its_place
from backbone.quantized import RANGES
from backbone.wrapped import is_bare_pickle, object_in, plain_reason
from tasks.data.labels import Labels
from tasks.runs.legacy import upgrade
from tasks.runs.names import NAME, at
from tasks.runs.parts import PARTS, of_part, state_of_part, with_shared

LARGEST_SIDE = 8192  # pixels
SUFFIX = ".ckpt"
# what zipfile and torch raise for content that is not a complete checkpoint
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    pickle.UnpicklingError,
    RuntimeError,
    ValueError,
    LookupError,
    OSError,
    EOFError,
    TypeError,
    AttributeError,
    struct.error,
)
# what Lightning needs to go on with a training, and, of averaged weights, the weights in training
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
TEACHING = re.compile(r"(parts\.\w+\.)?teaching\.")  # of a task, or of a part of a joint one
NO_CHECKSUM = None  # in a checkpoint of version 0.1.0
FORMAT = 2  # of what a checkpoint says of its model; version 0.1.0 wrote no number


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """32 hex digits of tensors: their names, types, shapes and bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of this suite, read and checked; nothing is built yet.

    Args:
        path: of the file.
        config: plain values; what can be built has a `_name_` where Hydra has a `_target_`.
        labels: what the network's outputs mean.
        state: the task's state dict.
        scores: by name, of the last evaluation before it was written.
        step: optimizer steps that had been made.
        epochs: whole epochs that had been made.
        within_epoch: whether more batches had been trained on since.
        missing: what the file lacks of the state of a training.
        chosen: settings of the answer that its validation chose, see `Task.choose`; none in those
            of earlier versions.
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
        raise InputError(f"{self.path}: its configuration has no input size, but {size!r}")

    @property
    def task_name(self) -> str:
        """The name of the task, as in task=NAME."""
        return str(at(self.config, ("task", "name")))

    @property
    def parts(self) -> dict[str, "Checkpoint"]:
        """Of a joint task its parts by name, each as if it had been trained alone; else none.

        Raises:
            InputError: the parts are damaged.
        """
        configs, labels = self.config.get(PARTS, {}), self.labels.details.get(PARTS, {})
        if not (isinstance(configs, dict) and isinstance(labels, dict)) or [*configs] != [*labels]:
            raise InputError(f"{self.path}: its parts are damaged: their labels are of others")
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
        """The state without what a teaching learnt, which only a training needs."""
        return {k: v for k, v in self.state.items() if not TEACHING.match(k)}

    def head_state(self) -> dict[str, Tensor]:
        """The head's part of the state, under the head's own names.

        Without the ranges of a run with quantize=qat: they are no part of the network in float.
        """
        prefix = "head."
        return {
            k.removeprefix(prefix): v
            for k, v in self.state.items()
            if k.startswith(prefix) and not k.endswith(RANGES)
        }


def is_checkpoint(path: Path) -> bool:
    """Whether a file is a checkpoint of this suite, by its name, which every run gives it.

    `joint.ckpt/NAME` is a part of one.
    """
    return SUFFIX in (path.suffix, path.parent.suffix)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint of this suite to the CPU. It is data: nothing in it is run or imported.

    Args:
        path: of the file; `joint.ckpt/NAME` is the part of that name.

    Raises:
        InputError: no such file; damaged or cut short; not a checkpoint of this suite; one that
            tries to name code.
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
    if not path.is_file():
        inside = path / "best.ckpt"
        what = ", but a folder; name a checkpoint in it" if path.is_dir() else ""
        what += f": {inside}" if inside.is_file() else ""
        raise InputError(f"{path}: no such checkpoint{what}")
    content = _content(path)
    needed = ("config", "labels", "state_dict")
    if not isinstance(content, dict) or not all(isinstance(content.get(p), dict) for p in needed):
        raise InputError(
            f"{path} is no checkpoint of this suite: it holds no configuration. Weights of a trunk "
            "are loaded with backbone.weights=FILE.safetensors"
        )
    if "format" not in content:
        content = upgrade(content, path)
    elif content["format"] != FORMAT:
        raise InputError(
            f"{path} has format {content['format']!r}, and this version reads {FORMAT}: it was "
            "written by a newer version, or it is damaged"
        )
    check_plain(content["config"], path, ())
    state = {k: v for k, v in content["state_dict"].items() if isinstance(v, Tensor)}
    if content.get("checksum", NO_CHECKSUM) not in (NO_CHECKSUM, checksum(state)):
        raise InputError(
            f"{path} is damaged: its weights do not have the checksum that they were written with; "
            "take another file, or train again with fresh=true"
        )
    epochs, within_epoch = _progress(content)
    return Checkpoint(
        path=path,
        config=content["config"],
        labels=_labels(content["labels"], path),
        state=state,
        scores=content.get("scores"),
        step=int(content.get("global_step", 0)),
        missing=_missing(content),
        chosen=_chosen(content.get("chosen", {}), path),
        epochs=epochs,
        within_epoch=within_epoch,
    )


def _progress(content: Mapping[str, Any]) -> tuple[int, bool]:
    """The whole epochs that a training has made, and whether it has begun another; 0 if unknown."""
    current = at(content, ("loops", "fit_loop", "epoch_progress", "current"))
    try:
        # Lightning counts an epoch as processed just before its checkpoints are written
        done, begun = int(current["processed"]), int(current["started"])
    except (TypeError, LookupError, ValueError):
        return 0, False
    return done, begun > done


def _chosen(values: Any, path: Path) -> dict[str, float]:
    """The settings that a checkpoint's validation chose: names and finite numbers."""
    if isinstance(values, dict) and all(
        isinstance(name, str) and isinstance(value, float) and math.isfinite(value)
        for name, value in values.items()
    ):
        return values
    raise InputError(
        f"{path}: what its validation chose is damaged ({str(values)[:100]}): take another "
        "file, or train again with fresh=true"
    )


def _missing(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts of a training's state that a checkpoint does not have in their form."""
    wrong = {name for name, kind in PROGRESS.items() if not isinstance(content.get(name), kind)}
    if "loops" not in wrong and not {"fit_loop", "test_loop"} <= content["loops"].keys():
        wrong.add("loops")
    if "optimizer_states" not in wrong:
        states = content["optimizer_states"] or [None]
        if not all(isinstance(s, dict) and {"state", "param_groups"} <= s.keys() for s in states):
            wrong.add("optimizer_states")
    return tuple(name for name in PROGRESS if name in wrong)


def _content(path: Path) -> Any:
    """What a file of torch.save holds, every byte of it checked against the file's own checksums.

    Raises:
        InputError: damaged, cut short, or not such a file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is None:
            return torch.load(path, map_location="cpu", weights_only=True)
        reason = f"the checksum of {damaged} is wrong"
    except DAMAGED as error:
        held = object_in(error)
        reason = plain_reason(error) if held is None else f"it holds a pickled {held}"
        reason = _what_it_is(path) or reason
    raise InputError(
        f"{path} is damaged or no checkpoint ({reason}; {path.stat().st_size} bytes): take another "
        "file, or train again with fresh=true"
    )


def _what_it_is(path: Path) -> str | None:
    """What a file is that is no zip archive, where that is known."""
    if not path.is_file() or zipfile.is_zipfile(path):
        return None
    if is_bare_pickle(path):
        return "it was written by pickle.dump, not by a run, and is not opened"
    with path.open("rb") as file:
        return in_its_place(file.read(HEAD))


def check_plain(value: Any, path: Path, place: Sequence[str]) -> None:
    """Raise InputError unless a configuration holds plain values only and names no code."""
    where = ".".join(place) or "the configuration"
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or (key.startswith("_") and key not in (NAME, "_partial_")):
                raise InputError(
                    f"{path}: {where} holds {key!r}, which no checkpoint of this suite does: it "
                    "may be crafted to run code. Nothing of it was run; do not use it"
                )
            check_plain(inner, path, (*place, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            check_plain(inner, path, (*place, str(i)))
    elif not isinstance(value, str | int | float | bool | None):
        raise InputError(f"{path}: {where} is a {type(value).__name__}, not a plain value")


def _labels(values: dict[str, Any], path: Path) -> Labels:
    try:
        labels = Labels(**values)
        count = len(labels.outputs)
        fits = (
            isinstance(labels.num_classes, int)
            and count <= max(labels.num_classes, 0)
            and count == len(labels.ids) == len(labels.names)
            and all(isinstance(k, int) and 0 <= k < labels.num_classes for k in labels.outputs)
            and isinstance(labels.details, dict)
        )
    except TypeError as error:
        raise InputError(f"{path}: its labels are damaged ({error})") from error
    if not fits:
        raise InputError(
            f"{path}: its labels are damaged: {labels.num_classes} classes, "
            f"{len(labels.outputs)} outputs, {len(labels.ids)} ids, {len(labels.names)} names"
        )
    return labels

"""Read weights files of any kind: safetensors, PyTorch, Keras, TensorFlow, this suite's own."""

import json
import pickle
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from backbone.errors import InputError, about_a_path, shortened
from backbone.file_kinds import HEAD, ZIP, in_its_place, other_weights
from backbone.file_tensors import tensor_of, without_use
from backbone.frozen_graph import SUFFIX, read_frozen_graph
from backbone.keras_h5 import MAGIC, read_keras_h5
from backbone.npz import NPZ_ERRORS, read_npz
from backbone.part_statistics import statistics_of_parts
from backbone.quantized import RANGES
from backbone.tensorflow_names import is_tensorflow, tensorflow_state
from backbone.tflite_file import TfliteModel, is_tflite, read_tflite
from backbone.weight_names import (
    KERAS_LAYERS,
    NATIVE,
    NamingScheme,
    keras_scheme,
    naming_scheme,
)
from backbone.wrapped import (
    damaged_part,
    find_state,
    is_bare_pickle,
    load_pickle,
    object_in,
    plain_reason,
    unwrapped,
)

CHECKPOINT = ".ckpt"
URL = re.compile(r"[a-z0-9]+:/")  # a Path keeps only one of the two slashes
PICKLES = (ZIP, b"\x80\x02")  # the first bytes that torch.save writes, now and before 1.6
WRITE_ANEW = (
    "Load it where its code is installed, and write only its tensors with "
    "torch.save(model.state_dict(), FILE) or safetensors.torch.save_model(model, FILE)"
)
DAMAGED = (
    *(RuntimeError, EOFError, OSError, ValueError),
    *(pickle.UnpicklingError, zipfile.BadZipFile, zlib.error, NotImplementedError),
)
# prefixes in this suite's checkpoints; the layers after pooling belong to the classifier
TRUNK, CLASSIFIER, AFTER_POOLING = "head.trunk.", "head.fc.", "head.after_pooling."


@dataclass(frozen=True)
class WeightsFile:
    """The content of a weights file.

    Args:
        state: its tensors under its own names.
        scheme: the naming scheme of these names.
        network: name of the class of trunk that they are for; None if the file does not say.
        options: arguments of that class's constructor.
        classes: the data set's ids of the classifier's outputs; None if the file does not say.
        beside: names of tensors in the file that belong to another part of a larger network.
        tflite: further content of a TensorFlow Lite file.
        others: the arrays of a file of TensorFlow's variables that do not belong to a layer.
    """

    state: Mapping[str, Tensor]
    scheme: NamingScheme
    network: str | None
    options: Mapping[str, Any]
    classes: Sequence[int | str] | None = None
    beside: tuple[str, ...] = ()
    tflite: TfliteModel | None = None
    others: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def made_here(self) -> bool:
        """Whether this suite wrote the file, so that its keys are those of the trunk."""
        return self.scheme is NATIVE and self.network is not None


# how a checkpoint names its trunk -> the network
NETWORKS = {
    "mobilenet_v1": "MobileNetV1",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": "MobileNetV3",
    "mobilenet_v4": "MobileNetV4",
    "timm": "TimmTrunk",
}


def read_file(path: Path) -> WeightsFile:
    """Read a weights file, whose numbers must all be finite.

    Its kind is told by its first bytes; the name only matters for frozen graphs.

    `joint.ckpt/NAME` is the trunk of a joint checkpoint with the batch statistics of that part.

    Raises:
        InputError: the file is absent, damaged or cut short, holds no tensors, or its tensors have
            no usable values.
    """
    try:
        found = _read(path)
    except InputError:
        raise
    except Exception as error:  # damaged and crafted files bring parsers to errors of every kind
        raise about_a_path(error) or InputError(
            f"{path} cannot be read as weights: it is damaged, or not what it seems to be "
            f"({type(error).__name__}: {shortened(plain_reason(error), 200)}); use another file"
        ) from error
    if not found.state:
        raise InputError(f"{path} holds no tensors: name another file")
    for name, value in found.state.items():
        if wrong := without_use(name, value):
            raise InputError(
                f"{path}: its tensor {shortened(name)} {wrong}; use another file, or write "
                "this one again from a working network"
            )
    return found


def _read(path: Path) -> WeightsFile:
    if path.parent.suffix == CHECKPOINT and path.parent.is_file():
        return _read_torch(path.parent, path.name)
    if not path.is_file():
        advice = "there is no such weights file; keras and timm name published weights"
        if path.is_dir():
            advice = "this is a folder; name the weights file in it"
        elif URL.match(str(path)):
            advice = "this is a URL; download the file and give its path"
        raise InputError(f"{path}: {advice}")
    if other := other_weights(path.name):
        raise InputError(f"{path} is {other}")
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    if head == MAGIC:
        state = read_keras_h5(path, KERAS_LAYERS)
        return _published(state, keras_scheme(state))
    if is_tflite(head):
        model = read_tflite(path)
        return replace(_published(model.state, naming_scheme(model.state)), tflite=model)
    if path.suffix == SUFFIX:
        return _tensorflow_or(read_frozen_graph(path))
    if head.startswith(ZIP) and _holds_arrays(path):
        return _tensorflow_or(_read_npz(path))
    if is_bare_pickle(path):
        raise InputError(
            f"{path} was written by pickle.dump or joblib, not by torch.save. Reading it could "
            f"run code, so it is not opened. {WRITE_ANEW}"
        )
    return _read_torch(path) if head.startswith(PICKLES) else _read_safetensors(path)


def _published(
    state: Mapping[str, Tensor], scheme: NamingScheme, beside: tuple[str, ...] = ()
) -> WeightsFile:
    network = None if scheme.network is None else scheme.network.__name__
    return WeightsFile(state, scheme, network, scheme.options, beside=beside)


def _tensorflow_or(state: Mapping[str, Tensor]) -> WeightsFile:
    """A file of named tensors, under any publisher's names."""
    if not is_tensorflow(state):
        state, beside = unwrapped(state)
        return _published(state, naming_scheme(state), beside)
    layers = tensorflow_state(state)
    others = {name: value for name, value in state.items() if "/" not in name}
    return replace(_published(layers, naming_scheme(layers)), others=others)


def _holds_arrays(path: Path) -> bool:
    """Whether a zip archive is NumPy's rather than PyTorch's; a damaged one is left to PyTorch."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def _read_npz(path: Path) -> dict[str, Tensor]:
    try:
        arrays = read_npz(path)
    except NPZ_ERRORS as error:
        raise InputError(
            f"{path} is damaged, or holds more than arrays of numbers ({error}; "
            f"{path.stat().st_size} bytes): write it again with numpy.savez"
        ) from error
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind in "fiu"}
    return {name: tensor_of(array) for name, array in numbers.items()}


def _read_safetensors(path: Path) -> WeightsFile:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        with path.open("rb") as file:
            head = file.read(HEAD)
        if other := in_its_place(head):
            raise InputError(f"{path}: not weights, but {other}") from error
        head = head[:16]
        raise InputError(
            f"{path} is neither a complete safetensors file ({error}; {path.stat().st_size} bytes, "
            f"it begins with {head!r}) nor one of PyTorch's or Keras's: download it again"
        ) from error
    if "options" not in metadata:
        return _tensorflow_or(state)
    options = json.loads(metadata["options"])
    if not isinstance(options, dict):
        raise ValueError(f"the options in it are of type {type(options).__name__}")
    return WeightsFile(state, NATIVE, metadata.get("network"), options)


def _read_torch(path: Path, part: str = "") -> WeightsFile:
    try:
        if damaged := damaged_part(path):
            raise ValueError(f"the checksum of {damaged} is wrong")
        content = load_pickle(path)
    except DAMAGED as error:
        held = object_in(error)
        if held is not None:
            raise InputError(
                f"{path} holds more than tensors and plain containers: a pickled {held}. Reading "
                f"it could run code, so it is not opened. {WRITE_ANEW}"
            ) from error
        reason = plain_reason(error)
        raise InputError(
            f"{path} is damaged, or holds more than tensors and plain containers ({reason}; "
            f"{path.stat().st_size} bytes): download it again, or write it with "
            "torch.save(model.state_dict(), FILE)"
        ) from error
    if isinstance(content, dict) and {"config", "labels", "state_dict"} <= content.keys():
        return _checkpoint(path, content, part)
    state, beside = find_state(content)
    if not state:
        raise InputError(
            f"{path} holds no state dict: write one with torch.save(model.state_dict(), FILE)"
        )
    return _published(state, naming_scheme(state), beside)


def _checkpoint(path: Path, content: Mapping[str, Any], part: str) -> WeightsFile:
    parts = content["config"].get("parts") or {}
    if part and part not in parts:
        raise InputError(
            f"{path}/{part}: {path.name} has no part {part!r}; it has "
            f"{', '.join(parts) or 'none: leave the name out'}"
        )
    state = {
        native + key.removeprefix(prefix): value
        for prefix, native in ((TRUNK, ""), (CLASSIFIER, "fc."), (AFTER_POOLING, "fc."))
        for key, value in content["state_dict"].items()
        if key.startswith(prefix) and not key.endswith(RANGES)
    }
    if not state:
        raise InputError(
            f"{path} is a checkpoint without a trunk (no tensor is named {TRUNK}...): name another"
        )
    beside = tuple(
        key
        for key in content["state_dict"]
        if key.startswith("head.") and not key.startswith((TRUNK, CLASSIFIER, AFTER_POOLING))
    )
    state |= statistics_of_parts(content["state_dict"], [part] if part else list(parts))
    options = content["config"]["backbone"]
    network = NETWORKS.get(options.get("_name_")) or options.get("_target_", "").rpartition(".")[2]
    return WeightsFile(state, NATIVE, network, options, [*content["labels"]["ids"]], beside)

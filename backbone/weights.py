"""Weights of a trunk: read from safetensors, loaded strictly, saved whole or not at all."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from backbone.errors import InputError
from backbone.trunk import Trunk
from backbone.weight_names import naming_scheme

# Options that change what the same tensors compute, so that no shape gives a difference away.
SILENT_OPTIONS = ("padding", "bn_eps")


@dataclass(frozen=True)
class Report:
    """What a load did. Keys are the module's own names.

    Args:
        path: the file.
        names: whose names its keys are: "keras", "timm" or "native".
        matched: tensors that were loaded.
        dropped: classifier tensors in the file that nobody asked for.
        differs: option -> (value the weights were trained with, value of this trunk); they load,
            but the network computes something else than it was trained to.
    """

    path: Path
    names: str
    matched: tuple[str, ...]
    dropped: tuple[str, ...]
    differs: Mapping[str, tuple[object, object]]

    def __str__(self):
        text = (
            f"trunk weights: {self.path} ({self.names} names): {len(self.matched)} tensors matched"
        )
        if self.dropped:
            text += f", dropped classifier fc ({len(self.dropped)} tensors)"
        for option, (trained, here) in self.differs.items():
            text += f"; trained with {option}={trained}, this trunk has {option}={here}"
        return text


def read(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Tensor] | None]:
    """Tensors of a weights file under this project's names: (trunk, classifier or None).

    The classifier's are `weight` float[classes, channels] and `bias` float[classes].

    Raises:
        InputError: no such file, or not a whole safetensors file.
    """
    trunk, classifier, _, _ = _read(Path(path))
    return trunk, classifier


def load(trunk: Trunk, path: str | Path, classifier: nn.Linear | None = None) -> Report:
    """Copy a file's tensors into a trunk: every one of them, or none and an error.

    Args:
        trunk: the network to fill.
        path: a .safetensors file with Keras's, timm's or this project's own names.
        classifier: filled as well when given; otherwise the file's classifier is dropped.

    Raises:
        InputError: no such file, not a whole safetensors file, or tensors that are missing,
            unexpected or of another shape.
    """
    path = Path(path)
    found, found_classifier, names, trained_with = _read(path)
    expected = _tensors(trunk)
    _check(f"{path} ({names} names) does not fit {type(trunk).__name__}", expected, found, trunk)
    matched, dropped = list(found), [f"fc.{k}" for k in found_classifier or ()]
    if classifier is not None:
        if found_classifier is None:
            raise InputError(
                f"{path} holds no classifier (fc.weight, fc.bias); load the trunk alone"
            )
        problem = (
            f"the classifier of {path} does not fit one of {classifier.out_features} classes on "
            f"{classifier.in_features} channels (load the trunk alone to train a new one)"
        )
        _check(problem, _tensors(classifier), found_classifier)
        classifier.load_state_dict(found_classifier)
        matched, dropped = matched + dropped, []
    # not strict: a file need not hold batch norm's batch counters, which nothing here reads
    trunk.load_state_dict(found, strict=False)
    differs = {
        option: (trained_with[option], trunk.options[option])
        for option in SILENT_OPTIONS
        if option in trained_with.keys() & trunk.options.keys()
        and trained_with[option] != trunk.options[option]
    }
    return Report(path, names, tuple(matched), tuple(dropped), differs)


def save(trunk: Trunk, path: str | Path, classifier: nn.Linear | None = None) -> None:
    """Write a trunk's tensors, and a classifier's as `fc`, with the trunk's options beside them.

    The file appears whole or not at all. Its folder is made when absent.
    """
    path = Path(path)
    state = _tensors(trunk)
    if classifier is not None:
        state |= {f"fc.{k}": v for k, v in _tensors(classifier).items()}
    state = {k: v.detach().cpu().contiguous() for k, v in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        save_file(state, partial, {"format": "pt", "options": json.dumps(trunk.options)})
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """The state that decides what a module computes."""
    return _without_counters(module.state_dict())


def _without_counters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k: v for k, v in state.items() if not k.endswith(".num_batches_tracked")}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Tensor] | None, str, dict]:
    """(trunk, classifier or None, scheme's name, options the weights were trained with)."""
    if not path.is_file():
        raise InputError(f"{path}: no such weights file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        with path.open("rb") as file:
            head = file.read(16)
        raise InputError(
            f"{path} is not a whole safetensors file ({error}; {path.stat().st_size} bytes, it "
            f"begins with {head!r}): fetch it again, or convert it with safetensors.torch.save_file"
        ) from error
    scheme = naming_scheme(state)
    state = _without_counters({scheme.native(k): v for k, v in state.items()})
    trunk = {k: v for k, v in state.items() if not k.startswith("fc.")}
    classifier = {k.removeprefix("fc."): v for k, v in state.items() if k.startswith("fc.")}
    options = scheme.options or json.loads(metadata.get("options", "{}"))
    return trunk, classifier or None, scheme.name, dict(options)


def _check(
    problem: str,
    expected: Mapping[str, Tensor],
    found: Mapping[str, Tensor],
    trunk: Trunk | None = None,
) -> None:
    missing = [k for k in expected if k not in found]
    unexpected = [k for k in found if k not in expected]
    mismatched = [
        f"{k} is {list(found[k].shape)} there and {list(expected[k].shape)} here"
        for k in expected
        if k in found and found[k].shape != expected[k].shape
    ]
    parts = [
        f"{len(keys)} tensors {what}: {_first(keys)}"
        for what, keys in (
            ("missing from the file", missing),
            ("unexpected in it", unexpected),
            ("of another shape", mismatched),
        )
        if keys
    ]
    if not parts:
        return
    fitting = trunk.options_fitting({k: v.shape for k, v in found.items()}) if trunk else {}
    if fitting:
        options = ", ".join(f"{k}={v}" for k, v in fitting.items())
        parts.append(
            f"it fits a {type(trunk).__name__} with {options}: set that, or take another file"
        )
    raise InputError(f"{problem}: {'; '.join(parts)}")


def _first(keys: Iterable[str], count: int = 3) -> str:
    keys = list(keys)
    more = f" and {len(keys) - count} more" if len(keys) > count else ""
    return ", ".join(keys[:count]) + more

"""Weights of a trunk: found by a word or a path, loaded strictly, saved whole or not at all."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from backbone.errors import InputError, listed_briefly
from backbone.files import write_atomically
from backbone.published import as_timm, imagenet_classes, read_keras, read_timm
from backbone.trunk import Trunk
from backbone.weight_files import WeightsFile, read_file

# Constructor options that change what the same tensors compute, so that no shape gives them away
# (timm's names carry tags that differ in the normalization of pixels).
SILENT_OPTIONS = ("padding", "bn_eps", "normalization", "name")


@dataclass(frozen=True)
class Report:
    """What a load did. Keys are the module's own names.

    Args:
        origin: the file, or the publisher's word for it.
        names: whose names its keys are: "keras", "timm", "torchvision" or "native".
        matched: tensors that were loaded.
        dropped: classifier tensors that were not.
        classifier: what became of the classifier, and why.
        classifier_loaded: whether the classifier was filled.
        differs: option -> (value the weights were trained with, value of this trunk); they load,
            but the network computes something else than it was trained to.
    """

    origin: str
    names: str
    matched: tuple[str, ...]
    dropped: tuple[str, ...]
    classifier: str
    classifier_loaded: bool
    differs: Mapping[str, tuple[object, object]]

    def __str__(self):
        text = (
            f"trunk weights: {self.origin} ({self.names} names): {len(self.matched)} tensors "
            f"matched, {self.classifier}"
        )
        for option, (trained, here) in self.differs.items():
            text += f"; trained with {option}={trained}, this trunk has {option}={here}"
        return text


def load_weights(
    trunk: Trunk,
    source: str | Path,
    classifier: nn.Linear | None = None,
    *,
    classes: Sequence[int | str] | None = None,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
) -> Report:
    """Copy a source's tensors into a trunk: every one of them, or none and an error.

    Args:
        trunk: the network to fill.
        source: `keras` or `timm`, for what they publish; or the path of a file: safetensors, a
            checkpoint of this suite, a PyTorch state dict (torchvision's, timm's) or Keras's HDF5.
        classifier: filled as well where the source's has the same classes; otherwise it stays as
            it is, and the report says why.
        classes: the data set's ids of the classifier's outputs; None if only their number counts.
        size: (height, width) of the images in pixels, for publishers with weights for several.
        cache: folder for downloads; None for PyTorch's own.

    Raises:
        InputError: nothing published for this trunk, no such file or a damaged one, or tensors
            that are missing, unexpected or of another shape.
    """
    if source == "keras":
        origin, file = read_keras(trunk, size, cache)
    elif source == "timm":
        origin, file = read_timm(trunk)
    else:
        origin, file = str(source), read_file(Path(source))
        if hasattr(trunk, "timm_names") and not file.made_here:
            file = as_timm(trunk, file)
    found, found_classifier = _under_our_names(file)
    _check(f"{origin} ({file.scheme.name} names)", trunk, found, file)
    known_classes = file.classes
    if source in ("keras", "timm") and classes is not None and len(classes) == 1000:
        known_classes = imagenet_classes()  # asked for only here: it costs the import of timm
    why_not = _misfit(classifier, classes, found_classifier, known_classes)
    # not strict: a file need not hold batch norm's batch counters, which nothing here reads
    trunk.load_state_dict(found, strict=False)
    matched, dropped = list(found), [f"fc.{k}" for k in found_classifier]
    if not why_not:
        classifier.load_state_dict(found_classifier)
        matched, dropped = matched + dropped, []
    differs = {
        option: (file.options[option], trunk.options[option])
        for option in SILENT_OPTIONS
        if option in file.options.keys() & trunk.options.keys()
        and file.options[option] != trunk.options[option]
    }
    verdict = why_not or f"classifier of {classifier.out_features:,} classes loaded"
    if not why_not and classes is not None and known_classes is None:
        verdict += " (which ones, it does not say)"
    return Report(
        origin, file.scheme.name, tuple(matched), tuple(dropped), verdict, not why_not, differs
    )


def save_weights(trunk: Trunk, path: str | Path, classifier: nn.Linear | None = None) -> None:
    """Write a trunk's tensors, and a classifier's as `fc`, with the trunk's options beside them.

    The file appears whole or not at all. Its folder is made when absent.
    """
    path = Path(path)
    state = _tensors(trunk)
    if classifier is not None:
        state |= {f"fc.{k}": v for k, v in _tensors(classifier).items()}
    state = {k: v.detach().cpu().contiguous() for k, v in state.items()}
    made = {"network": type(trunk).__name__, "options": json.dumps(trunk.options)}
    with write_atomically(path) as partial:
        save_file(state, partial, {"format": "pt"} | made)


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """The state that decides what a module computes."""
    return _without_counters(module.state_dict())


def _without_counters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k: v for k, v in state.items() if not k.endswith(".num_batches_tracked")}


def _under_our_names(file: WeightsFile) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(tensors of the trunk, tensors of the classifier) in a file."""
    state = _without_counters({file.scheme.native(k): v for k, v in file.state.items()})
    classifier = {k.removeprefix("fc."): v for k, v in state.items() if k.startswith("fc.")}
    if "weight" in classifier:  # in Keras's MobileNetV1 it is a 1x1 convolution
        classifier["weight"] = classifier["weight"].flatten(1)
    return {k: v for k, v in state.items() if not k.startswith("fc.")}, classifier


def _misfit(
    classifier: nn.Linear | None,
    classes: Sequence[int | str] | None,
    found: Mapping[str, Tensor],
    found_classes: Sequence[int | str] | None,
) -> str:
    """Why a source's classifier is not loaded; empty where it fits."""
    if not found:
        return "no classifier in it"
    if found.keys() != {"weight", "bias"}:
        return "dropped classifier (not one linear layer on the mean of the last map)"
    dropped = f"dropped classifier of {len(found['weight']):,} classes"
    if classifier is None:
        return f"{dropped} (none here)"
    if len(found["weight"]) != classifier.out_features:
        return f"{dropped} ({classifier.out_features:,} here)"
    if found["weight"].shape != classifier.weight.shape:
        return f"{dropped} (on {found['weight'].shape[1]} channels)"
    if classes is not None and found_classes is not None:
        for n, (there, here) in enumerate(zip(found_classes, classes, strict=True)):
            if str(there) != str(here):
                return f"{dropped} (others than here: the class {n} is {there} there, {here} here)"
    return ""


def _check(problem: str, trunk: Trunk, found: Mapping[str, Tensor], file: WeightsFile) -> None:
    network = type(trunk).__name__
    if file.network not in (None, network):
        raise InputError(
            f"{problem} is of a {file.network}, and this trunk is a {network}: choose that trunk "
            "with backbone=, or other weights"
        )
    expected = _tensors(trunk)
    missing = [k for k in expected if k not in found]
    unexpected = [k for k in found if k not in expected]
    mismatched = [
        f"{k} is {list(found[k].shape)} there and {list(expected[k].shape)} here"
        for k in expected
        if k in found and found[k].shape != expected[k].shape
    ]
    parts = [
        f"{len(keys)} tensors {what}: {listed_briefly(keys)}"
        for what, keys in (
            ("missing from the file", missing),
            ("unexpected in it", unexpected),
            ("of another shape", mismatched),
        )
        if keys
    ]
    if not parts:
        return
    fitting = trunk.options_fitting({k: v.shape for k, v in found.items()})
    if fitting:
        options = ", ".join(f"{k}={v}" for k, v in fitting.items())
        parts.append(f"it fits a {network} with {options}: set that, or take another file")
    elif file.made_here:
        made = {k: v for k, v in file.options.items() if trunk.options.get(k, v) != v}
        parts += [f"it was made with {k}={v}" for k, v in made.items()]
    raise InputError(f"{problem} does not fit {network}: {'; '.join(parts)}")

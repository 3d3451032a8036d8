"""Load a trunk's weights from a publisher or a file, all or none; and save them atomically."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor, nn

from backbone.errors import InputError, number_of
from backbone.files import write_atomically
from backbone.folded import unfolded
from backbone.matching import tensor_faults, without_counters
from backbone.published import as_timm, imagenet_classes, read_keras, read_timm
from backbone.trunk import Trunk
from backbone.weight_files import WeightsFile, read_file

# Constructor options that change what the same tensors compute, without a trace in their shapes.
# (The tags in timm's names differ in the normalisation of pixels.)
SILENT_OPTIONS = ("padding", "bn_eps", "normalization", "name", "tag")
LINEAR = ("weight", "bias")  # of a classifier's linear layer; tensors of other layers have prefixes


@dataclass(frozen=True)
class Report:
    """The result of `load_weights`. Tensors have this project's names.

    Args:
        origin: the file, or the publisher's name for it.
        names: whose naming scheme the file has: "keras", "timm", "torchvision" or "native".
        matched: tensors that were loaded.
        dropped: tensors of the classifier or of another head that were not loaded.
        classifier: whether the classifier was loaded, and if not, why, in words.
        classifier_loaded: whether the classifier was filled.
        differs: option -> (value that the weights were trained with, value of this trunk). Such
            weights load, but the network does not compute what it was trained to compute.
        folded: whether batch norm was folded into the convolutions, so that its running statistics
            do not come from any images.
    """

    origin: str
    names: str
    matched: tuple[str, ...]
    dropped: tuple[str, ...]
    classifier: str
    classifier_loaded: bool
    differs: Mapping[str, tuple[object, object]]
    folded: bool = False

    def __str__(self) -> str:
        text = (
            f"trunk weights: {self.origin} ({self.names} names): "
            f"{number_of(len(self.matched), 'tensor')} matched, {self.classifier}"
        )
        for option, (trained, here) in self.differs.items():
            text += f"; trained with {option}={trained}, this trunk has {option}={here}"
        return text


def load_weights(
    trunk: Trunk,
    source: str | Path,
    classifier: nn.Linear | None = None,
    *,
    after_pooling: nn.Module | None = None,
    classes: Sequence[int | str] | None = None,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
) -> Report:
    """Copy a source's tensors into a trunk: all of them, or none and an error.

    Args:
        trunk: the network to fill.
        source: `keras` or `timm` for published weights, or the path of a file: safetensors, a
            checkpoint of this suite, a PyTorch state dict (torchvision's, timm's) or Keras's HDF5.
        classifier: loaded as well if the source's classifier has the same classes; otherwise it is
            not changed, and the report says why.
        after_pooling: the layers before the classifier, loaded as well if the source has them.
        classes: the data set's ids of the classifier's outputs; None to compare only their number.
        size: (height, width) of the images in pixels, for publishers with weights for several
            sizes.
        cache: folder for downloads; None for PyTorch's own.

    Raises:
        InputError: nothing is published for this trunk, the file is absent or damaged, or tensors
            are missing, unexpected or of another shape.
    """
    if source == "keras":
        origin, file = read_keras(trunk, size, cache)
    elif source == "timm":
        origin, file = read_timm(trunk)
    else:
        origin, file = str(source), read_file(Path(source))
        if trunk.timm_names is not None and not file.made_here:
            file = as_timm(trunk, file)
    found, found_classifier = under_our_names(file)
    _check(f"{origin} ({file.scheme.name} names)", trunk, found, file)
    known_classes = file.classes
    if source in ("keras", "timm") and classes is not None and len(classes) == 1000:
        known_classes = imagenet_classes()  # only now: it imports timm, which takes seconds
    # not strict: a file need not hold batch norm's counters of batches, which nothing here uses
    trunk.load_state_dict(found, strict=False)
    before = {k: v for k, v in found_classifier.items() if k not in LINEAR}
    filled = _load_before(after_pooling, before)
    classifier_loaded, verdict = _load_classifier(
        classifier,
        classes,
        {k: v for k, v in found_classifier.items() if not (filled and k in before)},
        known_classes,
    )
    matched = list(found)
    dropped: list[str] = []
    for key in found_classifier:
        loaded = filled if key in before else classifier_loaded
        (matched if loaded else dropped).append(f"fc.{key}")
    beside = [*file.beside, *(key for key in file.state if key.startswith(file.scheme.beyond))]
    if beside:
        dropped += beside
        verdict += f", left out {number_of(len(beside), 'tensor')} of another part of the network"
    return Report(
        origin=origin,
        names=file.scheme.name,
        matched=tuple(matched),
        dropped=tuple(dropped),
        classifier=verdict,
        classifier_loaded=classifier_loaded,
        differs=differing(file, trunk),
        folded=file.tflite is not None,
    )


def differing(file: WeightsFile, trunk: Trunk) -> dict[str, tuple[object, object]]:
    """Option -> (value that a file's weights were trained with, value of a trunk), if they differ.

    Only options that do not change any tensor's shape.
    """
    return {
        option: (file.options[option], trunk.options[option])
        for option in SILENT_OPTIONS
        if file.options.get(option) is not None
        and option in trunk.options
        and file.options[option] != trunk.options[option]
    }


def save_weights(
    trunk: Trunk,
    path: str | Path,
    classifier: nn.Linear | None = None,
    after_pooling: nn.Module | None = None,
) -> None:
    """Write a trunk's tensors, and a classifier's as `fc`, together with the trunk's options.

    The layers before the classifier are written as parts of `fc`.

    The file appears complete or not at all. A missing folder is created.
    """
    path = Path(path)
    state = without_counters(trunk.state_dict())
    for layers in (after_pooling, classifier):
        if layers is not None:
            state |= {f"fc.{k}": v for k, v in without_counters(layers.state_dict()).items()}
    state = {k: v.detach().cpu().contiguous() for k, v in state.items()}
    made = {"network": type(trunk).__name__, "options": json.dumps(trunk.options)}
    with write_atomically(path) as partial:
        save_file(state, partial, {"format": "pt"} | made)


def under_our_names(file: WeightsFile) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(tensors of the trunk, tensors of the classifier) in a file, under this project's names.

    The rest of a detector is left out.
    """
    scheme = file.scheme
    layers = {k: v for k, v in file.state.items() if not k.startswith(scheme.beyond)}
    state = without_counters({scheme.native(k): v for k, v in layers.items()})
    state = unfolded(state, file.options["bn_eps"]) if file.tflite else state
    classifier = {k.removeprefix("fc."): v for k, v in state.items() if k.startswith("fc.")}
    if "weight" in classifier:  # in Keras's MobileNetV1 it is a 1x1 convolution
        classifier["weight"] = classifier["weight"].flatten(1)
    if scheme.background:
        classifier = {name: tensor[1:] for name, tensor in classifier.items()}
    return {k: v for k, v in state.items() if not k.startswith("fc.")}, classifier


def _load_before(layers: nn.Module | None, found: Mapping[str, Tensor]) -> bool:
    """Load the layers before a classifier if the source has the same ones; whether it does."""
    if layers is None or not found or tensor_faults(without_counters(layers.state_dict()), found):
        return False
    layers.load_state_dict(found, strict=False)  # without batch norm's counters
    return True


def _load_classifier(
    classifier: nn.Linear | None,
    classes: Sequence[int | str] | None,
    found: Mapping[str, Tensor],
    found_classes: Sequence[int | str] | None,
) -> tuple[bool, str]:
    """Load the classifier if the source's fits: (whether it was loaded, what to report)."""
    why_not = _misfit(classifier, classes, found, found_classes)
    if classifier is None or why_not:
        return False, why_not
    classifier.load_state_dict(found)
    verdict = f"classifier of {number_of(classifier.out_features, 'class')} loaded"
    if classes is not None and found_classes is None:
        verdict += " (the source does not say which)"
    return True, verdict


def _misfit(
    classifier: nn.Linear | None,
    classes: Sequence[int | str] | None,
    found: Mapping[str, Tensor],
    found_classes: Sequence[int | str] | None,
) -> str:
    """Why a source's classifier is not loaded; empty if it fits."""
    if not found:
        return "no classifier in it"
    if found.keys() != set(LINEAR):
        return "dropped classifier (not one linear layer on the mean of the last map)"
    dropped = f"dropped classifier of {number_of(len(found['weight']), 'class')}"
    if classifier is None:
        return f"{dropped} (none here)"
    if len(found["weight"]) != classifier.out_features:
        return f"{dropped} ({classifier.out_features:,} here)"
    if found["weight"].shape != classifier.weight.shape:
        return f"{dropped} (on {found['weight'].shape[1]} channels)"
    if classes is not None and found_classes is not None:
        for n, (there, here) in enumerate(zip(found_classes, classes, strict=True)):
            if str(there) != str(here):
                return (
                    f"{dropped} (other classes than here: class {n} is {there} there, {here} here)"
                )
    return ""


def _check(source: str, trunk: Trunk, found: Mapping[str, Tensor], file: WeightsFile) -> None:
    """Raise an InputError unless the tensors found are those of the trunk."""
    network = type(trunk).__name__
    if file.network not in (None, network):
        raise InputError(
            f"{source} is for a {file.network}, but this trunk is a {network}: choose that "
            "trunk with backbone=, or other weights"
        )
    parts = tensor_faults(without_counters(trunk.state_dict()), found)
    if not parts:
        return
    fitting = trunk.options_fitting({k: v.shape for k, v in found.items()})
    if fitting:
        options = ", ".join(f"{k}={v}" for k, v in fitting.items())
        parts.append(f"it fits a {network} with {options}: set that, or choose another file")
    elif file.made_here:
        made = {k: v for k, v in file.options.items() if trunk.options.get(k, v) != v}
        parts += [f"it was made with {k}={v}" for k, v in made.items()]
    raise InputError(f"{source} does not fit {network}: {'; '.join(parts)}")

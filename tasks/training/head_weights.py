"""Load the weights of a whole network, including the head's layers, or all but its classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from backbone.archive import PublishedArchive
from backbone.errors import InputError, listed_briefly, number_of
from backbone.head import Head, Released
from backbone.matching import tensor_faults, without_counters
from backbone.weight_files import read_file
from backbone.weights import differing
from tasks.data.labels import Labels
from tasks.runs.names import at
from tasks.runs.parts import PARTS, STATISTICS, with_statistics_of_parts
from tasks.training.checkpoints import Checkpoint, is_checkpoint, read_checkpoint

Names = Sequence[str | None]


@dataclass(frozen=True)
class HeadReport:
    """The result of `load_head`.

    Args:
        origin: the source of the weights.
        matched: tensors that were loaded.
        anew: tensors of class predictors that kept their random values, at least in part.
        notes: remarks on the file and on the classes.
        folded: whether batch norm was folded into the convolutions, so that its running statistics
            do not come from any images.
        differs: as in `backbone.weights.Report`.
    """

    origin: str
    matched: tuple[str, ...]
    anew: tuple[str, ...]
    notes: tuple[str, ...]
    folded: bool = False
    differs: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    @property
    def classifier_loaded(self) -> bool:
        """Whether no part of the network has random weights."""
        return not self.anew

    def __str__(self) -> str:
        tensors = f"{len(self.matched)} of {len(self.matched) + len(self.anew)} tensors matched"
        return "; ".join((f"network weights: {self.origin}: {tensors}", *self.notes))


def load_head(
    head: Head,
    source: str,
    labels: Labels,
    answers_labels: bool,
    keep_classes: bool = False,
    size: tuple[int, int] | None = None,
    cache: Path | None = None,
) -> HeadReport:
    """Copy a source's tensors into a head and its trunk: all of them, or none and an error.

    The layers that answer for classes (`Head.class_layers`) are loaded if the source has the same
    classes. If not, they keep random weights, or are loaded class by class with `keep_classes`.

    Args:
        head: the network.
        source: path of a run's checkpoint or of a file that `head.released` understands, or a name
            that `head.published` knows.
        labels: the meaning of the outputs here.
        answers_labels: whether the outputs are these labels; if not, only shapes are compared.
        keep_classes: load the outputs of the classes whose names the source has too.
        size: (height, width) of the input, to compare it with that of published weights.
        cache: folder for downloads; None for PyTorch's own.

    Raises:
        InputError: the file is absent or damaged, or tensors are missing, unexpected or of another
            shape.
    """
    archive = head.published(source)
    path = Path(source) if archive is None else _fetched(archive, source, size, cache)
    file = read_file(path)
    if archive is not None:
        file = replace(file, others={**file.others, **archive.declared})
    trained = ""
    if is_checkpoint(path):
        checkpoint = read_checkpoint(path)
        trained = _options(checkpoint)
        found = _of_checkpoint(checkpoint, labels, source, size)
    else:
        found = head.released(file, source)
    ours = without_counters(head.state_dict())
    state = without_counters(with_statistics_of_parts(ours, found.state))
    of_classes = [key for key in ours if key.startswith(head.class_layers)]
    verdict = _difference(found.classes, labels, ours, state, of_classes, answers_labels)
    anew = of_classes if verdict else []
    _check(source, ours, state, anew, trained)
    notes = list(found.notes)
    origin = source
    if archive is not None:
        origin = f"{archive.name} of TensorFlow's model zoo ({archive.licence})"
        notes.append(f"its publisher states {archive.score}")
        if archive.sha256 is None:
            notes.append("its sha256 is not known; that of the first download is recorded")
    if anew and keep_classes:
        shared = _shared(found.names, labels, source)
        for key in anew:
            state[key] = _row_by_row(ours[key], state[key], shared, labels.num_classes, found.names)
        notes.append(
            f"{verdict}: of {len(labels.names)} classes, {listed_briefly(_named(shared, labels))} "
            "keep their outputs, and the others start from random weights"
            if len(shared) < labels.num_classes
            else f"{verdict}: every class keeps its outputs, by name"
        )
        if len(shared) == labels.num_classes:
            anew = []
    elif anew:
        notes.append(
            f"the class predictors start from random weights ({number_of(len(anew), 'tensor')}), "
            f"because {verdict}; trunk, extra maps and boxes are loaded"
        )
        state = {key: value for key, value in state.items() if key not in anew}
    elif of_classes and answers_labels:
        known = found.classes is not None
        which = "for the same classes" if known else "(the source does not say of which classes)"
        notes.append(f"{number_of(labels.num_classes, 'output')} {which}")
    # not strict: a file need not contain batch norm's counters, which nothing here uses
    head.load_state_dict(state, strict=False)
    matched = tuple(key for key in ours if key in state and key not in anew)
    return HeadReport(
        origin,
        matched,
        tuple(anew),
        tuple(notes),
        folded=file.tflite is not None,
        differs=differing(file, head.trunk),
    )


def _fetched(
    archive: PublishedArchive, source: str, size: tuple[int, int] | None, cache: Path | None
) -> Path:
    """Download published weights. Raises: InputError if they are for another input size."""
    if size is not None and size != archive.size:
        raise InputError(
            f"task.head.weights={source}: {archive.name} was trained at "
            f"{archive.size[0]}x{archive.size[1]}: set size={archive.size[0]}"
        )
    return archive.fetch(cache or Path(torch.hub.get_dir(), "checkpoints"))


def _of_checkpoint(
    checkpoint: Checkpoint, labels: Labels, source: str, size: tuple[int, int] | None
) -> Released:
    """The network of a checkpoint of this suite; a note says if it had another input size."""
    _require_same_parts(checkpoint.labels, labels, source)
    notes: tuple[str, ...] = ()
    if size is not None and size != checkpoint.size:
        notes = (f"it was trained with size={_size(checkpoint.size)}, not {_size(size)}",)
    return Released(
        checkpoint.head_state(),
        _spread(checkpoint.labels, checkpoint.labels.ids),
        _spread(checkpoint.labels, checkpoint.labels.names),
        notes,
    )


def _options(checkpoint: Checkpoint) -> str:
    """The options that decide the shapes of most tensors, as a checkpoint was trained with."""
    alpha = at(checkpoint.config, ("backbone", "alpha"))
    width = f" backbone.alpha={alpha}" if alpha is not None else ""
    return f":{width} size={_size(checkpoint.size)}"


def _size(size: tuple[int, int]) -> str:
    """A size as the option `size` takes it."""
    height, width = size
    return f"{height}" if height == width else f"[{height},{width}]"


def _require_same_parts(theirs: Labels, ours: Labels, source: str) -> None:
    """Raise InputError unless a joint network's parts have the same labels as those here."""
    there, here = theirs.details.get(PARTS, {}), ours.details.get(PARTS, {})
    for name in here:
        if name not in there:
            raise InputError(
                f"task.head.weights={source} has no part {name}, only "
                f"{', '.join(there) or 'none'}; "
                f"to load only some parts, set backbone.weights={source} and "
                f"parts.NAME.task.head.weights={source}/NAME"
            )
        if list(map(str, there[name]["ids"])) != list(map(str, here[name]["ids"])):
            raise InputError(
                f"task.head.weights={source}: its part {name} answers with other labels than the "
                f"{len(here[name]['ids'])} of the data"
            )


def _spread(labels: Labels, values: Sequence[Any]) -> list[Any]:
    """A value for each output; None for an output that is not a label."""
    by_output: list[Any] = [None] * labels.num_classes
    for output, value in zip(labels.outputs, values, strict=True):
        by_output[output] = value
    return by_output


def _difference(
    theirs: Sequence[Any] | None,
    labels: Labels,
    ours: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    of_classes: Sequence[str],
    answers_labels: bool,
) -> str:
    """Why a source's classes are not ours, in words; empty if they are."""
    for key in of_classes:
        if key in state and state[key].shape[1:] != ours[key].shape[1:]:
            return ""  # another network, which `_check` reports
    if theirs is not None and answers_labels:
        if len(theirs) != labels.num_classes:
            outputs = number_of(len(theirs), "output")
            return f"it has {outputs}, and here there are {labels.num_classes}"
        for output, here in zip(labels.outputs, labels.ids, strict=True):
            if str(theirs[output]) != str(here):
                return f"its output {output} is class {theirs[output]}, and here class {here}"
        return ""
    if any(key in state and state[key].shape != ours[key].shape for key in of_classes):
        return "it has another number of outputs"
    return ""


def _check(
    source: str,
    ours: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    anew: Sequence[str],
    trained: str,
) -> None:
    """Raise an InputError unless a source's tensors are those of the network, except for `anew`.

    Args:
        trained: the options that the weights were trained with; empty if they are not known.
    """
    faults = tensor_faults(ours, state, anew)
    if faults:
        of_parts = any(key.startswith(STATISTICS) for key in state.keys() - ours.keys())
        raise InputError(
            f"task.head.weights={source} belongs to another network than backbone.*, task.head.* "
            f"and size describe: {'; '.join(faults)}. Set them as the weights were trained with"
            + trained
            + (", here with task.statistics=per_part" if of_parts else "")
        )


def _shared(names: Names | None, labels: Labels, source: str) -> dict[int, int]:
    """Our output -> theirs, for each class that both name, and for the background.

    Raises:
        InputError: the source does not name its classes, or has none of ours.
    """
    if names is None:
        raise InputError(
            f"data.keep_classes=true: task.head.weights={source} does not name its classes; leave "
            "data.keep_classes out"
        )
    theirs = {name: output for output, name in enumerate(names) if name is not None}
    shared = {
        output: theirs[name]
        for output, name in zip(labels.outputs, labels.names, strict=True)
        if name in theirs
    }
    if not shared:
        raise InputError(
            f"data.keep_classes=true: none of the classes here ({listed_briefly(labels.names)}) is "
            f"in task.head.weights={source}: it has {listed_briefly(theirs)}"
        )
    if 0 not in labels.outputs and names[0] is None:
        shared[0] = 0  # the background
    return shared


def _named(shared: Mapping[int, int], labels: Labels) -> list[str]:
    by_output = _spread(labels, labels.names)
    return [str(by_output[output]) for output in sorted(shared) if by_output[output] is not None]


def _row_by_row(
    ours: Tensor, theirs: Tensor, shared: Mapping[int, int], outputs: int, names: Names | None
) -> Tensor:
    """Our tensor [n * outputs, ...] with the rows of shared classes taken from theirs."""
    assert names is not None
    made = ours.reshape(-1, outputs, *ours.shape[1:]).clone()
    given = theirs.reshape(-1, len(names), *theirs.shape[1:])
    here = torch.tensor(list(shared), device=made.device)
    there = torch.tensor(list(shared.values()), device=given.device)
    made[:, here] = given[:, there].to(made)
    return made.flatten(0, 1)

"""A teacher from a file of weights that is not a checkpoint, such as a released detector."""

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from backbone.errors import InputError
from backbone.head import Head
from backbone.weight_files import WeightsFile, read_file
from tasks.data.labels import Labels
from tasks.images.files import image_size
from tasks.training.build import build_head
from tasks.training.head_weights import HeadReport, load_head
from tasks.training.learner import Learner


def released_teacher(
    path: Path, config: DictConfig, labels: Labels
) -> tuple[Learner[Any], tuple[int, int], HeadReport]:
    """The student's kind of network, with the width of the file's tensors and the file's weights.

    Args:
        path: the file; see `tasks.training.head_weights.load_head`.
        config: of the student's run; everything but width and input size is taken from it.
        labels: of the student; the file's outputs must have the same meaning.

    Returns:
        The task in evaluation mode, (h, w) of its input in pixels, and what was loaded.

    Raises:
        InputError: the file contains another network, or has other classes.
    """
    trunk: dict[str, Any] = dict(OmegaConf.to_container(config.backbone))  # type: ignore[arg-type]
    layers: dict[str, Any] = dict(OmegaConf.to_container(config.task.head))  # type: ignore[arg-type]
    for options in (trunk, layers):
        options.pop("weights", None)
    if not path.is_file():
        raise InputError(f"distill.teacher={path}: no such file")
    file = read_file(path)
    size = image_size(config.size) if file.tflite is None else file.tflite.size
    if "size" in layers:
        layers["size"] = list(size)
    try:
        head = build_head(trunk, layers, labels.num_classes)
        width = fitting(head, file, str(path))
        if width:
            head = build_head(trunk | width, layers, labels.num_classes)
        report = load_head(head, str(path), labels, answers_labels=True)
    except InputError as error:
        # as the option of the student's own weights, which are read in the same way
        raise InputError(str(error).replace("task.head.weights=", "distill.teacher=")) from error
    if not report.classifier_loaded:
        raise InputError(
            f"distill.teacher={path} has other classes than the data: {report.notes[-1]}. "
            "Train a teacher on data with these labels, or give the student the file's labels"
        )
    task: Learner[Any] = instantiate(config.task.module, _partial_=True)(
        head=head, labels=labels, view=instantiate(OmegaConf.select(config, "data.view"))
    )
    return task.eval(), size, report


def fitting(head: Head, file: WeightsFile, origin: str) -> dict[str, Any]:
    """Options of the trunk, such as alpha, that fit the file's tensors; empty if none do."""
    state: dict[str, Tensor] = dict(head.released(file, origin).state)
    prefix = "trunk."
    shapes = {
        name.removeprefix(prefix): tuple(tensor.shape)
        for name, tensor in state.items()
        if name.startswith(prefix)
    }
    return head.trunk.options_fitting(shapes)

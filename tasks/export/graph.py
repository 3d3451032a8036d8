"""A task's whole answer as one graph that torch can export."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from backbone.errors import InputError
from tasks.detection.faster_rcnn import FasterRCNN
from tasks.training.learner import Learner
from tasks.training.model import Model

INPUT = "image"  # the name of the graph's input
EXAMPLES = 2  # images of the example with a dynamic batch; torch takes 1 for a constant


class WholeAnswer(nn.Module):
    """From pixels uint8[B, h, w, 3] to the tensors of `Task.deploy`, normalisation included.

    Args:
        task: folded, with contiguous weights, in evaluation mode.
        size: (h, w) of the input in pixels.

    Attributes:
        names: of the outputs, in the order in which `forward` returns them.
    """

    def __init__(self, task: Learner[Any], size: tuple[int, int]):
        super().__init__()
        self.task, self.size = task, size
        with torch.no_grad():
            self.names = tuple(task.deploy(self.example(1).permute(0, 3, 1, 2)))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """The outputs for uint8[B, h, w, 3], each with one row per image."""
        return tuple(self.task.deploy(image.permute(0, 3, 1, 2)).values())

    def example(self, count: int) -> Tensor:
        """An input of `count` images."""
        return torch.zeros(count, *self.size, 3, dtype=torch.uint8)


def whole_answer(model: Model) -> WholeAnswer:
    """The graph of a model, with copies of its weights; the model stays as it is.

    The copies are contiguous. XNNPACK takes the memory format of weights for that of its inputs,
    and then computes something else without an error.
    """
    task = copy.deepcopy(model.task).cpu().eval()
    for tensor in (*task.parameters(), *task.buffers()):
        tensor.requires_grad_(False)
        # a copy, because `contiguous` leaves the strides of a 1x1 kernel as they are
        tensor.data = tensor.data.clone(memory_format=torch.contiguous_format)
    return WholeAnswer(task, model.size).eval()


def traced(graph: WholeAnswer, batch: int | None) -> ExportedProgram:
    """The graph as torch.export records it.

    Args:
        batch: images per call; None: any number.
    """
    shapes = ({0: Dim("batch")},) if batch is None else None
    example = graph.example(EXAMPLES if batch is None else batch)
    with torch.no_grad():
        return torch.export.export(graph, (example,), dynamic_shapes=shapes, strict=False)


def fixed_batch(model: Model, batch: int | None, form: str, runtime: str) -> int:
    """The images per call, for a format that fixes them and has no RoI Align.

    Args:
        form: its name as an option.
        runtime: its name in messages.

    Raises:
        InputError: any number of images; or a Faster R-CNN.
    """
    if batch is None:
        raise InputError(f"format={form} takes a fixed number of images: give batch=1, say")
    if isinstance(model.task.head, FasterRCNN):
        raise InputError(
            f"format={form}: {runtime} has no RoI Align, which Faster R-CNN crops its regions "
            "with; use format=onnx"
        )
    return batch

"""ExecuTorch: for phones and small devices, computed by XNNPACK, run here by its Python runtime."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from backbone.errors import InputError
from tasks.export.description import installed
from tasks.export.graph import fixed_batch, traced, whole_answer
from tasks.training.model import Model

RUNTIME = "executorch"


def write_executorch(
    model: Model, path: Path, batch: int | None = 1, described: Mapping[str, str] | None = None
) -> None:
    """Write a model as one ExecuTorch program; input and outputs as of `write_onnx`.

    What XNNPACK cannot compute, such as the selection of the best boxes, runs in ExecuTorch's own
    operators, which are slow.

    Args:
        batch: images per call, a number.
        described: not used: the format has no place for it.

    Raises:
        InputError: a Faster R-CNN, whose RoI Align ExecuTorch does not have; or any batch.
    """
    batch = fixed_batch(model, batch, "executorch", "ExecuTorch")
    with _quietly():
        from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
        from executorch.exir import to_edge_transform_and_lower

        program = traced(whole_answer(model), batch)
        lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
        content = lowered.to_executorch().buffer
    path.write_bytes(content)


class ExecutorchFile:
    """An ExecuTorch program.

    Args:
        path: of the file.
        names: of its outputs, in order.
        threads: not used: ExecuTorch's Python runtime takes one per core.
    """

    def __init__(self, path: Path, names: list[str], threads: int | None = None):
        with _quietly():
            from executorch.runtime import Runtime

        self.names = names
        self.program = Runtime.get().load_program(path)
        self.method = self.program.load_method("forward")

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name for contiguous pixels uint8[B, h, w, 3], B as it was exported.

        They are copies: the program writes the next call's answers over its own.

        Raises:
            InputError: this release of ExecuTorch does not go with the installed torch.
        """
        try:
            outputs = self.method.execute([torch.from_numpy(images)])
        except RuntimeError as error:
            # the runtime is compiled against one release of torch, and loads with others
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"ExecuTorch {installed(RUNTIME)} does not run a program with torch "
                f"{torch.__version__} ({reason}): install the release of ExecuTorch that belongs "
                "to this torch, such as 1.2.0 to torch 2.11 and 1.5.1 to torch 2.14"
            ) from error
        return {n: o.numpy().copy() for n, o in zip(self.names, outputs, strict=True)}


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the warnings of ExecuTorch and torchao about their own internals."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)

"""ONNX: written by torch's exporter, run by onnxruntime. OpenVINO reads the same file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tasks.export.graph import INPUT, traced, whole_answer
from tasks.training.model import Model

OPSET = 18  # the newest that torch's exporter writes without converting
RUNTIME = "onnxruntime"


def write_onnx(
    model: Model, path: Path, batch: int | None = None, described: Mapping[str, str] | None = None
) -> None:
    """Write a model as one ONNX file.

    Its input is `image` uint8[N, h, w, 3], RGB. Its outputs are those of `Task.deploy`, by name.

    Args:
        model: any but one on a GPU.
        path: of the file.
        batch: images per call; None: any number, N.
        described: text that the file carries as its own metadata, by name.
    """
    content = build_onnx(model, batch)
    for key, value in (described or {}).items():
        content.metadata_props.add(key=key, value=value)
    path.write_bytes(content.SerializeToString())


def build_onnx(model: Model, batch: int | None = None) -> Any:
    """The model as an `onnx.ModelProto`; arguments as of `write_onnx`."""
    graph = whole_answer(model)
    program = torch.onnx.export(
        traced(graph, batch),
        (),
        input_names=[INPUT],
        output_names=list(graph.names),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    content = program.model_proto
    _forget_sources(content)
    if batch is None:
        _name_batch(content)
    return content


def _forget_sources(content: Any) -> None:
    """Remove what the exporter notes of every node: lines and paths of the Python that made it."""
    del content.graph.metadata_props[:]
    for node in content.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*content.graph.value_info, *content.graph.input, *content.graph.output):
        del value.metadata_props[:]
    for function in content.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]


def _name_batch(content: Any) -> None:
    """Call the number of images N, in place of the exporter's symbol for it."""
    symbol = content.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in (*content.graph.input, *content.graph.output):
        for side in value.type.tensor_type.shape.dim:
            if side.dim_param == symbol:
                side.dim_param = "N"
    del content.graph.value_info[:]  # in terms of the symbol; every runtime infers shapes itself


class OnnxFile:
    """An ONNX file, run by onnxruntime on the CPU.

    Args:
        path: of the file.
        names: of its outputs, in order.
        threads: to compute with; None: one per core.
    """

    def __init__(self, path: Path, names: list[str], threads: int | None = None):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3  # errors
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self.names = names

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs by name for contiguous pixels uint8[B, h, w, 3]."""
        return dict(zip(self.names, self.session.run(self.names, {INPUT: images}), strict=True))

"""Read TensorFlow's frozen graphs: the constants of a GraphDef, by name."""

import math
from pathlib import Path

import torch
from torch import Tensor

from backbone.errors import InputError
from backbone.file_tensors import require_usual_size

SUFFIX = ".pb"  # the content of a GraphDef has no recognisable start


def read_frozen_graph(path: Path) -> dict[str, Tensor]:
    """The floating-point constants of a frozen graph, in TensorFlow's axis order.

    Raises:
        InputError: the reader is not installed, or the file is damaged or not a GraphDef.
    """
    try:
        from tensorboard.compat.proto.graph_pb2 import GraphDef
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        raise InputError(
            f"{path} is a frozen graph of TensorFlow, which needs a package to be read: "
            'python -m pip install -e ".[tensorflow]", or python -m pip install tensorboard. With '
            "TensorFlow itself, its variables can be written to an .npz file instead; see "
            "tasks/detection/README.md"
        ) from error
    from google.protobuf.message import DecodeError

    try:
        graph = GraphDef.FromString(path.read_bytes())
        found = {
            node.name: node.attr["value"].tensor
            for node in graph.node
            if node.op == "Const" and node.attr["dtype"].type == FLOAT
        }
        for name, value in found.items():
            numbers = math.prod(dimension.size for dimension in value.tensor_shape.dim)
            require_usual_size(name, numbers, FLOAT_SIZE)
        # a copy: the arrays are views of the message's read-only bytes
        return {name: torch.from_numpy(make_ndarray(t).copy()) for name, t in found.items()}
    except (DecodeError, ValueError, TypeError) as error:
        raise InputError(
            f"{path} is damaged, or not a frozen graph ({error}; {path.stat().st_size} bytes): "
            "download it again"
        ) from error


FLOAT, FLOAT_SIZE = 1, 4  # TensorFlow's DT_FLOAT, and its bytes

"""Smaller ONNX files for the page: weights stored in fewer bits, and widened when it loads them.

The network still computes in float32: the file says how its weights are widened, and the runtime
does so once, when it loads the model.
"""

from typing import Any

import numpy as np

SMALLEST = 256  # values: narrowing smaller tensors saves nothing
PRECISIONS = ("float16", "float32", "int8")


def narrowed(content: bytes, precision: str) -> bytes:
    """An ONNX file with the weights of its layers stored in a precision.

    Biases, anchors and other tables keep all their digits.

    Args:
        content: of the file, its weights inside.
        precision: "float32" changes nothing. "float16" rounds weights to half precision. "int8"
            rounds them to 255 steps of the largest in each output channel.
    """
    if precision == "float32":
        return content
    import onnx  # an extra
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(content)
    graph = model.graph
    channels = _output_channels(graph)
    kept, nodes = [], []
    for tensor in graph.initializer:
        name, wide = tensor.name, tensor.name
        if name not in channels or np.prod(tensor.dims) < SMALLEST:
            kept.append(tensor)
            continue
        values = numpy_helper.to_array(tensor)
        if precision == "float16":
            stored = values.astype(np.float16)
        else:
            stored, scale = _to_bytes(values, channels[name])
            wide = f"{name}.whole"
            kept.append(numpy_helper.from_array(scale, f"{name}.scale"))
            nodes.append(helper.make_node("Mul", [wide, f"{name}.scale"], [name]))
        kept.append(numpy_helper.from_array(stored, f"{name}.stored"))
        cast = helper.make_node("Cast", [f"{name}.stored"], [wide], to=onnx.TensorProto.FLOAT)
        nodes.insert(0, cast)
    others = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*nodes, *others])
    written: bytes = model.SerializeToString()
    return written


def _output_channels(graph: Any) -> dict[str, int]:
    """The weights of a graph's layers -> the axis of their output channels."""
    axes = {}
    for node in graph.node:
        if node.op_type == "Conv":
            axes[node.input[1]] = 0
        elif node.op_type == "MatMul":
            axes[node.input[1]] = -1
        elif node.op_type == "Gemm":
            turned = any(a.name == "transB" and a.i for a in node.attribute)
            axes[node.input[1]] = 0 if turned else -1
    return axes


def _to_bytes(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers of -127..127, and the scale of each channel that they are multiplied by."""
    others = tuple(k for k in range(values.ndim) if k != axis % values.ndim)
    scale = np.abs(values).max(others, keepdims=True) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale

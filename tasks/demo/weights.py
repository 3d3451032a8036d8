"""Smaller ONNX files for the page: weights stored in fewer bits, and widened when it loads them.

The network still computes in float32: the file says how its weights are widened, and the runtime
does so once, when it loads the model.
"""

from collections.abc import Callable

import numpy as np

SMALLEST = 256  # values: narrowing smaller tensors saves nothing
PRECISIONS = ("float16", "float32", "int8")


def narrowed(content: bytes, precision: str) -> bytes:
    """An ONNX file with its weights stored in a precision.

    Args:
        content: of the file, its weights inside.
        precision: "float32" changes nothing. "float16" rounds weights to half precision. "int8"
            rounds them to 255 steps for each output channel; the first axis is taken as the
            channels, as ONNX has it for convolutions.
    """
    if precision == "float32":
        return content
    import onnx  # an extra
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(content)
    graph = model.graph
    kept, nodes = [], []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST:
            kept.append(tensor)
            continue
        values = numpy_helper.to_array(tensor)
        name = tensor.name
        stored, scale = NARROW[precision](values)
        kept.append(numpy_helper.from_array(stored, f"{name}.stored"))
        wide = name if scale is None else f"{name}.wide"
        nodes.append(
            helper.make_node("Cast", [f"{name}.stored"], [wide], to=onnx.TensorProto.FLOAT)
        )
        if scale is not None:
            kept.append(numpy_helper.from_array(scale, f"{name}.scale"))
            nodes.append(helper.make_node("Mul", [wide, f"{name}.scale"], [name]))
    others = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend([*nodes, *others])
    written: bytes = model.SerializeToString()
    return written


Narrowed = tuple[np.ndarray, np.ndarray | None]  # what is stored, and what it is multiplied by


def _to_half(values: np.ndarray) -> Narrowed:
    limit = float(np.finfo(np.float16).max)
    return values.clip(-limit, limit).astype(np.float16), None


def _to_bytes(values: np.ndarray) -> Narrowed:
    if values.ndim < 2:  # biases and tables keep more digits
        return _to_half(values)
    axes = tuple(range(1, values.ndim))
    scale = np.abs(values).max(axes, keepdims=True) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


NARROW: dict[str, Callable[[np.ndarray], Narrowed]] = {"float16": _to_half, "int8": _to_bytes}

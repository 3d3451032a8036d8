"""Read TensorFlow Lite files: the weights of convolutions, and further facts in the file."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backbone.errors import InputError
from backbone.tensorflow_names import module_name

MARK = b"TFL3"  # at byte 4 of every file
RELU6_STEPS = 255  # of an 8-bit tensor; one that only holds 0..6 clips like ReLU6


@dataclass(frozen=True)
class TfliteModel:
    """The content of a TensorFlow Lite file.

    Args:
        state: weights of the convolutions as `<module>.weight` and `<module>.bias` in PyTorch's
            axis order, float32. Integers are dequantised, per tensor or per channel. Batch norm is
            folded into both.
        activations: module -> "RELU6", "NONE" ...: the activation after its convolution.
        constants: every other floating-point or quantised constant, dequantised, in its own shape.
        steps: name of a constant -> the step of its integers; none for a floating-point constant.
        operators: kinds of the other operations, in order.
        custom: name of a custom operation -> its options.
        input_range: (smallest, largest) value that a quantised input stands for; None in a
            floating-point file, which does not say.
        size: (height, width) of the input in pixels.
    """

    state: Mapping[str, Tensor]
    activations: Mapping[str, str]
    constants: Mapping[str, Tensor]
    steps: Mapping[str, float]
    operators: tuple[str, ...]
    custom: Mapping[str, Mapping[str, Any]]
    input_range: tuple[float, float] | None
    size: tuple[int, int]


def is_tflite(head: bytes) -> bool:
    """Whether a file with these first bytes is one of TensorFlow Lite."""
    return head[4:8] == MARK


def read_tflite(path: Path) -> TfliteModel:
    """Read a TensorFlow Lite file.

    Raises:
        InputError: the reader is not installed; the file is damaged or holds no convolutions.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise InputError(
            f"{path} is a TensorFlow Lite file, which needs ai-edge-litert to be read: "
            'python -m pip install -e ".[tflite]", or python -m pip install ai-edge-litert'
        ) from error
    try:
        model = _Reader(schema, path.read_bytes()).model()
    except (struct.error, LookupError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged, or not a complete TensorFlow Lite file ({type(error).__name__}: "
            f"{error}; {path.stat().st_size} bytes): download it again"
        ) from error
    if not model.state:
        raise InputError(f"{path} holds no convolution, so it is none of these networks")
    return model


@dataclass
class _Reader:
    """The generated classes of the format's schema, and the bytes of a file."""

    schema: Any
    content: bytes
    kinds: dict[int, str] = field(init=False)
    types: dict[int, str] = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = _names(self.schema.BuiltinOperator)
        self.types = _names(self.schema.TensorType)

    def model(self) -> TfliteModel:
        root = self.schema.ModelT.InitFromPackedBuf(self.content, 0)
        (graph,) = root.subgraphs
        activation = _names(self.schema.ActivationFunctionType)
        codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in root.operatorCodes]
        state: dict[str, Tensor] = {}
        activations: dict[str, str] = {}
        custom: dict[str, dict[str, Any]] = {}
        operators, used = [], set()
        for operator in graph.operators:
            kind = self.kinds[codes[operator.opcodeIndex]]
            if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                _, weight, bias = (int(n) for n in operator.inputs)
                output = graph.tensors[operator.outputs[0]]
                module = _scope(output.name.decode())
                # OHWI; depthwise 1HWC
                kernel = self.values(root, graph.tensors[weight])
                axes = (0, 3, 1, 2) if kind == "CONV_2D" else (3, 0, 1, 2)
                state[f"{module}.weight"] = kernel.permute(axes).contiguous()
                state[f"{module}.bias"] = self.values(root, graph.tensors[bias])
                fused = activation[operator.builtinOptions.fusedActivationFunction]
                activations[module] = "RELU6" if _clamps(output) else fused
                used |= {weight, bias}
                continue
            if kind == "CUSTOM":
                name = root.operatorCodes[operator.opcodeIndex].customCode.decode()
                custom[name] = _options(operator.customOptions)
            operators.append(kind)
        constants, steps = {}, {}
        for n, tensor in enumerate(graph.tensors):
            stored = root.buffers[tensor.buffer].data
            scaled = _scales(tensor) is not None
            kind = self.types[tensor.type]
            if n in used or stored is None or not (scaled or kind in ("FLOAT32", "FLOAT16")):
                continue
            name = tensor.name.decode()
            constants[name] = self.values(root, tensor)
            if scaled:
                steps[name] = float(np.max(_scales(tensor)))
        return TfliteModel(
            state, activations, constants, steps, tuple(operators), custom,
            *self.input(graph.tensors[graph.inputs[0]]),
        )  # fmt: skip

    def input(self, tensor: Any) -> tuple[tuple[float, float] | None, tuple[int, int]]:
        """The range and the size of an input."""
        _, height, width, _ = (int(side) for side in tensor.shape)
        scales = _scales(tensor)
        if scales is None:
            return None, (height, width)
        scale, zero = float(scales[0]), int(tensor.quantization.zeroPoint[0])
        lowest = -128 if self.types[tensor.type] == "INT8" else 0
        return ((lowest - zero) * scale, (lowest + 255 - zero) * scale), (height, width)

    def values(self, root: Any, tensor: Any) -> Tensor:
        """A constant as float32[its shape]."""
        kind = np.dtype(self.types[tensor.type].lower())
        stored = np.frombuffer(bytes(root.buffers[tensor.buffer].data), kind)
        array = stored.reshape(tensor.shape).astype(np.float64)
        scales = _scales(tensor)
        if scales is not None:
            by = [1] * array.ndim
            by[tensor.quantization.quantizedDimension if len(scales) > 1 else 0] = len(scales)
            zeros = np.asarray(tensor.quantization.zeroPoint, np.float64)
            array = (array - zeros.reshape(by)) * np.asarray(scales, np.float64).reshape(by)
        return torch.from_numpy(array.astype(np.float32))


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _scales(tensor: Any) -> Any:
    """The steps of a quantised tensor, one or one per channel; None for other tensors."""
    quantization = tensor.quantization
    scales = None if quantization is None else quantization.scale
    return None if scales is None or len(scales) == 0 else scales


def _clamps(output: Any) -> bool:
    """Whether the integers of a tensor only stand for 0..6."""
    scales = _scales(output)
    if scales is None or len(scales) > 1:
        return False
    lowest = int(output.quantization.zeroPoint[0])
    return lowest in (0, -128) and abs(float(scales[0]) * RELU6_STEPS - 6) < 0.01


def _scope(output: str) -> str:
    """The module of a convolution, from the name of its output: `<module>/Relu6`."""
    # newer converters list the names of all operations that they have fused: a;b;c
    scope = output.partition(";")[0].rpartition("/")[0]
    return module_name(scope.partition("/BatchNorm")[0])


def _options(stored: Any) -> dict[str, Any]:
    """A custom operation's options, which are a map of FlexBuffers."""
    from flatbuffers import flexbuffers

    return dict(flexbuffers.GetRoot(bytearray(bytes(stored))).Value)

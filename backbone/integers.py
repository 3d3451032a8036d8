"""A quantised network as integers: eight-bit weights, 32-bit biases, and steps between them.

It computes the quantised network's answers up to the rounding of biases, which is finer than any
step of an output by orders of magnitude. Its operations are those of torch's `quantized_decomposed`
library. An export turns them into QuantizeLinear and DequantizeLinear of ONNX, or into the integer
kernels of ExecuTorch and LiteRT.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

# registers torch.ops.quantized_decomposed
import torch.ao.quantization.fx._decomposed
from torch import Tensor, nn

from backbone.quantized import (
    LEVELS,
    QuantizedLayer,
    Rounding,
    quantized_layers,
    weight_limit,
)

Network = TypeVar("Network", bound=nn.Module)
OPS = torch.ops.quantized_decomposed


@dataclass(frozen=True)
class Notation:
    """How the tools of a format want integers to be written.

    Args:
        signed: activations are from -128 to 127, not from 0 to 255.
        biases: as integers; False: as floats at their levels, which the tools turn into integers.
        weights: likewise.
    """

    signed: bool = False
    biases: bool = True
    weights: bool = True


ONNX = Notation()
XNNPACK = Notation(signed=True, biases=False)
LITERT = Notation(signed=True, biases=False, weights=False)


class Levels(nn.Module):
    """A rounding to a fixed step: to integers and back.

    Args:
        step: between two levels.
        zero: the integer from 0 to 255 that stands for zero.
        signed: count the integers from -128 instead.
    """

    def __init__(self, step: float, zero: int, signed: bool):
        super().__init__()
        low = -128 if signed else 0
        self.form = (step, zero + low, low, low + LEVELS, torch.int8 if signed else torch.uint8)

    def forward(self, x: Tensor) -> Tensor:
        """float32[...] -> the same shape, each value at one of the levels."""
        levels: Tensor = OPS.dequantize_per_tensor(
            OPS.quantize_per_tensor(x, *self.form), *self.form
        )
        return levels


class IntegerLayer(nn.Module):
    """A layer with integers for weights, or with float ones, and levels around it.

    Args:
        layer: the quantised one.
        notation: of the integers.
    """

    weight: Tensor
    weight_steps: Tensor
    weight_zeros: Tensor
    bias: Tensor | None
    bias_steps: Tensor

    def __init__(self, layer: QuantizedLayer, notation: Notation):
        super().__init__()
        signed = notation.signed
        self.before, self.after = levels(layer.before, signed), levels(layer.after, signed)
        self.exact = layer.exact
        self.limit = weight_limit(layer.bits)
        # only the operation of the layer remains, without tensors
        self.shell = (shell(layer),)
        weight, bias = (None if t is None else t.detach() for t in layer.kernel())
        assert weight is not None
        if not self.exact:
            if layer.shift is not None:
                bias = layer.shift if bias is None else bias + layer.shift
            steps, products = layer.steps(weight, bias)
            across = steps.view(-1, *[1] * (weight.ndim - 1))
            weight = (weight / across).round().clamp(-self.limit, self.limit)
            weight = weight.to(torch.int8) if notation.weights else weight * across
            self.register_buffer("weight_steps", steps)
            self.register_buffer("weight_zeros", torch.zeros_like(steps, dtype=torch.int64))
            if bias is not None:
                self.register_buffer("bias_steps", products)
                bias = (bias / products).round()
                bias = bias.to(torch.int32) if notation.biases else bias * products
        self.register_buffer("weight", weight.contiguous())
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """The quantised layer's output for x."""
        if self.before is not None:
            x = self.before(x)
        weight, bias = self.weight, self.bias
        if not self.exact:
            form = (self.weight_steps, self.weight_zeros, 0, -self.limit, self.limit, torch.int8)
            if weight.is_floating_point():
                weight = OPS.quantize_per_channel(weight, *form)
            weight = OPS.dequantize_per_channel(weight, *form)
            if bias is not None and not bias.is_floating_point():
                form = (self.bias_steps, self.weight_zeros, 0, -(2**31), 2**31 - 1, torch.int32)
                bias = OPS.dequantize_per_channel(bias, *form)
        output = self.shell[0].operation(x, weight, bias)
        return output if self.after is None else self.after(output)


def levels(rounding: Rounding | None, signed: bool) -> Levels | None:
    """A rounding with its step as a number; None if there is no rounding."""
    if rounding is None or not rounding.active:
        return None
    step, zero = rounding.grid()
    return Levels(float(step), int(zero), signed)


def shell(layer: QuantizedLayer) -> QuantizedLayer:
    """A copy of a layer without its tensors, which keeps its operation."""
    tensors = (*layer.parameters(), *layer.buffers())
    memo: dict[int, Any] = {id(t): t.detach().to("meta") for t in tensors}
    memo |= {id(layer.source): (), id(layer.shift): None}
    return deepcopy(layer, memo)


def as_integers(network: Network, notation: Notation = ONNX) -> Network:
    """A copy of a network in which the quantised layers have integers for weights.

    Args:
        network: changed by `backbone.quantizing.quantize`, with known ranges. Layers that are exact
            keep float weights.
        notation: of the integers.
    """
    tensors = {id(t): t for t in (*network.parameters(), *network.buffers())}
    copy = deepcopy(network, tensors).eval()
    for path, layer in quantized_layers(network).items():
        if layer.source:  # otherwise it never ran
            copy.set_submodule(path, IntegerLayer(layer, notation))
    return copy


def has_integers(network: nn.Module) -> bool:
    """Whether a network was made by `as_integers`."""
    return any(isinstance(module, IntegerLayer) for module in network.modules())

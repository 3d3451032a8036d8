"""Layers that compute as with eight-bit integers: fake quantisation (arXiv 1712.05877).

A quantised layer rounds its weights, with one step per output channel, and its output, with one
step for the tensor. All values stay float32, and gradients pass the rounding unchanged. So the same
layers serve to measure the effect of integers, to train with them, and to write them to files (see
`backbone.integers`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.conv import ConvBN, SameConv2d, pad_end, same_margins

LEVELS = 255  # the largest integer of an activation
WEIGHT_BITS = 8
RANGES = (".before.range", ".after.range")  # suffixes of the names of ranges in a state dict
LARGEST_BIAS = 2**30  # as a 32-bit integer, with room for the products that are added to it
SMALLEST = 1e-9  # the smallest step; a tensor of zeros has one too


class Rounding(nn.Module):
    """Rounds a tensor to 256 levels between the smallest and the largest value that it may have.

    Zero is always one of the levels, since padding needs it.

    Attributes:
        range: float[2], smallest and largest value; +inf and -inf before any have been seen.
        active: whether it rounds; if not, tensors pass unchanged.
        watching: whether the range follows the values that pass.
        share: how far it moves towards the values of a tensor, 0..1; None: it widens to hold all.
    """

    range: Tensor
    share: float | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("range", torch.tensor([torch.inf, -torch.inf]))
        self.active = True
        self.watching, self.share = False, None

    def forward(self, x: Tensor) -> Tensor:
        """float32[...] -> the same shape, each value at one of the levels."""
        if self.watching:
            self.watch(x.detach())
        if not self.active:
            return x
        step, zero = self.grid()
        return torch.fake_quantize_per_tensor_affine(x, step, zero, 0, LEVELS)

    def watch(self, x: Tensor) -> None:
        """Extend the range to the values of a tensor, or move it towards them."""
        seen = torch.stack(torch.aminmax(x))
        wider = torch.stack(
            [torch.minimum(self.range[0], seen[0]), torch.maximum(self.range[1], seen[1])]
        )
        if self.share is not None:
            moved = torch.lerp(self.range, seen, self.share)
            wider = torch.where(self.range.isfinite(), moved, seen)
        self.range.copy_(wider)

    def grid(self) -> tuple[Tensor, Tensor]:
        """The step, float32, and the integer that stands for zero, int32."""
        low, high = self.range[0].clamp(max=0), self.range[1].clamp(min=0)
        step = ((high - low) / LEVELS).clamp(min=SMALLEST)
        return step, (-low / step).round().clamp(0, LEVELS).int()


def weight_limit(bits: int) -> int:
    """The largest integer of a weight: 127 in eight bits, 63 in seven."""
    return (1 << (bits - 1)) - 1


class QuantizedLayer(nn.Module, ABC):
    """Base of the quantised layers.

    Args:
        bits: of the weights, 8 or 7.

    Attributes:
        before: rounds the input, if the layer that it comes from does not; otherwise None.
        after: rounds the output; None if that is an answer of the network in float.
        source: what rounds the input: `before`, or the `after` of the layer that the input comes
            from. It is in a tuple so that it is not registered as a part of the layer; the tuple is
            empty before the source is known.
        exact: whether the weights are used without rounding.
        relu6: whether the output is clipped to 0..6.
        shift: float[outputs], added to the bias when the weights are rounded; None: nothing.
    """

    before: Rounding | None
    after: Rounding | None

    def __init__(self, bits: int, relu6: bool = False):
        super().__init__()
        self.relu6 = relu6
        self.before, self.after = None, Rounding()
        self.source: tuple[Rounding, ...] = ()
        self.exact, self.bits = False, bits
        self.shift: Tensor | None = None

    @abstractmethod
    def kernel(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias before rounding, batch norm folded into them."""

    @abstractmethod
    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The layer as a function of its input, its weight and its bias, without a ReLU6."""

    def operation(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """`product`, and the ReLU6 if there is one."""
        output = self.product(x, weight, bias)
        return F.relu6(output) if self.relu6 else output

    def forward(self, x: Tensor) -> Tensor:
        """The float layer's output for x, but with rounded input, weights and output."""
        if self.before is not None:
            x = self.before(x)
        output = self.operation(x, *self.parameters_used())
        return output if self.after is None else self.after(output)

    def parameters_used(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias, rounded unless the layer is exact."""
        weight, bias = self.kernel()
        if self.exact:
            return weight, bias
        if self.shift is not None:
            bias = self.shift if bias is None else bias + self.shift
        limit = weight_limit(self.bits)
        steps, products = self.steps(weight, bias)
        across = steps.view(-1, *[1] * (weight.ndim - 1))
        # torch's operation for channels checks its arguments, for which the host waits for the GPU
        weight = through((weight / across).round().clamp(-limit, limit) * across, weight)
        if bias is not None:
            bias = through((bias / products).round() * products, bias)
        return weight, bias

    def steps(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """The steps of weight and bias, each float[outputs].

        The integers of a weight are from -limit to limit, so zero is exact. A bias is a 32-bit
        number of steps of the input times the weight, the unit in which products are added up. If
        the weights of a channel are almost zero, their steps are as large as its bias needs.
        """
        steps = weight.detach().abs().flatten(1).amax(1) / weight_limit(self.bits)
        step, _ = self.source[0].grid()
        if bias is not None:
            steps = torch.maximum(steps, bias.detach().abs() / (step * LARGEST_BIAS))
        steps = steps.clamp(min=SMALLEST)
        return steps, steps * step


def through(rounded: Tensor, x: Tensor) -> Tensor:
    """The rounded values, with the gradient of the unrounded ones."""
    return rounded.detach() + (x - x.detach())


def convolve(conv: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A convolution with the padding and the stride of a layer, but with the given weights."""
    padding = conv.padding
    if isinstance(conv, SameConv2d) or getattr(conv, "same", False):
        (top, bottom), (left, right) = same_margins(conv, x)
        if bottom > top or right > left:
            x = pad_end(x, bottom - top, right - left)
        padding = (top, left)
    return F.conv2d(x, weight, bias, conv.stride, padding, conv.dilation, conv.groups)


class QuantizedConvBN(QuantizedLayer):
    """A convolution with its batch norm, which is folded and frozen, and maybe a ReLU6.

    Batch norm's scale and offset are trained; its statistics are frozen (arXiv 1712.05877, section
    3.2, after the freeze). The tensors keep their names.
    """

    def __init__(self, layer: ConvBN, bits: int):
        super().__init__(bits, isinstance(layer[-1], nn.ReLU6))
        self.conv, self.bn = layer.conv, layer.bn

    def kernel(self) -> tuple[Tensor, Tensor | None]:
        """The convolution's weight times batch norm's scale, and the remaining offset."""
        bn = self.bn
        assert bn.running_mean is not None
        assert bn.running_var is not None
        scale = bn.weight * torch.rsqrt(bn.running_var + bn.eps)
        return self.conv.weight * scale[:, None, None, None], bn.bias - bn.running_mean * scale

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """float[B, C, H, W] -> float[B, out, h, w]."""
        return convolve(self.conv, x, weight, bias)


class QuantizedConv2d(QuantizedLayer):
    """A convolution without batch norm; the tensors keep their names."""

    def __init__(self, conv: nn.Conv2d, bits: int):
        super().__init__(bits, bool(getattr(conv, "relu6", False)))
        self.weight, self.bias = conv.weight, conv.bias
        self.same = isinstance(conv, SameConv2d) or bool(getattr(conv, "same", False))
        self.kernel_size, self.stride, self.padding = conv.kernel_size, conv.stride, conv.padding
        self.dilation, self.groups = conv.dilation, conv.groups

    def kernel(self) -> tuple[Tensor, Tensor | None]:
        """The convolution's own weight and bias."""
        return self.weight, self.bias

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """float[B, C, H, W] -> float[B, out, h, w]."""
        return convolve(self, x, weight, bias)


class QuantizedLinear(QuantizedLayer):
    """A linear layer; the tensors keep their names."""

    def __init__(self, linear: nn.Linear, bits: int):
        super().__init__(bits)
        self.weight, self.bias = linear.weight, linear.bias

    def kernel(self) -> tuple[Tensor, Tensor | None]:
        """The layer's own weight and bias."""
        return self.weight, self.bias

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """float[..., inputs] -> float[..., outputs]."""
        return F.linear(x, weight, bias)


def quantized_layers(network: nn.Module) -> dict[str, QuantizedLayer]:
    """The quantised layers of a network, by their paths, in the order of its definition."""
    return {p: m for p, m in network.named_modules() if isinstance(m, QuantizedLayer)}


@contextmanager
def in_float(network: nn.Module, watch: bool = False) -> Iterator[None]:
    """Let a network compute without quantisation.

    Args:
        watch: widen the ranges to the values that pass.
    """
    roundings = [m for m in network.modules() if isinstance(m, Rounding)]
    layers = list(quantized_layers(network).values())
    rounded = [(rounding.active, rounding.watching, rounding.share) for rounding in roundings]
    exact = [layer.exact for layer in layers]
    try:
        for rounding in roundings:
            rounding.active, rounding.watching, rounding.share = False, watch, None
        for layer in layers:
            layer.exact = True
        yield
    finally:
        for rounding, (active, watching, share) in zip(roundings, rounded, strict=True):
            rounding.active, rounding.watching, rounding.share = active, watching, share
        for layer, was_exact in zip(layers, exact, strict=True):
            layer.exact = was_exact

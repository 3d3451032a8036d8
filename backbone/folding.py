"""A network for inference: batch norm folded into the convolutions before it, ReLU6 merged in."""

import sys
from copy import deepcopy
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from backbone.conv import (
    ConvBN,
    SameConv2d,
    by_blocks,
    pad_end,
    same_margins,
    suits_blocks,
)
from backbone.head import Head
from backbone.quantized import QuantizedLayer
from backbone.tracing import is_exporting
from backbone.trunk import Trunk

Network = TypeVar("Network", bound=nn.Module)


class FoldedConv(nn.Conv2d):
    """A convolution for inference, with a batch norm in its weights and possibly a ReLU6 after it.

    The weights are final: on a CPU a copy of them in oneDNN's own layout is kept.

    Args:
        conv: an `nn.Conv2d` or `SameConv2d` that pads with zeros.
        bn: the batch norm that follows it, with running statistics; None if there is none.
        relu6: whether the output is clipped to 0..6.
    """

    cast_weight: Tensor | None
    cast_bias: Tensor | None

    def __init__(self, conv: nn.Conv2d, bn: nn.BatchNorm2d | None = None, relu6: bool = False):
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]  # pairs, as torch keeps them
            conv.stride,  # type: ignore[arg-type]
            conv.padding,  # type: ignore[arg-type]
            conv.dilation,  # type: ignore[arg-type]
            conv.groups,
            device="meta",
        )
        self.same = isinstance(conv, SameConv2d)
        self.relu6 = relu6
        self.weight, self.bias = folded_weights(conv, bn)
        self.packed: Tensor | None = None  # the weight in oneDNN's layout
        # weight and bias in the type that autocast computes in
        self.register_buffer("cast_weight", None, persistent=False)
        self.register_buffer("cast_bias", None, persistent=False)

    def __getstate__(self) -> dict[str, Any]:
        """What is copied: everything but oneDNN's form of the weight, which cannot be copied."""
        return self.__dict__ | {"packed": None}

    def forward(self, x: Tensor) -> Tensor:
        """float[B, C, H, W] -> float[B, out, h, w], after batch norm and ReLU6."""
        if not self.same:
            assert not isinstance(self.padding, str)
            return self.convolve(x, self.padding, self.relu6)
        (top, bottom), (left, right) = same_margins(self, x)
        if suits_blocks(self, x):
            output = by_blocks(x, *self.as_computed(x), (top, left))
            return F.relu6(output) if self.relu6 else output
        rows, columns = bottom > top, right > left
        if not (rows or columns):
            return self.convolve(x, (top, left), self.relu6)
        # runtimes merge padding into the convolution after it, but no slice into one before it
        if is_exporting():
            x = pad_end(x, bottom - top, right - left)
            return self.convolve(x, (top, left), self.relu6)
        # One more stride of padding on every side shifts the windows by one. Without the first
        # row and column the output is right, and the input is not copied.
        padding = top + rows * self.stride[0], left + columns * self.stride[1]
        if any(p >= k for p, k in zip(padding, self.kernel_size, strict=True)):
            x = pad_end(x, bottom - top, right - left)
            return self.convolve(x, (top, left), self.relu6)
        height, width = (-(-n // s) for n, s in zip(x.shape[2:], self.stride, strict=True))
        larger = self.convolve(x, padding, relu6=False)
        output = larger[:, :, rows : rows + height, columns : columns + width]
        # both ways make the slice dense again
        return F.relu6(output) if self.relu6 else output.contiguous(memory_format=layout(larger))

    def convolve(self, x: Tensor, padding: tuple[int, ...], relu6: bool) -> Tensor:
        """Convolution, bias and, if wanted, ReLU6, in as few passes as the device can."""
        if self.suits_onednn(x):
            return self.in_onednn(x, padding, relu6)
        if x.is_cuda and self.kernel_size == self.stride == (1, 1) and self.groups == 1:
            output = self.as_product(x)
        else:
            weight, bias = self.as_computed(x)
            output = F.conv2d(x, weight, bias, self.stride, padding, self.dilation, self.groups)
        return F.relu6(output, inplace=True) if relu6 else output

    def suits_onednn(self, x: Tensor) -> bool:
        """Whether oneDNN's merged operation takes x; it knows no gradients and no autocast."""
        return (
            x.is_cpu
            and not torch.compiler.is_compiling()  # which the questions below would interrupt
            and not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
            and x.dtype == self.weight.dtype == torch.float32
            and x.numel() > 0
            and not (torch.is_grad_enabled() and x.requires_grad)
            and not torch.is_autocast_enabled("cpu")
            and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        )

    def in_onednn(self, x: Tensor, padding: tuple[int, ...], relu6: bool) -> Tensor:
        """Convolution, bias and ReLU6 in one pass, with weights in oneDNN's layout.

        torch.compile emits these operations on a CPU. Without them torch converts the weights in
        every call, and does not use oneDNN at all for a single image.
        """
        form = padding, self.stride, self.dilation, self.groups
        if self.packed is None:
            self.packed = torch.ops.mkldnn._reorder_convolution_weight(self.weight, *form, x.shape)
        after = ("hardtanh", [0.0, 6.0], "") if relu6 else ("none", [], "")
        output: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self.packed, self.bias, *form, *after
        )
        return output

    def as_product(self, x: Tensor) -> Tensor:
        """A 1x1 convolution as a matrix product of a channels_last map, which adds the bias too.

        On a GPU adding the bias of a convolution takes an extra kernel.
        """
        batch, channels, height, width = x.shape
        cells = x.permute(0, 2, 3, 1).reshape(-1, channels)
        weight, bias = self.as_computed(x)
        output = F.linear(cells, weight.flatten(1), bias)
        return output.view(batch, height, width, -1).permute(0, 3, 1, 2)

    def as_computed(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Weight and bias in the type that autocast computes in, converted once.

        Autocast keeps converted tensors only if they are trained, and would convert these in each
        call.
        """
        kind = x.device.type
        if not torch.is_autocast_enabled(kind):
            return self.weight, self.bias
        form = x.device, torch.get_autocast_dtype(kind)
        if self.cast_weight is None or (self.cast_weight.device, self.cast_weight.dtype) != form:
            if torch.compiler.is_compiling():
                # a CUDA graph overwrites its own tensors, so nothing that it makes may be kept
                return self.weight.to(*form), None if self.bias is None else self.bias.to(*form)
            self.keep_cast(*form)
        assert self.cast_weight is not None
        return self.cast_weight, self.cast_bias

    def keep_cast(self, device: torch.device, dtype: torch.dtype) -> None:
        """Convert weight and bias once, for autocast to this type on this device."""
        with torch.inference_mode(False):  # a tensor of inference mode cannot be used outside it
            self.cast_weight = self.weight.to(device, dtype)
            self.cast_bias = None if self.bias is None else self.bias.to(device, dtype)


def keep_casts(network: nn.Module, device: torch.device) -> None:
    """Convert a folded network's weights for autocast, if it is on, before a graph is made of it.

    A graph that converts them itself does so in each replay, with a kernel for each tensor.
    """
    if torch.is_autocast_enabled(device.type):
        for layer in network.modules():
            if isinstance(layer, FoldedConv):
                layer.keep_cast(device, torch.get_autocast_dtype(device.type))


def folded_weights(
    conv: nn.Conv2d, bn: nn.BatchNorm2d | None
) -> tuple[nn.Parameter, nn.Parameter | None]:
    """Weight and bias of one convolution that computes both in evaluation mode."""
    if bn is None:
        weight, bias = conv.weight.detach(), None if conv.bias is None else conv.bias.detach()
    else:
        mean, var = bn.running_mean, bn.running_var
        assert mean is not None
        assert var is not None
        with torch.no_grad():
            weight, bias = fuse_conv_bn_weights(
                conv.weight, conv.bias, mean, var, bn.eps, bn.weight, bn.bias
            )
    frozen = None if bias is None else nn.Parameter(bias, requires_grad=False)
    return nn.Parameter(weight, requires_grad=False), frozen


def folded(network: Network) -> Network:
    """A copy of a network for inference, in evaluation mode: it gives the same outputs faster.

    The network is not changed. The copy has its own weights where batch norm was folded in, and
    shares the others, so it answers like the network until that is trained further. The copy is not
    for saving: its tensors do not belong in a checkpoint.

    The layers of `conv_bn_relu6` and those that `Trunk.norms` finds are folded. Then heads merge
    their own layers, see `Head.merge_layers`. A network that cannot be copied, for example because
    it keeps the outputs of its last call, is returned unchanged.
    """
    tensors = {id(t): t for t in (*network.parameters(), *network.buffers())}
    try:
        copy = deepcopy(network, tensors).eval()
    except (RuntimeError, TypeError):
        return network.eval()
    heads = [module for module in copy.modules() if isinstance(module, Head)]
    for head in heads:
        head.separate_maps()
    for path, module in network.named_modules():
        if isinstance(module, Trunk):
            for conv, bn in module.norms.items():
                fold_pair(copy, f"{path}.{conv}".lstrip("."), f"{path}.{bn}".lstrip("."))
    for layer in copy.modules():
        if isinstance(layer, ConvBN) and len(layer) > 1:  # otherwise it is already folded
            layer.conv = FoldedConv(layer.conv, layer.bn, relu6=isinstance(layer[-1], nn.ReLU6))
            for name, _ in list(layer.named_children())[1:]:
                delattr(layer, name)
    for parent in list(copy.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(parent, QuantizedLayer):
                continue  # it folds by itself and rounds the result
            if isinstance(child, nn.Conv2d) and is_plain(child):
                setattr(parent, name, FoldedConv(child))
    for head in heads:
        head.merge_layers()
    return copy


def fold_pair(network: nn.Module, conv_path: str, bn_path: str) -> None:
    """Fold a batch norm into the convolution before it, whose output nothing else reads.

    Args:
        network: contains both; it is changed.
        conv_path, bn_path: their places in it.
    """
    conv, bn = network.get_submodule(conv_path), network.get_submodule(bn_path)
    assert isinstance(conv, nn.Conv2d)
    # importing timm takes a second, and a timm network has already imported it
    layers = sys.modules.get("timm.layers")
    if type(bn) is nn.BatchNorm2d:
        rest: nn.Module = nn.Identity()
    elif layers is not None and type(bn) is layers.BatchNormAct2d:
        rest = nn.Sequential(bn.get_submodule("drop"), bn.get_submodule("act"))
    else:
        return
    assert isinstance(bn, nn.BatchNorm2d)
    if bn.running_mean is None:
        return
    # the convolution keeps its class, and so its way of padding
    conv.weight, conv.bias = folded_weights(conv, bn)
    network.set_submodule(bn_path, rest)


def is_plain(conv: nn.Conv2d) -> bool:
    """Whether a convolution is torch's own, padded with a number of zeros."""
    own = type(conv) is nn.Conv2d
    return own and conv.padding_mode == "zeros" and not isinstance(conv.padding, str)


def layout(x: Tensor) -> torch.memory_format:
    """The memory format of a map float[B, C, H, W]."""
    nhwc = x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if nhwc else torch.contiguous_format

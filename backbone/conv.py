"""The convolution layers of the MobileNets and of the heads that match them."""

from collections import OrderedDict
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Padding = Literal["same", "symmetric"]


class SameConv2d(nn.Conv2d):
    """Convolution with TensorFlow's 'SAME' padding for any input size: output ceil(size / stride).

    If the total padding is odd, the extra pixel goes to the bottom and to the right. So a 3x3
    kernel of stride 2 pads an even size at the bottom and right only, unlike `padding=1`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """float[B, C, H, W] -> float[B, out, ceil(H / stride), ceil(W / stride)]."""
        (top, bottom), (left, right) = same_margins(self, x)
        if suits_blocks(self, x):
            return by_blocks(x, self.weight, self.bias, (top, left))
        # The symmetric part costs nothing inside the convolution; only the odd pixel needs a copy.
        if bottom > top or right > left:
            x = pad_end(x, bottom - top, right - left)
        padding = (top, left)
        if x.shape[2:] == (1, 1) and x.is_cpu and torch.is_autocast_enabled("cpu"):
            return self.on_one_pixel(x)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding, groups=self.groups)

    def on_one_pixel(self, x: Tensor) -> Tensor:
        """The same output for a 1x1 map, where only the kernel's centre meets a pixel.

        In bfloat16 on a CPU, oneDNN's weight gradient of the padded form reads uninitialised memory
        (torch 2.14: not-a-number gradients in SSD's last maps).
        """
        row, column = (size // 2 for size in self.kernel_size)
        centre = self.weight[:, :, row : row + 1, column : column + 1]
        return F.conv2d(x, centre, self.bias, groups=self.groups)


def same_margins(conv: nn.Conv2d, x: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
    """How TensorFlow's 'SAME' pads float[B, C, H, W]: ((top, bottom), (left, right)) in pixels."""
    vertical, horizontal = (
        max((-(-size // stride) - 1) * stride + kernel - size, 0)
        for size, stride, kernel in zip(x.shape[2:], conv.stride, conv.kernel_size, strict=True)
    )
    top, left = vertical // 2, horizontal // 2
    return (top, vertical - top), (left, horizontal - left)


def suits_blocks(conv: nn.Conv2d, x: Tensor) -> bool:
    """Whether `by_blocks` is the faster way: for the first layer of a network compiled on a GPU.

    On an H200 it shortens a compiled training step of MobileNet at 224 pixels, batch 256, from 19.0
    to 18.5 ms. Without a compiler, the copies that make the blocks cost more than they save.
    """
    return (
        x.is_cuda
        and torch.compiler.is_compiling()
        and (conv.in_channels, conv.kernel_size, conv.stride) == (3, (3, 3), (2, 2))
    )


def by_blocks(x: Tensor, weight: Tensor, bias: Tensor | None, before: tuple[int, int]) -> Tensor:
    """A 3x3 convolution of stride 2 as a 2x2 one of stride 1 over blocks of 2x2 pixels.

    A GPU's matrix units take channels in eights, so three of them leave it to slow general kernels.
    A block has twelve, and four of zeros are added.

    Args:
        x: float[B, 3, H, W].
        weight: float[out, 3, 3, 3].
        before: rows and columns of zeros above and to the left of x; what is missing below and to
            the right is filled up with zeros.

    Returns float[B, out, ceil(H / 2), ceil(W / 2)].
    """
    (top, left), (height, width) = before, x.shape[2:]
    rows, columns = (2 * (-(-length // 2) + 1) for length in (height, width))
    padded = F.pad(x, (left, columns - width - left, top, rows - height - top))
    blocks = F.pad(F.pixel_unshuffle(padded, 2), (0, 0, 0, 0, 0, 4))
    # a row and a column of zeros make the kernel two blocks high and wide
    kernel = F.pad(weight, (0, 1, 0, 1)).reshape(-1, 3, 2, 2, 2, 2).permute(0, 1, 3, 5, 2, 4)
    kernel = F.pad(kernel.flatten(1, 3), (0, 0, 0, 0, 0, 4))
    return F.conv2d(blocks.contiguous(memory_format=torch.channels_last), kernel, bias)


class PadEnd(torch.autograd.Function):
    """`F.pad` at the bottom and right with half its memory traffic.

    `F.pad` fills the whole output before it copies the input over it, and copies the gradient. Here
    only the margin is filled, and the gradient is a view.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: int, columns: int) -> Tensor:
        """float[B, C, H, W] -> float[B, C, H + rows, W + columns], zero in the margin."""
        batch, channels, height, width = x.shape
        ctx.size = height, width
        nhwc = x.is_contiguous(memory_format=torch.channels_last)
        padded = torch.empty(
            (batch, channels, height + rows, width + columns),
            dtype=x.dtype,
            device=x.device,
            memory_format=torch.channels_last if nhwc else torch.contiguous_format,
        )
        padded[:, :, :height, :width].copy_(x)
        padded[:, :, height:].zero_()
        padded[:, :, :height, width:].zero_()
        return padded

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """The part of the gradient that belongs to the input."""
        height, width = ctx.size
        return gradient[:, :, :height, :width], None, None


def pad_end(x: Tensor, rows: int, columns: int) -> Tensor:
    """Add rows of zeros at the bottom and columns at the right of float[B, C, H, W]."""
    if torch.compiler.is_compiling():  # which merges F.pad into the operation before it
        return F.pad(x, (0, columns, 0, rows))
    padded: Tensor = PadEnd.apply(x, rows, columns)
    return padded


class ClipInPlace(torch.autograd.Function):
    """ReLU6 in place that keeps its output for the backward pass.

    torch's own keeps a copy of the input, which is one more map in memory and one more pass over
    it. The gradients are the same: the output is 0 or 6 exactly where the input was clipped.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Clip x to 0..6, and return it."""
        ctx.mark_dirty(x)
        x.clamp_(0, 6)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """The gradient where nothing was clipped, and zero elsewhere."""
        (output,) = ctx.saved_tensors
        clipped: Tensor = torch.ops.aten.hardtanh_backward(gradient, output, 0.0, 6.0)
        return clipped


class ReLU6(nn.ReLU6):
    """ReLU6 in place, see `ClipInPlace`. Only for inputs that no other layer reads."""

    def __init__(self) -> None:
        super().__init__(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """float[...] -> the same tensor, clipped to 0..6."""
        if torch.compiler.is_compiling() or not (torch.is_grad_enabled() and x.requires_grad):
            return F.relu6(x, inplace=True)
        clipped: Tensor = ClipInPlace.apply(x)
        return clipped


def convolution(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    padding: Padding = "same",
) -> nn.Conv2d:
    """A convolution without bias, for an odd kernel.

    He initialisation over the fan-in (He et al. 2015, arXiv 1502.01852, section 2.2). The fan-out
    would be wrong here: PyTorch counts the outputs of all groups, which leaves depthwise kernels so
    small that batch norm's epsilon drowns their signal.
    """
    conv: nn.Conv2d
    if padding == "same" and stride > 1:
        conv = SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
    else:  # at stride 1 'same' is symmetric for every size
        conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False
        )
    nn.init.kaiming_normal_(conv.weight, mode="fan_in", nonlinearity="relu")
    return conv


class ConvBN(nn.Sequential):
    """A convolution `conv`, its batch norm `bn` and, unless the layer is linear, a `relu6`."""

    conv: nn.Conv2d
    bn: nn.BatchNorm2d


def conv_bn_relu6(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    padding: Padding = "same",
    bn_eps: float = 1e-3,
    bn_momentum: float = 0.1,
) -> ConvBN:
    """Convolution, batch norm, ReLU6.

    `bn_momentum` is PyTorch's: the weight of the new batch, 1 minus TensorFlow's decay.
    """
    return ConvBN(
        OrderedDict(
            conv=convolution(inputs, outputs, kernel, stride, groups, padding),
            bn=nn.BatchNorm2d(outputs, eps=bn_eps, momentum=bn_momentum),
            relu6=ReLU6(),
        )
    )


def start_near_linear(module: nn.Module) -> None:
    """Reset a chain of separable convolutions so that it starts close to the identity.

    Thirteen random depthwise and pointwise layers without shortcuts drive neighbouring inputs
    apart: gradients grow 25-fold from the last row of a MobileNet to the first, and the network
    memorises long before it generalises. Here depthwise kernels start by passing their input on,
    with a little noise, and pointwise kernels start as rotations (the delta-orthogonal start of
    Xiao et al. 2018, arXiv 1806.05393). Batch norm's bias lifts the signal into the linear range of
    ReLU6; MobileNetV2's projections have no ReLU6 and need no lift. Other convolutions keep their
    weights.
    """
    for layer in module.modules():
        if not isinstance(layer, ConvBN):
            continue
        conv, bn = layer.conv, layer.bn
        if conv.groups > 1:
            nn.init.normal_(conv.weight, std=0.1)
            middle = conv.kernel_size[0] // 2
            conv.weight.data[:, :, middle, middle] += 1
            nn.init.constant_(bn.bias, 2.0)
        elif conv.kernel_size == (1, 1):
            nn.init.orthogonal_(conv.weight)
            if isinstance(layer[-1], nn.ReLU6):
                nn.init.constant_(bn.bias, 1.0)

"""The convolution layers of the MobileNets and of the heads that match them."""

from collections import OrderedDict
from typing import Literal

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
        vertical, horizontal = (
            max((-(-size // stride) - 1) * stride + kernel - size, 0)
            for size, stride, kernel in zip(x.shape[2:], self.stride, self.kernel_size, strict=True)
        )
        # The symmetric part costs nothing inside the convolution; only the odd pixel needs a copy.
        if vertical % 2 or horizontal % 2:
            x = F.pad(x, (0, horizontal % 2, 0, vertical % 2))
        padding = (vertical // 2, horizontal // 2)
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
            relu6=nn.ReLU6(inplace=True),
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

"""The layers that SSD adds to a trunk, full or depthwise separable (SSDLite)."""

from collections import OrderedDict
from typing import Any

from torch import nn

from backbone.conv import conv_bn_relu6, start_near_linear


def extra_map(inputs: int, depth: int, separable: bool, **like_trunk: Any) -> nn.Sequential:
    """A map of half the size: a 1x1 convolution to half the depth, and a 3x3 of stride 2.

    Separable, the 3x3 is a depthwise and a 1x1 convolution, each with batch norm and ReLU6.

    Args:
        inputs: channels of the map before.
        depth: channels of the new one.
        separable: SSDLite's form.
        like_trunk: padding and batch norm options of `conv_bn_relu6`.
    """
    half = depth // 2
    reduce = conv_bn_relu6(inputs, half, 1, **like_trunk)
    if not separable:
        return nn.Sequential(reduce, conv_bn_relu6(half, depth, 3, stride=2, **like_trunk))
    halve = OrderedDict(
        depthwise=conv_bn_relu6(half, half, 3, stride=2, groups=half, **like_trunk),
        pointwise=conv_bn_relu6(half, depth, 1, **like_trunk),
    )
    layer = nn.Sequential(reduce, nn.Sequential(halve))
    start_near_linear(layer)  # as the trunk's own separable layers
    return layer


def prediction_layer(inputs: int, outputs: int, separable: bool, **like_trunk: Any) -> nn.Module:
    """A 1x1 convolution with bias from a map to box codes or logits.

    Separable, a 3x3 depthwise convolution with batch norm and ReLU6 comes before it. That one does
    not start near linear: the lift of its biases, summed over a thousand channels, would drown the
    classes' prior.
    """
    pointwise = nn.Conv2d(inputs, outputs, 1)
    if not separable:
        return pointwise
    depthwise = conv_bn_relu6(inputs, inputs, 3, groups=inputs, **like_trunk)
    return nn.Sequential(OrderedDict(depthwise=depthwise, pointwise=pointwise))

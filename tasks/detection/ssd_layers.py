"""The layers that SSD adds to a trunk, full or depthwise separable (SSDLite)."""

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from backbone.conv import conv_bn_relu6, start_near_linear
from backbone.folding import FoldedConv


def extra_map(inputs: int, depth: int, separable: bool, **like_trunk: Any) -> nn.Sequential:
    """Layers to a map of half the size: a 1x1 convolution to depth / 2, then a 3x3 of stride 2.

    Args:
        inputs: channels of the previous map.
        depth: channels of the new map.
        separable: SSDLite's form: the 3x3 convolution is a depthwise and a 1x1 convolution, each
            with batch norm and ReLU6.
        like_trunk: padding and batch norm options of `conv_bn_relu6`.
    """
    half = depth // 2
    reduce = conv_bn_relu6(inputs, half, 1, **like_trunk)
    if not separable:
        return nn.Sequential(reduce, conv_bn_relu6(half, depth, 3, stride=2, **like_trunk))
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        depthwise=conv_bn_relu6(half, half, 3, stride=2, groups=half, **like_trunk),
        pointwise=conv_bn_relu6(half, depth, 1, **like_trunk),
    )
    extra = nn.Sequential(reduce, nn.Sequential(layers))
    start_near_linear(extra)  # like the trunk's own separable layers
    return extra


def prediction_layer(
    inputs: int, outputs: int, kernel_size: int | None = 1, **like_trunk: Any
) -> nn.Module:
    """A convolution with bias from a map to box codes or logits.

    The depthwise convolution does not start near linear: the offsets of such a start, summed over a
    thousand channels, would overwhelm the classes' prior.

    Args:
        inputs: channels of the map.
        outputs: values per cell.
        kernel_size: of the convolution, odd; None for SSDLite's form, a 3x3 depthwise convolution
            with batch norm and ReLU6, and then a 1x1 convolution.
        like_trunk: padding and batch norm options of `conv_bn_relu6`.
    """
    if kernel_size is not None:
        return nn.Conv2d(inputs, outputs, kernel_size, padding=kernel_size // 2)
    pointwise = nn.Conv2d(inputs, outputs, 1)
    depthwise = conv_bn_relu6(inputs, inputs, 3, groups=inputs, **like_trunk)
    return nn.Sequential(OrderedDict(depthwise=depthwise, pointwise=pointwise))


def merged_predictor(boxes: nn.Conv2d, classes: nn.Conv2d, anchors: int) -> FoldedConv:
    """One convolution with the outputs of two: for each anchor of a cell its code and its logits.

    Args:
        anchors: number of anchors per cell.
    """
    outputs = boxes.out_channels + classes.out_channels
    kernel = boxes.kernel_size[0]
    conv = nn.Conv2d(boxes.in_channels, outputs, kernel, padding=kernel // 2, device="meta")

    def joined(name: str) -> nn.Parameter:
        parts = [getattr(layer, name).detach() for layer in (boxes, classes)]
        rows = torch.cat([part.unflatten(0, (anchors, -1)) for part in parts], 1)
        return nn.Parameter(rows.flatten(0, 1), requires_grad=False)

    conv.weight, conv.bias = joined("weight"), joined("bias")
    return FoldedConv(conv)

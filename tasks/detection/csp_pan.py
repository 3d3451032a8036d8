"""The layers of PicoDet behind a trunk: CSP-PAN, and the towers of its head."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.conv import conv_bn_relu6

KERNEL = 5  # of the depthwise convolutions


def conv_bn_hardswish(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, **like_trunk: Any
) -> nn.Sequential:
    """Convolution, batch norm and hard swish; options as of `conv_bn_relu6`."""
    linear = conv_bn_relu6(inputs, outputs, kernel, stride, groups, **like_trunk)[:2]
    return nn.Sequential(OrderedDict(linear=linear, hardswish=nn.Hardswish()))


def separable_5x5(depth: int, stride: int = 1, **like_trunk: Any) -> nn.Sequential:
    """A 5x5 depthwise and a 1x1 convolution, each with batch norm and hard swish.

    Args:
        depth: channels of the map and of the output.
        stride: of the depthwise convolution.
        like_trunk: padding and batch norm options of `conv_bn_relu6`.
    """
    return nn.Sequential(
        OrderedDict(
            depthwise=conv_bn_hardswish(depth, depth, KERNEL, stride, depth, **like_trunk),
            pointwise=conv_bn_hardswish(depth, depth, **like_trunk),
        )
    )


class CrossStage(nn.Module):
    """Two maps to one: half the channels pass a 1x1 and a separable convolution, half do not.

    A stage of CSPNet (arXiv 1911.11929) in PicoDet's form.

    Args:
        depth: channels of each of the two maps, and of the output.
        like_trunk: as in `separable_5x5`.
    """

    def __init__(self, depth: int, **like_trunk: Any):
        super().__init__()
        half = depth // 2
        self.straight = conv_bn_hardswish(2 * depth, half, **like_trunk)
        self.deep = nn.Sequential(
            conv_bn_hardswish(2 * depth, half, **like_trunk),
            conv_bn_hardswish(half, half, **like_trunk),
            separable_5x5(half, **like_trunk),
        )
        self.joined = conv_bn_hardswish(2 * half, depth, **like_trunk)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """float[B, depth, h, w], twice -> the same shape."""
        both = torch.cat([one, other], 1)
        joined: Tensor = self.joined(torch.cat([self.deep(both), self.straight(both)], 1))
        return joined


class CSPPAN(nn.Module):
    """A path aggregation network (arXiv 1803.01534) of cross-stage layers, PicoDet's neck.

    As in arXiv 2111.00902, section 3.2: features pass from the coarsest map to the finest, and then
    back, so that each map gets those of all others. An extra map is the sum of two maps that are
    halved in size: the next finer one of this network, and the trunk's last one, projected and
    halved as often as needed.

    Args:
        channels: of the trunk's maps, finest first.
        depth: channels of the network's maps.
        extra: number of maps coarser than the trunk's.
        like_trunk: as in `separable_5x5`.
    """

    def __init__(self, channels: Sequence[int], depth: int, extra: int, **like_trunk: Any):
        super().__init__()
        steps = range(len(channels) - 1)
        self.projections = nn.ModuleList(
            conv_bn_hardswish(width, depth, **like_trunk) for width in channels
        )
        self.down = nn.ModuleList(CrossStage(depth, **like_trunk) for _ in steps)
        self.halving = nn.ModuleList(separable_5x5(depth, 2, **like_trunk) for _ in steps)
        self.up = nn.ModuleList(CrossStage(depth, **like_trunk) for _ in steps)
        self.extra_of_trunk = nn.ModuleList(
            separable_5x5(depth, 2, **like_trunk) for _ in range(extra)
        )
        self.extra = nn.ModuleList(separable_5x5(depth, 2, **like_trunk) for _ in range(extra))

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """float[B, depth, h, w] of each map, from the trunk's float[B, C, h, w]; finest first."""
        *finer, coarsest = (
            projection(fmap) for projection, fmap in zip(self.projections, maps, strict=True)
        )
        inner = [coarsest]
        pairs = list(zip(finer, self.down, strict=True))
        for own, stage in reversed(pairs):
            size = (own.shape[2], own.shape[3])
            inner.insert(0, stage(F.interpolate(inner[0], size, mode="nearest"), own))
        outer = inner[:1]
        for own, halve, stage in zip(inner[1:], self.halving, self.up, strict=True):
            outer.append(stage(halve(outer[-1]), own))
        for of_trunk, of_last in zip(self.extra_of_trunk, self.extra, strict=True):
            coarsest = of_trunk(coarsest)
            outer.append(coarsest + of_last(outer[-1]))
        return outer

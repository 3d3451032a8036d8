"""The layers of SSDLite on a feature pyramid (FPNLite)."""

from collections import OrderedDict
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from backbone.conv import ConvBN, ReLU6, conv_bn_relu6, convolution


def separable(inputs: int, depth: int, stride: int = 1, **like_trunk: Any) -> nn.Sequential:
    """A 3x3 depthwise and a 1x1 convolution, with one batch norm and ReLU6 after both.

    TensorFlow's detectors have nothing between the two, unlike a MobileNet's separable layer.

    Args:
        inputs: channels of the map.
        depth: channels of the output.
        stride: of the depthwise convolution.
        like_trunk: padding and batch norm options of `conv_bn_relu6`.
    """
    padding = like_trunk.get("padding", "same")
    return nn.Sequential(
        OrderedDict(
            depthwise=convolution(inputs, inputs, 3, stride, inputs, padding),
            pointwise=conv_bn_relu6(inputs, depth, 1, **like_trunk),
        )
    )


class Pyramid(nn.Module):
    """Maps of equal depth: the trunk's, each combined with coarser ones, and extra coarse maps.

    A feature pyramid (arXiv 1612.03144) as in TensorFlow (`KerasFpnTopDownFeatureMaps` in
    object_detection/models/feature_map_generators.py): 1x1 projections with biases; a map is its
    own projection plus the next coarser map at twice the size, through a separable convolution. The
    trunk's coarsest map is only its projection. The extra maps follow from it; each is half the
    size of the one before.

    Args:
        channels: of the trunk's maps, finest first.
        depth: channels of the pyramid's maps.
        extra: number of coarser maps.
        like_trunk: padding and batch norm options of `conv_bn_relu6`.
    """

    def __init__(self, channels: Sequence[int], depth: int, extra: int, **like_trunk: Any):
        super().__init__()
        projections = [nn.Conv2d(width, depth, 1) for width in channels]
        self.projections = nn.ModuleList(projections)
        self.smoothing = nn.ModuleList(separable(depth, depth, **like_trunk) for _ in channels[1:])
        self.coarse = nn.ModuleList(
            separable(depth, depth, stride=2, **like_trunk) for _ in range(extra)
        )
        for projection in projections:
            nn.init.xavier_uniform_(projection.weight)
            assert projection.bias is not None
            nn.init.zeros_(projection.bias)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """The pyramid's maps, finest first, from the trunk's float[B, C, h, w], finest first."""
        *finer, coarsest = (
            projection(fmap) for projection, fmap in zip(self.projections, maps, strict=True)
        )
        pyramid = [coarsest]
        pairs = list(zip(finer, self.smoothing, strict=True))
        for own, smooth in reversed(pairs):
            size = (own.shape[2], own.shape[3])
            pyramid.insert(0, smooth(own + F.interpolate(pyramid[0], size, mode="nearest")))
        for coarser in self.coarse:
            pyramid.append(coarser(pyramid[-1]))
        return pyramid


class SharedTower(nn.Module):
    """Separable convolutions that all maps share, with separate batch norms for each map.

    It is the tower of TensorFlow's `WeightSharedConvolutionalBoxPredictor`, after RetinaNet (arXiv
    1708.02002). The batch norms are separate because the maps' statistics differ.

    Args:
        channels: of the maps, and of the outputs.
        layers: number of consecutive separable convolutions.
        maps: number of maps.
        bn_eps, bn_momentum: of batch norm.
        padding: not used at stride 1, where both kinds are the same.
    """

    def __init__(
        self,
        channels: int,
        layers: int,
        maps: int,
        bn_eps: float = 1e-3,
        bn_momentum: float = 0.1,
        padding: str = "same",
    ):
        super().__init__()
        self.depthwise = nn.ModuleList(
            convolution(channels, channels, 3, groups=channels) for _ in range(layers)
        )
        self.pointwise = nn.ModuleList(convolution(channels, channels, 1) for _ in range(layers))
        self.norms = nn.ModuleList(
            nn.ModuleList(
                nn.BatchNorm2d(channels, eps=bn_eps, momentum=bn_momentum) for _ in range(layers)
            )
            for _ in range(maps)
        )
        self.relu6 = ReLU6()
        self.separate: nn.ModuleList | None = None

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """float[B, channels, h, w] of each map -> the same shapes."""
        if self.separate is not None:
            return [tower(fmap) for tower, fmap in zip(self.separate, maps, strict=True)]
        outputs = []
        for fmap, norms in zip(maps, self.norms, strict=True):
            assert isinstance(norms, nn.ModuleList)
            layers = zip(self.depthwise, self.pointwise, norms, strict=True)
            for depthwise, pointwise, norm in layers:
                fmap = self.relu6(norm(pointwise(depthwise(fmap))))
            outputs.append(fmap)
        return outputs

    def separate_maps(self) -> None:
        """Give each map its own layers, with the same outputs.

        A batch norm can only be folded into a convolution that no other map uses.
        """
        if self.separate is not None:  # a quantised network has done it already
            return
        towers = []
        for norms in self.norms:
            assert isinstance(norms, nn.ModuleList)
            tower = nn.Sequential()
            for n, norm in enumerate(norms):
                pointwise = OrderedDict(conv=deepcopy(self.pointwise[n]), bn=norm, relu6=ReLU6())
                layer = OrderedDict(
                    depthwise=deepcopy(self.depthwise[n]), pointwise=ConvBN(pointwise)
                )
                tower.append(nn.Sequential(layer))
            towers.append(tower)
        self.separate = nn.ModuleList(towers)
        self.depthwise, self.pointwise = nn.ModuleList(), nn.ModuleList()
        self.norms = nn.ModuleList()

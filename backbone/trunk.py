"""The contract of every trunk: named feature maps, their true sizes, and a network cut in two."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from backbone.errors import InputError

# Mean and standard deviation of the pixel values on the 0..1 scale, three channels each.
MeanAndStd = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class FeatureInfo:
    """The channels of a tap's feature map, and its stride in input pixels.

    An image that is `stride` rows or columns larger has a map that is exactly one cell larger. The
    map of an H x W image has ceil(H / stride) x ceil(W / stride) cells, as in every MobileNet, or a
    few less if the network does not pad all its layers (Inception, Xception).

    A map `inside` a block is one that the block itself continues to use, such as the expansion of a
    bottleneck.
    """

    channels: int
    stride: int
    inside: bool = False


class Trunk(nn.Module):
    """A network without its classifier, whose feature maps heads read under the names of its taps.

    This base runs a chain of stages; each stage's output is a tap. A network that is not a chain
    overrides `features` and `split`, sets `is_chain` to False and keeps their contract.

    Args:
        stages: tap name -> module, in the order they run.
        feature_info: tap name -> FeatureInfo, the same names in the same order.
        normalization: the normalisation of pixels that the network's weights expect.
        options: the constructor arguments that tell this network from others of its class; they are
            stored together with saved weights.

    Attributes:
        feature_info: tap name -> FeatureInfo, first tap to last.
        normalization: (mean, standard deviation) of pixel values on the 0..1 scale, three channels
            each. Images are normalised with it before they reach the trunk.
        options: constructor arguments; `type(trunk)(**trunk.options)` has the same tensors.
        is_chain: whether the stages simply run one after another, so that `split` can cut them.
        timm_names: for a network from timm, key of this trunk's state dict -> key of timm's
            complete network, whose remaining tensors are the classifier's. None for other networks.
        timm_name, timm_arguments: for a network from timm, what timm builds it from.
    """

    feature_info: dict[str, FeatureInfo]
    normalization: MeanAndStd
    options: dict[str, Any]
    is_chain: bool = True
    timm_names: Mapping[str, str] | None = None
    timm_name: str = ""
    timm_arguments: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        feature_info: Mapping[str, FeatureInfo],
        normalization: MeanAndStd,
        options: Mapping[str, Any],
    ):
        super().__init__()
        for tap, stage in stages.items():
            self.add_module(tap, stage)
        self.feature_info = dict(feature_info)
        self.normalization = normalization
        self.options = dict(options)

    @property
    def taps(self) -> tuple[str, ...]:
        """Names of the feature maps, first to last."""
        return tuple(self.feature_info)

    def features(self, x: Tensor, taps: Sequence[str] | None = None) -> dict[str, Tensor]:
        """Feature maps of a batch of images. Stages after the last requested map do not run.

        Args:
            x: float[B, 3, H, W], normalised with `normalization`.
            taps: the maps wanted; None for all.

        Returns:
            tap -> float[B, channels, height, width] of the sizes that `FeatureInfo` describes, in
            network order.

        Raises:
            InputError: this trunk does not have one of the taps.
        """
        wanted = self._in_order(taps)
        maps: dict[str, Tensor] = {}
        for tap in self.taps:
            if len(maps) == len(wanted):
                break
            x = self._stage(tap)(x)
            if tap in wanted:
                maps[tap] = x
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """The last feature map of float[B, 3, H, W]."""
        last = self.taps[-1]
        return self.features(x, (last,))[last]

    @property
    def norms(self) -> Mapping[str, str]:
        """Convolutions and the batch norms that alone read their outputs, path -> path.

        They can be folded (see `backbone.folding`), as can every `ConvBN`, which is not listed.
        """
        return {}

    def split(self, tap: str) -> tuple[nn.Sequential, nn.Sequential]:
        """Cut the network after a tap: (image -> tap, tap -> last tap).

        Both halves hold this trunk's own modules, so training one trains the trunk. A model that
        keeps the halves should not register the trunk as well: its state dict would name every
        tensor twice.

        Raises:
            InputError: this trunk does not have the tap.
        """
        stages = [(name, self._stage(name)) for name in self.taps]
        cut = self.taps.index(self._known(tap)) + 1
        return nn.Sequential(OrderedDict(stages[:cut])), nn.Sequential(OrderedDict(stages[cut:]))

    def after_pooling(self) -> nn.Module | None:
        """New layers for the part of the classifier before its linear layer; None if it has none.

        They map the mean of the last map, float[B, channels], to float[B, width], and have an
        attribute `width`. They do not belong to the trunk.
        """
        return None

    def options_fitting(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, Any]:
        """Constructor arguments to change so that tensors of these shapes would load.

        Args:
            shapes: state dict key -> shape.

        Returns:
            Option -> value; empty if no change of options is known to help.
        """
        for guess in self.guess_options(shapes):
            options = self.options | guess
            with torch.device("meta"):  # shapes without memory
                state = type(self)(**options).state_dict()
            if all(key in state and state[key].shape == tuple(shapes[key]) for key in shapes):
                return {k: v for k, v in options.items() if v != self.options[k]}
        return {}

    def guess_options(self, shapes: Mapping[str, Sequence[int]]) -> Iterable[dict[str, Any]]:
        """Options that tensors of these shapes suggest, most likely first, for `options_fitting`.

        Args:
            shapes: state dict key -> shape.
        """
        return ()

    def _in_order(self, taps: Sequence[str] | None) -> list[str]:
        """The requested taps in network order, each once."""
        wanted = self.taps if taps is None else [self._known(tap) for tap in taps]
        return [tap for tap in self.taps if tap in wanted]

    def _known(self, tap: str) -> str:
        if tap not in self.feature_info:
            raise InputError(
                f"{type(self).__name__} has no tap {tap!r}; its taps are {', '.join(self.taps)}"
            )
        return tap

    def _stage(self, tap: str) -> nn.Module:
        stage: nn.Module = getattr(self, tap)
        return stage

"""The contract of every trunk: named feature maps, their true sizes, and a network cut in two."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from backbone.errors import InputError


@dataclass(frozen=True)
class FeatureInfo:
    """A tap's feature map: its channels, and how many input pixels one of its cells steps over.

    Every `stride` more rows or columns of the image make the map exactly one cell larger. Of an
    H x W image it has ceil(H / stride) x ceil(W / stride) cells, as in every MobileNet, or a few
    less where a network does not pad all its layers (Inception, Xception).
    """

    channels: int
    stride: int


class Trunk(nn.Module):
    """A chain of stages; the output of each stage is a tap that heads may read.

    A network that is no chain overrides `features` and `split` and keeps their contract.

    Args:
        stages: tap name -> module, in the order they run.
        feature_info: tap name -> FeatureInfo, the same names in the same order.
        normalization: (mean, std) of the pixel values on the 0..1 scale, three channels each, that
            the network's weights expect.
        options: the constructor arguments that tell this network from others of its class;
            they are stored beside saved weights.
    """

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        feature_info: Mapping[str, FeatureInfo],
        normalization: tuple[tuple[float, float, float], tuple[float, float, float]],
        options: Mapping[str, object],
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
        """Feature maps of a batch of images; nothing is computed beyond the last one asked for.

        Args:
            x: float[B, 3, H, W], normalised with `normalization`.
            taps: the maps wanted; None for all.

        Returns:
            tap -> float[B, channels, height, width] of the sizes `FeatureInfo` tells, in network
            order.

        Raises:
            InputError: a tap this trunk does not have.
        """
        wanted = set(self.taps if taps is None else map(self._known, taps))
        maps = {}
        for tap in self.feature_info:
            if len(maps) == len(wanted):
                break
            x = self._modules[tap](x)
            if tap in wanted:
                maps[tap] = x
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """The last feature map of float[B, 3, H, W]."""
        last = self.taps[-1]
        return self.features(x, (last,))[last]

    def split(self, tap: str) -> tuple[nn.Sequential, nn.Sequential]:
        """Cut the network behind a tap: (image -> tap, tap -> last tap).

        Both halves hold this trunk's own modules, so training one trains the trunk. A model that
        keeps the halves should not register the trunk as well: its state dict would name every
        tensor twice.

        Raises:
            InputError: a tap this trunk does not have.
        """
        stages = [(name, self._modules[name]) for name in self.taps]
        cut = self.taps.index(self._known(tap)) + 1
        return nn.Sequential(OrderedDict(stages[:cut])), nn.Sequential(OrderedDict(stages[cut:]))

    def options_fitting(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, object]:
        """Constructor arguments to change so that tensors of these shapes would load.

        Args:
            shapes: state dict key -> shape. Empty result: no change of options is known to help.
        """
        return {}

    def _known(self, tap: str) -> str:
        if tap not in self.feature_info:
            raise InputError(
                f"{type(self).__name__} has no tap {tap!r}; its taps are {', '.join(self.taps)}"
            )
        return tap

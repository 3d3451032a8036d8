"""MobileNetV3 and MobileNetV4: timm's networks under their papers' names and widths."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from backbone.errors import InputError
from backbone.timm_trunk import TimmTrunk, create_timm


class TimmMobileNet(TimmTrunk):
    """A trunk from timm that is chosen by a variant and a width.

    Taps are those of `TimmTrunk`: the outputs of the last blocks of each stride.

    Args:
        variant: a variant of the family, see `PUBLISHED`.
        alpha: width multiplier, one of those that timm has for the variant.
        tag: timm's name for a set of weights, such as `ra_in1k`; None for the first that timm
            lists. Weights under another tag may expect other pixel values and another size.
        drop_path_rate: probability, 0..1, of dropping the last residual branch in training; it
            grows from 0 at the first.

    Raises:
        InputError: the variant, the width or the tag does not exist.
    """

    PUBLISHED: ClassVar[Mapping[str, Mapping[float, str]]]
    """Variant -> width multiplier -> timm's name of the network."""

    def __init__(
        self,
        variant: str,
        alpha: float = 1.0,
        tag: str | None = None,
        drop_path_rate: float = 0.0,
    ):
        family = type(self).__name__
        if variant not in self.PUBLISHED:
            raise InputError(
                f"{family} has no variant {variant!r}; it has {', '.join(self.PUBLISHED)}"
            )
        widths = self.PUBLISHED[variant]
        if alpha not in widths:
            raise InputError(
                f"timm has {family} {variant} with alpha {', '.join(map(str, widths))}, not "
                f"{alpha}: set backbone.alpha"
            )
        name = widths[alpha] if tag is None else f"{widths[alpha]}.{tag}"
        arguments = {"drop_path_rate": drop_path_rate} if drop_path_rate else {}
        super().__init__(name, **arguments)
        self.options = {"variant": variant, "alpha": alpha, "tag": tag}

    def after_pooling(self) -> "AfterPooling":
        """The papers' last 1x1 convolution, which is applied to the pooled map."""
        return AfterPooling(create_timm(self.timm_name, {}))


class AfterPooling(nn.Sequential):
    """The layers of a classifier between the pooled map and the linear layer.

    They have timm's names: `conv_head`, the batch norm `norm_head` of a MobileNetV4, and `act2`.

    Args:
        network: timm's network, which keeps these layers with `num_classes=0`.

    Attributes:
        width: channels of the output.
    """

    def __init__(self, network: Any):
        layers = ((name, getattr(network, name)) for name in ("conv_head", "norm_head", "act2"))
        super().__init__(
            OrderedDict((n, layer) for n, layer in layers if not isinstance(layer, nn.Identity))
        )
        self.width: int = network.head_hidden_size

    def forward(self, pooled: Tensor) -> Tensor:
        """float[B, C] -> float[B, width]."""
        # torch leaves Sequential's own untyped
        output: Tensor = super().forward(pooled[:, :, None, None])  # type: ignore[no-untyped-call]
        return output.flatten(1)


class MobileNetV3(TimmMobileNet):
    """The body of a MobileNetV3 (Howard et al. 2019, arXiv 1905.02244), without the classifier.

    Variants are `large` and `small`. The last map is the output of the last convolution before
    pooling, 960 and 576 channels wide at alpha 1.
    """

    PUBLISHED: ClassVar[Mapping[str, Mapping[float, str]]] = {
        "large": {0.75: "mobilenetv3_large_075", 1.0: "mobilenetv3_large_100"},
        "small": {
            0.5: "mobilenetv3_small_050",
            0.75: "mobilenetv3_small_075",
            1.0: "mobilenetv3_small_100",
        },
    }


class MobileNetV4(TimmMobileNet):
    """The body of a MobileNetV4 (Qin et al. 2024, arXiv 2404.10518), without the classifier.

    Variants are `conv_small`, `conv_medium`, `conv_large` and, with attention, `hybrid_medium` and
    `hybrid_large`. The last map is the output of the last convolution before pooling, 960 channels
    wide at alpha 1.
    """

    PUBLISHED: ClassVar[Mapping[str, Mapping[float, str]]] = {
        "conv_small": {
            0.35: "mobilenetv4_conv_small_035",
            0.5: "mobilenetv4_conv_small_050",
            1.0: "mobilenetv4_conv_small",
        },
        "conv_medium": {1.0: "mobilenetv4_conv_medium"},
        "conv_large": {1.0: "mobilenetv4_conv_large"},
        "hybrid_medium": {
            0.75: "mobilenetv4_hybrid_medium_075",
            1.0: "mobilenetv4_hybrid_medium",
        },
        "hybrid_large": {0.75: "mobilenetv4_hybrid_large_075", 1.0: "mobilenetv4_hybrid_large"},
    }

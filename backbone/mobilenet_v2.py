"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381): inverted residuals, linear bottlenecks."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from backbone.conv import Padding, conv_bn_relu6, start_near_linear
from backbone.errors import InputError
from backbone.options import NORMALIZATIONS, Initialisation, Normalization, check_options
from backbone.trunk import FeatureInfo, Trunk

# Table 2 of the paper: output channels, number of bottlenecks, stride of the first of them.
ROWS = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
# The same for each block, counted from 1: channels and stride.
BLOCKS = tuple(
    (width, stride if n == 0 else 1) for width, count, stride in ROWS for n in range(count)
)
FIRST_AT_STRIDE_32 = 14
STEM_WIDTH, LAST_WIDTH = 32, 1280
PUBLISHED_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)


def make_divisible(width: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to a width, but at most a tenth below it.

    The released networks round like this, so an `alpha` gives their channels.
    """
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * width else rounded + divisor


class InvertedResidual(nn.Sequential):
    """A bottleneck with its shortcut: float[B, C, H, W] -> the same shape."""

    def forward(self, x: Tensor) -> Tensor:
        """The input plus the output of the layers."""
        # torch leaves Sequential's own untyped
        y: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
        return x + y


class MobileNetV2(Trunk):
    """The body of a MobileNetV2, without the classifier.

    Taps are `conv0`, the first convolution; `block1` ... `block17`, the linear outputs of Table 2's
    bottlenecks; `conv18`, the last 1x1 convolution; and `block14_expand`, the expansion of the
    first bottleneck of stride 32. It comes before `block14`, is the last map of stride 16, and is
    the map that SSDLite reads (section 6.2). With expansion 1 this layer and this tap do not exist.

    Tensors are named `<layer>.<conv|bn>.<tensor>`. The layers are `conv0`, `conv18` and, in block
    n, `block<n>.expand`, `block<n>.depthwise`, `block<n>.project`. Block 1 has no expansion. That
    of block 14 is a separate stage, `block14_expand`.

    Args:
        alpha: width multiplier, above 0; channels are rounded to multiples of 8. The last
            convolution has at least 1280 channels, so that small networks keep their features.
        expansion: a whole number, the ratio of channels inside a bottleneck to those entering it.
        padding: "same" as TensorFlow pads (released Keras and TensorFlow weights), or "symmetric"
            with one pixel on every side (timm's and torchvision's weights).
        bn_eps: batch norm's epsilon; 1e-3 in TensorFlow's weights, 1e-5 in timm's, torchvision's.
        bn_momentum: weight of the new batch in the running statistics, as PyTorch counts it: 1
            minus TensorFlow's decay.
        normalization: of the pixels. "half" maps them to -1..1 (TensorFlow's weights); "imagenet"
            uses ImageNet's mean and standard deviation (timm's and torchvision's).
        initialisation: of random weights. "he" is the usual one; "near_linear" learns sooner (see
            `start_near_linear`). Loaded weights replace both, so it is not among the `options`.

    Raises:
        InputError: an option out of its range.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        expansion: int = 6,
        padding: Padding = "same",
        bn_eps: float = 1e-3,
        bn_momentum: float = 0.1,
        normalization: Normalization = "half",
        initialisation: Initialisation = "near_linear",
    ):
        options: dict[str, Any] = {
            "alpha": alpha,
            "expansion": expansion,
            "padding": padding,
            "bn_eps": bn_eps,
            "bn_momentum": bn_momentum,
            "normalization": normalization,
        }
        check_options("MobileNetV2", options | {"initialisation": initialisation})
        if not isinstance(expansion, int):
            raise InputError(f"MobileNetV2: expansion={expansion!r} is not a whole number")
        layer = partial(conv_bn_relu6, padding=padding, bn_eps=bn_eps, bn_momentum=bn_momentum)
        channels, total_stride = make_divisible(STEM_WIDTH * alpha), 2
        stages: dict[str, nn.Module] = {"conv0": layer(3, channels, kernel=3, stride=2)}
        info = {"conv0": FeatureInfo(channels, total_stride)}
        for n, (full_width, stride) in enumerate(BLOCKS, start=1):
            width = make_divisible(full_width * alpha)
            # Table 2: the first block does not expand
            hidden = channels * (1 if n == 1 else expansion)
            layers: OrderedDict[str, nn.Module] = OrderedDict()
            if hidden > channels:
                layers["expand"] = layer(channels, hidden, kernel=1)
            if n == FIRST_AT_STRIDE_32 and "expand" in layers:
                stages[f"block{n}_expand"] = layers.pop("expand")
                info[f"block{n}_expand"] = FeatureInfo(hidden, total_stride, inside=True)
            layers["depthwise"] = layer(hidden, hidden, kernel=3, stride=stride, groups=hidden)
            # without ReLU6, which would destroy information in a map this narrow
            layers["project"] = layer(hidden, width, kernel=1)[:2]
            residual = stride == 1 and width == channels
            stages[f"block{n}"] = (InvertedResidual if residual else nn.Sequential)(layers)
            channels, total_stride = width, total_stride * stride
            info[f"block{n}"] = FeatureInfo(channels, total_stride)
        last_width = make_divisible(LAST_WIDTH * max(1.0, alpha))
        stages["conv18"] = layer(channels, last_width, kernel=1)
        info["conv18"] = FeatureInfo(last_width, total_stride)
        super().__init__(
            stages,
            info,
            normalization=NORMALIZATIONS[normalization],
            options=options,
        )
        if initialisation == "near_linear":
            start_near_linear(self)

    def guess_options(self, shapes: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Any]]:
        """The alphas and the expansion that the first and the last bottleneck suggest."""
        try:
            (width,) = shapes["block17.project.bn.weight"]
            (inputs,), (hidden,) = (
                shapes[f"{layer}.bn.weight"] for layer in ("block1.project", "block2.depthwise")
            )
        except KeyError:
            return
        # Rounding to multiples of 8 hides a few hundredths; of equally near widths a published one
        # wins.
        ratio = width / ROWS[-1][0]
        near = (*PUBLISHED_ALPHAS, *(round(ratio + step / 100, 2) for step in range(-3, 4)))
        distance = {alpha: abs(alpha - ratio) for alpha in near if alpha > 0}
        for alpha in sorted((a for a in distance if distance[a] < 0.04), key=distance.__getitem__):
            yield {"alpha": alpha, "expansion": hidden // inputs}

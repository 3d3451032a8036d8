"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381): inverted residuals, linear bottlenecks."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from backbone.conv import Padding, conv_bn_relu6, start_near_linear
from backbone.errors import InputError
from backbone.options import NORMALIZATIONS, Initialisation, Normalization, check_options
from backbone.trunk import FeatureInfo, Trunk

# Table 2 of the paper: output channels, number of bottlenecks, stride of the first of them.
ROWS = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
# The same by block, counted from 1: channels and stride.
BLOCKS = tuple(
    (width, stride if n == 0 else 1) for width, count, stride in ROWS for n in range(count)
)
FIRST_AT_STRIDE_32 = 14
STEM_WIDTH, LAST_WIDTH = 32, 1280
PUBLISHED_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)


def make_divisible(width: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to a width, yet no more than a tenth below it.

    As the released networks round, so that `alpha` gives their channels.
    """
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * width else rounded + divisor


class InvertedResidual(nn.Sequential):
    """A bottleneck with its shortcut: float[B, C, H, W] -> the same shape."""

    def forward(self, x: Tensor) -> Tensor:
        """The sum of the input and what the layers make of it."""
        return x + super().forward(x)


class MobileNetV2(Trunk):
    """The body of a MobileNetV2, without the classifier.

    Taps are `conv0`, the first convolution; `block1` ... `block17`, the outputs of Table 2's
    bottlenecks, which are linear; `conv18`, the last 1x1 convolution; and before `block14`, the
    first of stride 32, its expansion `block14_expand`: the finest map of stride 16 and the one
    SSDLite reads (section 6.2). An expansion of 1 has no such layer and no such tap.

    Tensors are named `<layer>.<conv|bn>.<tensor>`. The layers are `conv0`, `conv18` and, in block
    n, `block<n>.expand`, `block<n>.depthwise`, `block<n>.project`; block 1 has no expansion, and
    block 14's is a stage of its own, `block14_expand`.

    Args:
        alpha: width multiplier, above 0; channels are rounded to multiples of 8. The last
            convolution has 1280 channels at least, so that small networks keep their features.
        expansion: channels inside a bottleneck over channels entering it, a whole number.
        padding: "same" as TensorFlow pads (released Keras and TensorFlow weights), or "symmetric"
            with one pixel on every side (timm's and torchvision's weights).
        bn_eps: batch norm's epsilon; 1e-3 in TensorFlow's weights, 1e-5 in timm's, torchvision's.
        bn_momentum: weight of the new batch in the running statistics, as PyTorch counts it:
            1 minus TensorFlow's decay.
        normalization: of the pixels: "half" maps them to -1..1 (TensorFlow's weights), "imagenet"
            takes ImageNet's mean and deviation (timm's and torchvision's).
        initialisation: of the random weights: "near_linear" (see `start_near_linear`), "he" is the
            usual. It leaves no trace in loaded weights.

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
        options = {
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
        stages = {"conv0": layer(3, channels, kernel=3, stride=2)}
        info = {"conv0": FeatureInfo(channels, total_stride)}
        for n, (full_width, stride) in enumerate(BLOCKS, start=1):
            width = make_divisible(full_width * alpha)
            hidden = channels * (1 if n == 1 else expansion)  # Table 2: the first does not expand
            layers = OrderedDict()
            if hidden > channels:
                layers["expand"] = layer(channels, hidden, kernel=1)
            if n == FIRST_AT_STRIDE_32 and "expand" in layers:
                stages[f"block{n}_expand"] = layers.pop("expand")
                info[f"block{n}_expand"] = FeatureInfo(hidden, total_stride)
            layers["depthwise"] = layer(hidden, hidden, kernel=3, stride=stride, groups=hidden)
            # without its ReLU6, which would cost a narrow map what no later layer can restore
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

    def options_fitting(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, object]:
        """The alpha and expansion under which tensors of these shapes would load."""
        try:
            (width,) = shapes["block17.project.bn.weight"]
            (inputs,), (hidden,) = (
                shapes[f"{layer}.bn.weight"] for layer in ("block1.project", "block2.depthwise")
            )
        except KeyError:
            return {}
        # Rounding to multiples of 8 hides a few hundredths; among equals a published width wins.
        ratio = width / ROWS[-1][0]
        near = (*PUBLISHED_ALPHAS, *(round(ratio + step / 100, 2) for step in range(-3, 4)))
        distance = {alpha: abs(alpha - ratio) for alpha in near if alpha > 0}
        for alpha in sorted((a for a in distance if distance[a] < 0.04), key=distance.get):
            options = self.options | {"alpha": alpha, "expansion": hidden // inputs}
            with torch.device("meta"):  # shapes without memory
                state = MobileNetV2(**options, initialisation="he").state_dict()
            if all(key in state and state[key].shape == tuple(shapes[key]) for key in shapes):
                return {k: v for k, v in options.items() if v != self.options[k]}
        return {}

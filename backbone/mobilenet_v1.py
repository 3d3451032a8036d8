"""MobileNet (Howard et al. 2017, arXiv 1704.04861), with every variant in its tables."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from torch import nn

from backbone.conv import Padding, conv_bn_relu6, start_near_linear
from backbone.options import NORMALIZATIONS, Initialisation, Normalization, check_options
from backbone.trunk import FeatureInfo, Trunk

Body = Literal["standard", "shallow"]
Convolution = Literal["separable", "full"]

# Table 1 of the paper: output channels and stride of each row. The first row is one convolution;
# every other row is a depthwise convolution and the pointwise one after it. The last row has stride
# 1: the table prints s2 there, but has 7x7 maps before and after it.
ROWS = {
    "conv0": (32, 2),
    "conv1": (64, 1),
    "conv2": (128, 2),
    "conv3": (128, 1),
    "conv4": (256, 2),
    "conv5": (256, 1),
    "conv6": (512, 2),
    "conv7": (512, 1),
    "conv8": (512, 1),
    "conv9": (512, 1),
    "conv10": (512, 1),
    "conv11": (512, 1),
    "conv12": (1024, 2),
    "conv13": (1024, 1),
}
# The five 14x14x512 rows that the shallow network of Table 5 leaves out.
DEEP_ROWS = ("conv7", "conv8", "conv9", "conv10", "conv11")


class MobileNetV1(Trunk):
    """The body of a MobileNet, without the classifier.

    Taps are `conv0` ... `conv13`, the outputs of Table 1's rows after batch norm and ReLU6. The
    shallow body has no `conv7` ... `conv11`; the other taps keep their names.

    Args:
        alpha: width multiplier, above 0 (section 3.3). Channels are rounded down.
        body: "standard", or "shallow" of Table 5.
        convolution: "separable", or "full" 3x3 convolutions of Table 4.
        padding: "same" as TensorFlow pads (released Keras and TensorFlow weights), or "symmetric"
            with one pixel on every side (timm's weights).
        bn_eps: batch norm's epsilon; 1e-3 in TensorFlow's weights, 1e-5 in timm's.
        bn_momentum: weight of the new batch in the running statistics, as PyTorch counts it: 1
            minus TensorFlow's decay.
        min_width: the smallest number of channels of a row.
        normalization: of the pixels. "half" maps them to -1..1 (Keras's, TensorFlow's and timm's
            weights); "imagenet" uses ImageNet's mean and standard deviation.
        initialisation: of random weights. "he" is the usual one; "near_linear" learns sooner (see
            `start_near_linear`). Loaded weights replace both, so it is not among the `options`.

    Raises:
        InputError: an option out of its range.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        body: Body = "standard",
        convolution: Convolution = "separable",
        padding: Padding = "same",
        bn_eps: float = 1e-3,
        bn_momentum: float = 0.1,
        min_width: int = 8,
        normalization: Normalization = "half",
        initialisation: Initialisation = "near_linear",
    ):
        options: dict[str, Any] = {
            "alpha": alpha,
            "body": body,
            "convolution": convolution,
            "padding": padding,
            "bn_eps": bn_eps,
            "bn_momentum": bn_momentum,
            "min_width": min_width,
            "normalization": normalization,
        }
        check_options(
            "MobileNetV1",
            options | {"initialisation": initialisation},
            body=Body,
            convolution=Convolution,
        )
        layer = partial(conv_bn_relu6, padding=padding, bn_eps=bn_eps, bn_momentum=bn_momentum)
        stages: dict[str, nn.Module] = {}
        info: dict[str, FeatureInfo] = {}
        channels, total_stride = 3, 1
        for tap, (full_width, stride) in ROWS.items():
            if body == "shallow" and tap in DEEP_ROWS:
                continue
            width = max(int(full_width * alpha), min_width)
            if tap == "conv0" or convolution == "full":
                stages[tap] = layer(channels, width, kernel=3, stride=stride)
            else:
                stages[tap] = nn.Sequential(
                    OrderedDict(
                        depthwise=layer(
                            channels, channels, kernel=3, stride=stride, groups=channels
                        ),
                        pointwise=layer(channels, width, kernel=1),
                    )
                )
            channels, total_stride = width, total_stride * stride
            info[tap] = FeatureInfo(channels, total_stride)
        super().__init__(
            stages,
            info,
            normalization=NORMALIZATIONS[normalization],
            options=options,
        )
        if initialisation == "near_linear":
            start_near_linear(self)

    def guess_options(self, shapes: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Any]]:
        """The alpha, body and convolution that the tensors of the last rows suggest."""
        separable = "conv13.pointwise.bn.weight" in shapes
        last = shapes.get("conv13.pointwise.bn.weight" if separable else "conv13.bn.weight")
        if last is None:
            return
        ratio = last[0] / ROWS["conv13"][0]
        # An alpha such as 0.35 is rounded down in every row, and would come back as 0.3496.
        for alpha in (round(ratio, 2), ratio):
            yield {
                "alpha": alpha,
                "body": "standard" if any(k.startswith("conv7.") for k in shapes) else "shallow",
                "convolution": "separable" if separable else "full",
            }

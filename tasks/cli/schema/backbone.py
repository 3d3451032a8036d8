"""Options of the trunks."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import Name

Source = Name | None
ABOUT_WEIGHTS = "start from: null or none is random, keras and timm are published, or a file"


class MobileNetOptions(Described):
    """What both MobileNets have"""

    weights: Source = option(ABOUT_WEIGHTS)
    alpha: float = option("width multiplier", gt=0, le=10)
    padding: Literal["same", "symmetric"] | None = option(
        "null: as the weights have it, same with random ones; same as Keras's and TensorFlow's "
        "have it, symmetric as timm's and torchvision's"
    )
    bn_eps: Annotated[float, Field(gt=0, le=1)] | None = option(
        "batch norm's epsilon; null: as the weights have it; 1e-3 in Keras's, 1e-5 in timm's"
    )
    bn_momentum: float = option("weight of the new batch in batch norm's averages", gt=0, le=1)
    normalization: Literal["half", "imagenet"] | None = option(
        "of pixels; null: as the weights have it; half maps them to -1..1, imagenet takes "
        "ImageNet's mean and deviation"
    )
    initialisation: Literal["near_linear", "he"] = option(
        "of random weights: near_linear learns sooner, he is the usual", "near_linear"
    )


class MobileNetV1Options(MobileNetOptions):
    """MobileNetV1"""

    body: Literal["standard", "shallow"] = option(
        "shallow leaves out the five 14x14x512 rows (Table 5)"
    )
    convolution: Literal["separable", "full"] = option("full is Table 4's 3x3 convolutions")
    min_width: int = option("no layer has fewer channels", unit="channels", ge=1, le=4096)


class MobileNetV2Options(MobileNetOptions):
    """MobileNetV2"""

    expansion: int = option("channels inside a bottleneck over channels entering it", ge=1, le=64)


class TimmMobileNetOptions(Described):
    """MobileNetV3 and MobileNetV4, which are timm's"""

    weights: Source = option("start from: null or none is random, timm is published, or a file")
    variant: Name = option(
        "of MobileNetV3: large, small; of MobileNetV4: conv_small, conv_medium, conv_large, "
        "hybrid_medium, hybrid_large"
    )
    alpha: float = option("width multiplier, one that timm has of the variant", gt=0, le=10)
    tag: Name | None = option(
        "timm's name of the weights, as ra_in1k; it says which pixel values they expect; null: "
        "timm's first"
    )
    drop_path_rate: float = option(
        "probability that training leaves out the last residual branch; of earlier ones it is "
        "smaller", ge=0, lt=1,
    )  # fmt: skip


class TimmTrunkOptions(Described):
    """Any timm network; more arguments of its constructor are added with +backbone.NAME=VALUE"""

    weights: Source = option("start from: null or none is random, timm is published, or a file")
    name: Name = option("timm's name, with or without a tag: resnet50, resnet50.a1_in1k")

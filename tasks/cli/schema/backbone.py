"""Options of the trunks."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import Name

Source = Name | None
ABOUT_WEIGHTS = (
    "initial weights: null or none for random ones; keras or timm for published ones; or a file"
)
ABOUT_TIMM_WEIGHTS = (
    "initial weights: null or none for random ones; timm for published ones; or a file"
)


class MobileNetOptions(Described):
    """What both MobileNets have"""

    weights: Source = option(ABOUT_WEIGHTS)
    alpha: float = option("width multiplier", gt=0, le=10)
    padding: Literal["same", "symmetric"] | None = option(
        "of convolutions with stride 2; same: as in Keras and TensorFlow; symmetric: as in timm "
        "and torchvision; null: what the weights were trained with, same for random weights"
    )
    bn_eps: Annotated[float, Field(gt=0, le=1)] | None = option(
        "batch norm's epsilon: 1e-3 in Keras, 1e-5 in timm; null: what the weights were trained "
        "with, 1e-3 for random weights"
    )
    bn_momentum: float = option("weight of the new batch in batch norm's averages", gt=0, le=1)
    normalization: Literal["half", "imagenet"] | None = option(
        "of pixels; half: map them to -1..1; imagenet: subtract ImageNet's mean and divide by its "
        "standard deviation; null: what the weights were trained with, half for random weights"
    )
    initialisation: Literal["near_linear", "he"] = option(
        "of random weights; he: the usual; near_linear: learns sooner", "near_linear"
    )


class MobileNetV1Options(MobileNetOptions):
    """MobileNetV1"""

    body: Literal["standard", "shallow"] = option(
        "shallow leaves out the five 14x14x512 layers (the paper's Table 5)"
    )
    convolution: Literal["separable", "full"] = option(
        "full: the full 3x3 convolutions of the paper's Table 4"
    )
    min_width: int = option("fewest channels of any layer", unit="channels", ge=1, le=4096)


class MobileNetV2Options(MobileNetOptions):
    """MobileNetV2"""

    expansion: int = option(
        "ratio of the channels inside a bottleneck to the channels entering it", ge=1, le=64
    )


class TimmMobileNetOptions(Described):
    """MobileNetV3 and MobileNetV4, as timm builds them"""

    weights: Source = option(ABOUT_TIMM_WEIGHTS)
    variant: Name = option(
        "of MobileNetV3: large or small; of MobileNetV4: conv_small, conv_medium, conv_large, "
        "hybrid_medium or hybrid_large"
    )
    alpha: float = option("width multiplier; timm must have the variant in it", gt=0, le=10)
    tag: Name | None = option(
        "timm's name for a set of weights, such as ra_in1k, which also gives the pixel values "
        "they expect; null: the first that timm lists"
    )
    drop_path_rate: float = option(
        "probability that training skips the last residual branch; it falls towards the first "
        "one", ge=0, lt=1,
    )  # fmt: skip


class TimmTrunkOptions(Described):
    """Any timm network; more arguments of its constructor are added with +backbone.NAME=VALUE"""

    weights: Source = option(ABOUT_TIMM_WEIGHTS)
    name: Name = option("timm's name, with or without a tag: resnet50 or resnet50.a1_in1k")

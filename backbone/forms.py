"""The form of weights: options that change what the same tensors compute.

These are the padding of the convolutions, batch norm's epsilon and the normalisation of the pixels.
They cannot be seen in the tensors. Nothing here imports torch.
"""

from collections.abc import Mapping
from typing import Any

FORM = ("padding", "bn_eps", "normalization")
"""The options of a trunk that make up its form."""

KERAS_OPTIONS: dict[str, Any] = {"padding": "same", "bn_eps": 1e-3, "normalization": "half"}
"""The form of Keras's and TensorFlow's weights, and of a network that starts from random ones."""

PYTORCH_OPTIONS: dict[str, Any] = {
    "padding": "symmetric",
    "bn_eps": 1e-5,
    "normalization": "imagenet",
}
"""The form of torchvision's weights, and of timm's MobileNetV2."""

TIMM_V1_OPTIONS = PYTORCH_OPTIONS | {"normalization": "half"}
NO_WEIGHTS = (None, "none")
TENSORFLOW_NAMES = ("tf_zoo", "tf_zoo_int8")  # values of task.head.weights


def published_form(network: str, trunk: Any, head: Any) -> Mapping[str, Any] | None:
    """The form of weights that a publisher's name stands for, or that are random.

    Args:
        network: name of the trunk's class.
        trunk: value of backbone.weights.
        head: value of task.head.weights.

    Returns:
        None if only the file can tell.
    """
    if head not in NO_WEIGHTS:
        return KERAS_OPTIONS if head in TENSORFLOW_NAMES else None
    if trunk in NO_WEIGHTS or trunk == "keras":
        return KERAS_OPTIONS
    if trunk == "timm":
        return TIMM_V1_OPTIONS if network == "MobileNetV1" else PYTORCH_OPTIONS
    return None

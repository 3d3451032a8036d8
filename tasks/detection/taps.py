"""Choosing the trunk's maps that a detector reads by their stride, for any trunk."""

from backbone.errors import InputError
from backbone.trunk import Trunk


def last_tap_of_stride(trunk: Trunk, stride: int) -> str:
    """The last tap of a stride.

    For 16 it is `conv11` of a MobileNetV1, and `block14_expand` of a MobileNetV2.

    Raises:
        InputError: the trunk has no map of this stride.
    """
    found = [tap for tap, info in trunk.feature_info.items() if info.stride == stride]
    if not found:
        strides = sorted({info.stride for info in trunk.feature_info.values()})
        raise InputError(
            f"{trunk.options.get('name', type(trunk).__name__)} has no feature map of stride "
            f"{stride}; its strides are {', '.join(map(str, strides))}. Take another backbone, or "
            f"name maps in task.head; it has {', '.join(trunk.taps)}"
        )
    return found[-1]

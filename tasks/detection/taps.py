"""Choose the maps of any trunk that a detector reads, by their stride."""

from collections.abc import Sequence

from backbone.errors import InputError
from backbone.trunk import Trunk


def last_tap_of_stride(trunk: Trunk, stride: int) -> str:
    """The last tap of a stride.

    For 16 it is `conv11` of a MobileNetV1, and `block14_expand` of a MobileNetV2.

    Raises:
        InputError: the trunk has no map of this stride.
    """
    return _last(trunk, stride, list(trunk.feature_info))


def last_block_of_stride(trunk: Trunk, stride: int) -> str:
    """The last tap of a stride that is not inside a block.

    For 16 it is `conv11` of a MobileNetV1, and `block13` of a MobileNetV2.

    Raises:
        InputError: the trunk has no map of this stride.
    """
    return _last(trunk, stride, [t for t, info in trunk.feature_info.items() if not info.inside])


def _last(trunk: Trunk, stride: int, taps: Sequence[str]) -> str:
    found = [tap for tap in taps if trunk.feature_info[tap].stride == stride]
    if not found:
        strides = sorted({info.stride for info in trunk.feature_info.values()})
        raise InputError(
            f"{trunk.options.get('name', type(trunk).__name__)} has no feature map of stride "
            f"{stride}; its strides are {', '.join(map(str, strides))}. Choose another backbone, "
            f"or name maps in task.head; it has {', '.join(trunk.taps)}"
        )
    return found[-1]

"""Which of a trunk's maps a detector reads: chosen by the pixels a cell steps over, not by name."""

from backbone.errors import InputError
from backbone.trunk import Trunk


def last_of_stride(trunk: Trunk, stride: int) -> str:
    """The deepest tap of a stride: `conv11` for a MobileNetV1's 16, `block14_expand` for a V2's.

    Raises:
        InputError: the trunk has no map of this stride.
    """
    found = [tap for tap, info in trunk.feature_info.items() if info.stride == stride]
    if not found:
        strides = sorted({info.stride for info in trunk.feature_info.values()})
        raise InputError(
            f"{trunk.options.get('name', type(trunk).__name__)} has no feature map of stride "
            f"{stride}; its strides are {', '.join(map(str, strides))}: take another backbone, or "
            f"name the maps in task.head, of {', '.join(trunk.taps)}"
        )
    return found[-1]

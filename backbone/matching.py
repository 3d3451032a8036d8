"""Compare the tensors of a file with those of a network."""

from collections.abc import Collection, Mapping

from torch import Tensor

from backbone.errors import listed_briefly, number_of


def without_counters(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A module's state without batch norm's counters of batches, which its outputs do not need."""
    return {k: v for k, v in state.items() if not k.endswith(".num_batches_tracked")}


def tensor_faults(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], anew: Collection[str] = ()
) -> list[str]:
    """Why the tensors `theirs` of a file do not fit `ours`, in words; empty if they fit.

    Args:
        anew: our tensors that the file may lack, or may have in another shape.
    """
    wanted = [key for key in ours if key not in anew]
    other_shape = [
        f"{key} is {list(theirs[key].shape)} there and {list(ours[key].shape)} here"
        for key in wanted
        if key in theirs and theirs[key].shape != ours[key].shape
    ]
    return [
        f"{number_of(len(keys), 'tensor')} {what}: {listed_briefly(keys)}"
        for what, keys in (
            ("missing from the file", [key for key in wanted if key not in theirs]),
            ("unexpected in it", [key for key in theirs if key not in ours]),
            ("of another shape", other_shape),
        )
        if keys
    ]

"""The meaning of a network's outputs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Labels:
    """The meaning of a network's outputs, as plain values, which checkpoints contain.

    Args:
        num_classes: number of outputs, including the background if the task has one.
        outputs: the indices of the outputs that have a meaning; the background has none.
        ids: the data set's own id of each of these.
        names: the name of each of these.
        details: further facts that a family of tasks needs about them, as plain values.
    """

    num_classes: int
    outputs: list[int]
    ids: Sequence[int | str]
    names: list[str]
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain lists, numbers and strings."""
        return asdict(self)

"""What the outputs of a network mean."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Labels:
    """What a network's outputs mean. Plain values: checkpoints carry it.

    Args:
        num_classes: number of outputs, including the background where the task has one.
        outputs: the indices of the outputs that mean something; the background, for one, does not.
        ids: the data set's own id of each of them.
        names: the name of each of them.
        details: what else a task's family needs to know about them, as plain values.
    """

    num_classes: int
    outputs: list[int]
    ids: Sequence[int | str]
    names: list[str]
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain lists, numbers and strings."""
        return asdict(self)

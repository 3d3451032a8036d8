"""The scores of all parts, and the one number that picks the best checkpoint."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.runs.parts import prefixed
from tasks.training.metric import MetricResult

RELATIVE = "relative"


@dataclass(frozen=True)
class Monitored:
    """What picks the best checkpoint of a part.

    Args:
        score: its name.
        smaller: whether a smaller one is better.
        reference: of the part trained alone; 1 where it is not known.
        weight: of the part.
    """

    score: str
    smaller: bool
    reference: float
    weight: float

    def relative(self, value: float) -> float:
        """A score over the reference, or the reference over it; 0 where it is undefined."""
        if not math.isfinite(value) or value < 0:  # COCO's -1: there was nothing to measure
            return 0.0
        if not self.smaller:
            return value / self.reference
        return self.reference / value if value else 1.0


@dataclass(frozen=True)
class JointResult:
    """The results of all parts.

    Args:
        parts: name -> result.
        monitored: name -> what counts of it.
    """

    parts: Mapping[str, MetricResult]
    monitored: Mapping[str, Monitored]

    @property
    def metrics(self) -> dict[str, float]:
        """`relative`, the weighted mean of the parts' scores, then all scores as `part/score`."""
        total = sum(part.weight for part in self.monitored.values())
        relative = sum(
            part.weight / total * part.relative(float(self.parts[name].metrics[part.score]))
            for name, part in self.monitored.items()
        )
        found = {RELATIVE: relative}
        for name, result in self.parts.items():
            found |= prefixed(name, {k: float(v) for k, v in result.metrics.items()})
        return found

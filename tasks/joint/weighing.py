"""How the losses of a joint task's parts add up to what is minimised."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from backbone.errors import InputError
from tasks.joint.gradients import GradientBalance
from tasks.runs.parts import of_part

SMALLEST = 1e-3  # added to a loss before its logarithm: one close to 0 has little left to teach


class Weighing:
    """The weights of the parts' losses, given by hand or found by the training.

    Args:
        parts: their names.
        weights: name -> weight of the part's loss, 1 where there is none; or `balanced`: each
            part's loss counts as its logarithm, so that its gradient is divided by the loss itself
            (the losses' product, arXiv 1904.08492); or `uncertainty`: each part's loss L counts as
            exp(-s) L + s / 2 with a learnt s, the logarithm of the part's variance
            (arXiv 1705.07115, equation 10); or `gradients`: the losses count as they are, and each
            part's gradient of the trunk is scaled to a norm in proportion to the number of its
            losses, see `GradientBalance`.

    Attributes:
        log_variances: s of each part, where it is learnt.
        balance: of the parts' gradients, where they are scaled.

    Raises:
        InputError: a weight that is not above 0, or one of no part.
    """

    def __init__(self, parts: Sequence[str], weights: Mapping[str, float] | str | None = None):
        by_hand = {} if weights is None or isinstance(weights, str) else dict(weights)
        check_values("task.weights", by_hand, parts)
        self.weights = {name: float(by_hand.get(name, 1.0)) for name in parts}
        self.balanced = weights == "balanced"
        self.log_variances: nn.ParameterDict | None = None
        if weights == "uncertainty":
            self.log_variances = nn.ParameterDict({name: torch.zeros(()) for name in parts})
        self.balance = GradientBalance(list(parts)) if weights == "gradients" else None

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of the parts' losses, or of their logarithms when they are balanced.

        Args:
            terms: `part/term` -> loss term; a step need not have a batch of every part.
        """
        weighted = []
        for name, weight in self.weights.items():
            own = list(of_part(name, terms).values())
            if not own:
                continue  # this step has no batch of it
            loss = torch.stack(own).sum()
            if self.balance is not None:
                self.balance.count(name, len(own))
            if self.balanced:
                weighted.append(torch.log(loss + SMALLEST))
            elif self.log_variances is None:
                weighted.append(weight * loss)
            else:
                variance = self.log_variances[name]
                weighted.append(torch.exp(-variance) * loss + variance / 2)
        return torch.stack(weighted).sum()


def check_values(key: str, values: Mapping[str, Any], parts: Sequence[str]) -> None:
    """Raise InputError unless each value belongs to a part and is above 0."""
    for name, value in values.items():
        if name not in parts:
            raise InputError(f"{key}.{name}: there is no such part; there are {', '.join(parts)}")
        if not value > 0:
            raise InputError(f"{key}.{name}={value}: give a number above 0")

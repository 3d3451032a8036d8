"""The contract of every head: a network on a trunk."""

from typing import Any

from torch import Tensor, nn

from backbone.trunk import Trunk


class Head(nn.Module):
    """A network on a trunk: what a task trains.

    A subclass calls this constructor, sets `trunk` and overrides `forward`.

    Attributes:
        trunk: the network whose feature maps the head reads.
        fc: the linear layer on the mean of the trunk's last map, which the classifier of a weights
            file may fill; None in a head that has no such layer.
    """

    trunk: Trunk
    fc: nn.Linear | None

    def __init__(self) -> None:
        super().__init__()
        # set here and not in the class, where it would hide the module that a subclass registers
        self.fc = None

    def forward(self, images: Tensor) -> Any:
        """The head's outputs for float[B, 3, H, W], normalised with the trunk's values.

        One tensor float[B, D] in a head that can be distilled; any structure otherwise.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

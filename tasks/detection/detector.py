"""The contract of a detector's head."""

from abc import abstractmethod
from typing import Any

from torch import Tensor

from backbone.head import Head


class Detector(Head):
    """A head that finds boxes. Boxes are xyxy in pixels of the input."""

    @abstractmethod
    def loss(self, outputs: Any, boxes: Tensor, labels: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Named loss terms.

        Args:
            outputs: what `forward` returned for B images.
            boxes: float[B, N, 4], the objects.
            labels: int64[B, N], the network output of each object's category.
            valid: bool[B, N], False for the rows that pad.
        """

    @abstractmethod
    def detect(self, outputs: Any) -> dict[str, Tensor]:
        """The boxes that are left after suppression, best first.

        Returns:
            boxes float[B, D, 4], scores float[B, D] in 0..1, labels int64[B, D], count int64[B]:
            rows after it pad.
        """

    @abstractmethod
    def network(self, images: Tensor) -> Any:
        """Everything that an answer computes but for the suppression; its cost is counted here."""

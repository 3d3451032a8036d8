"""The contract of a detector's head."""

from abc import abstractmethod
from typing import Any

from torch import Tensor

from backbone.head import Head


class Detector(Head):
    """A head that detects objects. Boxes are xyxy in pixels of the input.

    A subclass defines `forward`, whose outputs `loss` and `detect` take, and the methods below.

    Attributes:
        size: (h, w) of the input in pixels.
    """

    size: tuple[int, int]

    @abstractmethod
    def loss(self, outputs: Any, boxes: Tensor, labels: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Named loss terms of a batch, scalars.

        Args:
            outputs: the result of `forward` for B images.
            boxes: float[B, N, 4], the objects.
            labels: int64[B, N], the network output of each object's category.
            valid: bool[B, N], False for padding rows.
        """

    @abstractmethod
    def detect(self, outputs: Any) -> dict[str, Tensor]:
        """Final boxes of a batch after non-maximum suppression, best first.

        Args:
            outputs: the result of `forward` for B images.

        Returns:
            boxes float[B, D, 4] clipped to the input, scores float[B, D] in 0..1, labels
            int64[B, D], which are network outputs, and count int64[B]: an image's rows from
            `count` on are padding.
        """

    @abstractmethod
    def network(self, images: Tensor) -> Any:
        """Run every layer that inference needs; the network's cost is counted on this method."""

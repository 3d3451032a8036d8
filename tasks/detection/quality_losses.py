"""Losses of class logits whose target for an object is the IoU of its box instead of 1."""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor


class QualityLoss(ABC):
    """Sigmoid cross-entropy of each class with the IoU of the box, or with 0, weighted."""

    @abstractmethod
    def object(self, logits: Tensor, quality: Tensor) -> Tensor:
        """The loss of an object's own class.

        Args:
            logits: float[...].
            quality: IoU of the predicted box with the object's, 0..1, of the same shape.
        """

    @abstractmethod
    def background(self, logits: Tensor) -> Tensor:
        """The loss of a class without an object, for logits float[...]."""

    def __call__(self, logits: Tensor, target: Tensor, quality: Tensor) -> Tensor:
        """The loss of each anchor, float[B, A].

        Args:
            logits: float[B, A, classes], without the background's.
            target: int64[B, A], the column of each anchor's class; -1 for background.
            quality: float[B, A], see `object`.
        """
        background = self.background(logits)
        column = target.clamp(min=0)[..., None]
        own = self.object(logits.gather(2, column).squeeze(2), quality)
        swap = own - background.gather(2, column).squeeze(2)
        return background.sum(-1) + torch.where(target >= 0, swap, 0.0)

    def of_pairs(self, logits: Tensor, labels: Tensor, quality: Tensor) -> Tensor:
        """The loss of each anchor if it were each object, float[B, M, A].

        Args:
            logits: as above.
            labels: int64[B, M], the column of each object's class.
            quality: float[B, M, A], of each anchor's box with each object's.
        """
        background = self.background(logits).sum(-1)
        own = logits.mT.gather(1, labels[..., None].expand_as(quality))
        return background[:, None] + self.object(own, quality) - self.background(own)


class QualityFocal(QualityLoss):
    """Quality focal loss (arXiv 2006.04388, equation 3, beta 2)."""

    def object(self, logits: Tensor, quality: Tensor) -> Tensor:
        """(quality - p)^2 times the cross-entropy."""
        entropy = F.softplus(logits) - quality * logits
        return (quality - logits.sigmoid()).square() * entropy

    def background(self, logits: Tensor) -> Tensor:
        """p^2 times the cross-entropy."""
        return logits.sigmoid().square() * F.softplus(logits)


class Varifocal(QualityLoss):
    """Varifocal loss (arXiv 2008.13367, equation 2, alpha 0.75, gamma 2), used by PicoDet."""

    def object(self, logits: Tensor, quality: Tensor) -> Tensor:
        """The quality times the cross-entropy."""
        return quality * (F.softplus(logits) - quality * logits)

    def background(self, logits: Tensor) -> Tensor:
        """0.75 p^2 times the cross-entropy."""
        return 0.75 * logits.sigmoid().square() * F.softplus(logits)

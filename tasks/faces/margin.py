"""Softmax losses with an additive margin, which pull the faces of each person together."""

import math
from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backbone.errors import InputError


class MarginSoftmax(nn.Module, ABC):
    """Cross-entropy of scaled cosines to one centre per person, reduced by a margin for the target.

    The centres are parameters of the loss: the trained network does not need them. Everything is
    computed in fp32.

    Args:
        dimension: of the embeddings.
        num_classes: people.
        scale: s of the papers, the inverse temperature of the softmax.
        margin: m of the papers.

    Raises:
        InputError: there are fewer than two people; or the scale or the margin is out of range.
    """

    def __init__(self, dimension: int, num_classes: int, scale: float, margin: float):
        super().__init__()
        if num_classes < 2:
            raise InputError(
                f"a margin softmax needs two people or more in the training data, not {num_classes}"
            )
        if scale <= 0 or not 0 <= margin < math.pi / 2:
            raise InputError(
                f"task.module.margin: scale={scale} must be above 0 and margin={margin} between 0 "
                "and pi/2, such as 64 and 0.35"
            )
        self.scale, self.margin = scale, margin
        # only their directions matter, since cosines are taken
        self.centres = nn.Parameter(torch.randn(num_classes, dimension))

    @abstractmethod
    def with_margin(self, cosine: Tensor) -> Tensor:
        """The cosines float[B, 1] to the target centres, reduced by the margin."""

    def forward(self, embedding: Tensor, labels: Tensor) -> Tensor:
        """The mean over the images with an identity; 0 if there is none.

        Args:
            embedding: unit-length float[B, dimension].
            labels: int64[B], 0..num_classes-1, or -1 for an unknown person.
        """
        with torch.autocast(embedding.device.type, enabled=False):
            cosine = F.linear(embedding.float(), F.normalize(self.centres.float(), dim=1))
            known = labels >= 0
            own = labels.clamp(min=0)[:, None]
            logits = cosine.scatter(1, own, self.with_margin(cosine.gather(1, own)))
            loss = F.cross_entropy(self.scale * logits, own[:, 0], reduction="none")
            return (loss * known).sum() / known.sum().clamp(min=1)


class CosFace(MarginSoftmax):
    """cos(theta) - m (arXiv 1801.09414, equation 4; AM-softmax of arXiv 1801.05599)."""

    def with_margin(self, cosine: Tensor) -> Tensor:
        """See MarginSoftmax."""
        return cosine - self.margin


class ArcFace(MarginSoftmax):
    """cos(theta + m) (arXiv 1801.07698, equation 3).

    Beyond theta = pi - m, where that would rise again, the loss uses cos(theta) - m sin(m), which
    keeps falling, as in the authors' code.
    """

    def with_margin(self, cosine: Tensor) -> Tensor:
        """See MarginSoftmax."""
        # the slope of the sine is infinite at cos = +-1; clamping makes it 0 there
        sine = (1 - cosine.square()).clamp(min=1e-6).sqrt()
        turned = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        beyond = cosine - self.margin * math.sin(self.margin)
        return torch.where(cosine > -math.cos(self.margin), turned, beyond)

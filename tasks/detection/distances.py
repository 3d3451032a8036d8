"""Boxes as four distances from a point, each a distribution over whole strides."""

import torch
from torch import Tensor


class DistanceCoder:
    """Encodes a box as the distances of its left, top, right and bottom from an anchor's centre.

    Distances are in strides. A network predicts each of them as a distribution over 0, 1, ...,
    `bins` - 1, and the distance is its expectation (Generalized Focal Loss, arXiv 2006.04388,
    section 3.2).

    Args:
        bins: number of bins of a distribution.
        strides: side of an anchor, which is a square, in strides.
    """

    def __init__(self, bins: int, strides: float):
        self.bins, self.strides = bins, strides

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Distances [..., 4] of boxes [..., 4] from anchors [..., 4], both xyxy; any number."""
        centre = self.centre(anchors)
        shift = torch.cat([centre - boxes[..., :2], boxes[..., 2:] - centre], -1)
        return shift / self.stride(anchors)

    def decode(self, code: Tensor, anchors: Tensor) -> Tensor:
        """Boxes xyxy [..., 4] from the logits of their distributions [..., 4 * bins]."""
        return self.place(self.values(code), anchors)

    def place(self, distances: Tensor, anchors: Tensor) -> Tensor:
        """Boxes xyxy [..., 4] from distances [..., 4] in strides; the inverse of `encode`."""
        low, high = (distances * self.stride(anchors)).split(2, -1)
        centre = self.centre(anchors)
        return torch.cat([centre - low, centre + high], -1)

    def values(self, code: Tensor) -> Tensor:
        """The expected distances [..., 4] from logits [..., 4 * bins]."""
        share = code.unflatten(-1, (4, self.bins)).softmax(-1)
        # a sum and not a product of matrices, which autocast would compute in half precision
        return (share * torch.arange(self.bins, device=code.device)).sum(-1)

    def centre(self, anchors: Tensor) -> Tensor:
        """Centres (x, y) [..., 2] of anchors [..., 4]."""
        return (anchors[..., :2] + anchors[..., 2:]) / 2

    def stride(self, anchors: Tensor) -> Tensor:
        """Strides [..., 1] in pixels of the maps of anchors [..., 4]."""
        return (anchors[..., 2:3] - anchors[..., :1]) / self.strides


def distribution_loss(code: Tensor, wanted: Tensor, bins: int) -> Tensor:
    """Distribution focal loss (arXiv 2006.04388, equation 6): the mean over the four sides.

    A distance lies between two bins. The loss is the cross-entropy of both, each weighted by how
    near the distance is to it.

    Args:
        code: logits float[..., 4 * bins].
        wanted: distances float[..., 4] in strides, clipped to the range of the bins.

    Returns:
        float[...].
    """
    wanted = wanted.clamp(0, bins - 1.1)  # below the last bin, so that there is one on each side
    lower = wanted.floor()
    upper_share = wanted - lower
    column = lower.long()[..., None]
    log = code.unflatten(-1, (4, bins)).log_softmax(-1)
    below, above = (log.gather(-1, c).squeeze(-1) for c in (column, column + 1))
    return -(below * (1 - upper_share) + above * upper_share).mean(-1)

"""Losses of class logits on all anchors of a detector."""

import torch
import torch.nn.functional as F
from torch import Tensor


def mining_loss(logits: Tensor, target: Tensor, negatives: int = 3) -> Tensor:
    """Sigmoid cross-entropy with hard negative mining (arXiv 1512.02325, section 2.2).

    Each image keeps its matched anchors and, for each of these, the `negatives` background anchors
    with the largest loss. The background is an output like the others.

    Args:
        logits: float[B, A, num_classes].
        target: int64[B, A], the output of each anchor's category, 0 for background.
        negatives: number of background anchors kept per matched anchor.

    Returns:
        float[B, A], 0 for anchors that are not kept.
    """
    # sum over classes of softplus(x) - x t, without building the one-hot targets
    loss = F.softplus(logits).sum(-1) - logits.gather(2, target[..., None]).squeeze(2)
    positive = target > 0
    hardest = loss.detach().masked_fill(positive, -1.0).argsort(dim=1, descending=True)
    order = torch.arange(loss.shape[1], device=loss.device).expand_as(hardest)
    rank = torch.empty_like(hardest).scatter_(1, hardest, order)
    chosen = positive | (rank < negatives * positive.sum(1, keepdim=True))
    return torch.where(chosen, loss, 0.0)


def focal_loss(logits: Tensor, target: Tensor, alpha: float = 0.75, gamma: float = 2.0) -> Tensor:
    """Sigmoid focal loss over all anchors (arXiv 1708.02002, equation 5).

    The background is the absence of every class; output 0 is not used.

    Args:
        logits: float[B, A, num_classes].
        target: int64[B, A], the output of each anchor's category, 0 for background.
        alpha: weight of objects; the background has 1 - alpha.
        gamma: exponent that lowers the weight of well-classified anchors.

    Returns:
        float[B, A].
    """
    logits = logits[..., 1:]
    p = logits.sigmoid()
    background = (1 - alpha) * p**gamma * F.softplus(logits)
    object_ = alpha * (1 - p) ** gamma * F.softplus(-logits)
    column = (target - 1).clamp(min=0)[..., None]
    swap = (object_ - background).gather(2, column).squeeze(2)
    return background.sum(-1) + torch.where(target > 0, swap, 0.0)

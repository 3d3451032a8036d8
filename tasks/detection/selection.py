"""The best of many scores, the same ones on every device and in every runtime."""

import torch
from torch import Tensor

from backbone.tracing import is_exporting


def best(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The highest scores of each image, best first; equal ones in the order of their columns.

    `topk` leaves the order of equal scores to the device. Equal scores are common if a ReLU is zero
    over a whole area of a map: every cell then scores its bias. Their order decides which of their
    boxes survive suppression.

    Args:
        scores: float32[B, N].
        count: scores per image, at most N.

    Returns:
        The scores float32[B, count] and their columns int64[B, count].
    """
    if is_exporting():
        # ONNX defines this order for its TopK, but has no operator for the bits of a float
        values, columns = scores.topk(count)
        return values, columns
    bits = (scores + 0.0).view(torch.int32)  # the sum turns -0.0 into 0.0, which equals it
    rank = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # whole numbers in the order of the floats
    last = scores.shape[1] - 1
    later = torch.arange(last, -1, -1, device=scores.device)
    columns = (rank.long() << 32 | later).topk(count).indices
    return scores.gather(1, columns), columns

"""Regions of a feature map: which of them to train on, and their features."""

import torch
import torch.nn.functional as F
from torch import Tensor


def balanced_sample(
    positive: Tensor, negative: Tensor, count: int, fraction: float
) -> tuple[Tensor, Tensor]:
    """Draw `count` rows of each image at random, at most `fraction` of them positive.

    Where there are fewer positives, negatives fill up. Uses torch's global generator, does not
    wait for the device, and the shapes are fixed: where both together are fewer than `count`, the
    rest is marked as not drawn.

    Args:
        positive, negative: bool[B, N], disjoint.

    Returns:
        index int64[B, n] of different rows, and bool[B, n] whether a row was drawn; n is `count`,
        or N where that is less.
    """
    count = min(count, positive.shape[1])
    key = torch.rand(positive.shape, device=positive.device)
    some = torch.where(positive, key, -1.0).topk(int(count * fraction))
    # the positives kept come before all negatives, and those before what is neither
    kept = torch.where(some.values >= 0, 2.0, -1.0)
    rank = torch.where(negative, key, -1.0).scatter_reduce(1, some.indices, kept, "amax")
    drawn = rank.topk(count)
    return drawn.indices, drawn.values >= 0


def crop(
    feature_map: Tensor, boxes: Tensor, image: Tensor, size: tuple[int, int], cells: int
) -> Tensor:
    """The features of regions, each resampled to cells x cells (RoI Align, arXiv 1703.06870).

    One bilinear sample at the centre of each cell, as TensorFlow's crop-and-resize takes: the
    values of `torchvision.ops.roi_align(..., sampling_ratio=1, aligned=True)` for boxes inside the
    frame. A sample is a weighted sum of four cells of the map, each a row of all its channels, and
    that is what an embedding bag computes: 20 times as fast on a CPU as torchvision's
    loop over channels, and in channels_last, which the convolutions behind it want.

    Args:
        feature_map: float[B, C, h, w], fastest in float32 and channels_last.
        boxes: float[N, 4] xyxy in input pixels, inside the frame; no gradient reaches them.
        image: int64[N], the row of the map that a box looks at.
        size: (height, width) of the input in pixels.

    Returns:
        float32[N, C, cells, cells] in channels_last.
    """
    channels, *shape = feature_map.shape[1:]
    height, width = shape
    middle = (torch.arange(cells, device=boxes.device) + 0.5) / cells

    def neighbours(low: Tensor, high: Tensor, pixels: int, length: int) -> tuple[Tensor, Tensor]:
        """The two cells beside each sample on one axis, and their weights: [N, cells, 2]."""
        place = (low[:, None] + (high - low)[:, None] * middle) * (length / pixels) - 0.5
        place = place.clamp(0, length - 1)
        first = place.floor().clamp(max=max(length - 2, 0))
        further = place - first
        index = torch.stack([first, (first + 1).clamp(max=length - 1)], -1).long()
        return index, torch.stack([1 - further, further], -1)

    y, y_weight = neighbours(boxes[:, 1], boxes[:, 3], size[0], height)
    x, x_weight = neighbours(boxes[:, 0], boxes[:, 2], size[1], width)
    row = y + (image * height)[:, None, None]
    index = row[:, :, None, :, None] * width + x[:, None, :, None, :]
    weight = y_weight[:, :, None, :, None] * x_weight[:, None, :, None, :]
    table = feature_map.float().permute(0, 2, 3, 1).reshape(-1, channels)
    rows = F.embedding_bag(
        index.reshape(-1, 4), table, mode="sum", per_sample_weights=weight.reshape(-1, 4)
    )
    return rows.view(len(boxes), cells, cells, channels).permute(0, 3, 1, 2)

"""Regions of a feature map: sampling regions to train on, and RoI Align."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision import ops

from backbone.tracing import is_exporting


def balanced_sample(
    positive: Tensor, negative: Tensor, count: int, fraction: float
) -> tuple[Tensor, Tensor]:
    """Draw `count` rows of each image at random, at most a `fraction` of them positive.

    If there are fewer positives, negatives take their places. The draw uses torch's global
    generator, does not wait for the device, and has fixed shapes: if positives and negatives
    together are fewer than `count`, the remaining places are marked as not drawn.

    Args:
        positive: bool[B, N].
        negative: bool[B, N], disjoint from `positive`.
        count: rows to draw.
        fraction: largest share of positives, 0..1.

    Returns:
        int64[B, n], distinct rows, and bool[B, n], whether each was drawn; n is min(count, N).
    """
    count = min(count, positive.shape[1])
    key = torch.rand(positive.shape, device=positive.device)
    some = torch.where(positive, key, -1.0).topk(int(count * fraction))
    # rank: 2 for the positives that were drawn, then negatives at random, -1 for the rest
    kept = torch.where(some.values >= 0, 2.0, -1.0)
    rank = torch.where(negative, key, -1.0).scatter_reduce(1, some.indices, kept, "amax")
    drawn = rank.topk(count)
    return drawn.indices, drawn.values >= 0


def roi_align(
    feature_map: Tensor, boxes: Tensor, image: Tensor, size: tuple[int, int], cells: int
) -> Tensor:
    """The features of regions, each resampled to cells x cells (RoI Align, arXiv 1703.06870).

    The value of a cell is one bilinear sample at its centre, as in TensorFlow's crop-and-resize. On
    an accelerator torchvision computes it, and on a CPU `from_table`, which is up to twice as fast
    there, and its gradient five times. Both give the same values up to rounding.

    Args:
        feature_map: float[B, C, h, w], fastest if it comes from `croppable`.
        boxes: float[N, 4] xyxy in input pixels, inside the image; they get no gradient.
        image: int64[N], the image (0..B-1) that each box is part of.
        size: (height, width) of the input in pixels.
        cells: height and width of a region's features.

    Returns:
        float32[N, C, cells, cells] in channels_last, also under autocast.
    """
    feature_map = croppable(feature_map)
    crop = from_table if _prefers_table(boxes) else by_torchvision
    return crop(feature_map, boxes, image, size, cells)


def croppable(feature_map: Tensor) -> Tensor:
    """A map float[B, C, h, w] as float32, in the layout that `roi_align` reads on its device."""
    table = _prefers_table(feature_map)
    layout = torch.channels_last if table else torch.contiguous_format
    return feature_map.float().contiguous(memory_format=layout)


def _prefers_table(tensor: Tensor) -> bool:
    # Few runtimes have an embedding bag, but all have RoI Align.
    if is_exporting():
        return False
    # torchvision's gradient on a GPU adds in any order, and its replacement for deterministic runs
    # samples in Python
    return tensor.is_cpu or torch.are_deterministic_algorithms_enabled()


def by_torchvision(
    feature_map: Tensor, boxes: Tensor, image: Tensor, size: tuple[int, int], cells: int
) -> Tensor:
    """`roi_align` with torchvision's kernel; the same arguments, and the map in float32."""
    height, width = feature_map.shape[2:]
    x, y = boxes[:, 0::2] * (width / size[1]), boxes[:, 1::2] * (height / size[0])
    regions = torch.stack([image.float(), x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1)
    crops = ops.roi_align(feature_map, regions, cells, sampling_ratio=1, aligned=True)
    return crops.contiguous(memory_format=torch.channels_last)


def from_table(
    feature_map: Tensor, boxes: Tensor, image: Tensor, size: tuple[int, int], cells: int
) -> Tensor:
    """`roi_align` with an embedding bag; the same arguments, and the map in float32.

    A sample is the weighted sum of four rows of a table, whose rows are the map's cells with all
    their channels. This is what an embedding bag computes, and in channels_last, in which the next
    convolutions are fastest.
    """
    channels, *shape = feature_map.shape[1:]
    height, width = shape
    middle = (torch.arange(cells, device=boxes.device) + 0.5) / cells

    def neighbours(low: Tensor, high: Tensor, pixels: int, length: int) -> tuple[Tensor, Tensor]:
        """The two cells beside each sample along one axis, and their weights: [N, cells, 2]."""
        position = (low[:, None] + (high - low)[:, None] * middle) * (length / pixels) - 0.5
        position = position.clamp(0, length - 1)
        first = position.floor().clamp(max=max(length - 2, 0))
        rest = position - first
        index = torch.stack([first, (first + 1).clamp(max=length - 1)], -1).long()
        return index, torch.stack([1 - rest, rest], -1)

    y, y_weight = neighbours(boxes[:, 1], boxes[:, 3], size[0], height)
    x, x_weight = neighbours(boxes[:, 0], boxes[:, 2], size[1], width)
    row = y + (image * height)[:, None, None]
    index = row[:, :, None, :, None] * width + x[:, None, :, None, :]
    weight = y_weight[:, :, None, :, None] * x_weight[:, None, :, None, :]
    table = feature_map.permute(0, 2, 3, 1).reshape(-1, channels)
    rows = F.embedding_bag(
        index.reshape(-1, 4), table, mode="sum", per_sample_weights=weight.reshape(-1, 4)
    )
    return rows.view(boxes.shape[0], cells, cells, channels).permute(0, 3, 1, 2)

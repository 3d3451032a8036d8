"""SSD's anchors (default boxes), laid over the head's own feature maps."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def shapes(scales: Sequence[float]) -> list[list[tuple[float, float]]]:
    """(scale, aspect ratio) of the anchors at one place of each map, finest map first.

    The finest map has three small ones; every other has five ratios at its scale and one square
    between its scale and the next (1.0 after the last).
    """
    layers = [[(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]]
    # not strict: with one map the 1.0 has no scale before it
    for scale, larger in zip(scales[1:], [*scales[2:], 1.0], strict=False):
        ratios = [(scale, ratio) for ratio in (2.0, 0.5, 3.0, 1 / 3)]
        layers.append([(scale, 1.0), (math.sqrt(scale * larger), 1.0), *ratios])
    return layers


def anchors(
    maps: Sequence[tuple[int, int]], size: tuple[int, int], scales: tuple[float, float]
) -> Tensor:
    """Anchors of every map, row by row, not clipped to the frame.

    Args:
        maps: (height, width) of each feature map, finest first.
        size: (height, width) of the input in pixels; scales are fractions of it.
        scales: the finest and the coarsest map's scale; those between are evenly spaced.

    Returns:
        float32[A, 4] xyxy in input pixels; 1,917 at 300x300 with SSD's six maps.
    """
    first, last = scales
    steps = max(len(maps) - 1, 1)
    per_map = shapes([first + (last - first) * k / steps for k in range(len(maps))])
    boxes = []
    for (height, width), layer in zip(maps, per_map, strict=True):
        y = (torch.arange(height, dtype=torch.float64) + 0.5) / height
        x = (torch.arange(width, dtype=torch.float64) + 0.5) / width
        centre = torch.stack(torch.meshgrid(y, x, indexing="ij"), -1)[:, :, None]
        sides = [(scale / math.sqrt(ratio), scale * math.sqrt(ratio)) for scale, ratio in layer]
        half = torch.tensor(sides, dtype=torch.float64) / 2
        boxes.append(torch.cat([centre - half, centre + half], -1).reshape(-1, 4))
    height, width = size
    yxyx = torch.cat(boxes) * torch.tensor([height, width, height, width])
    return yxyx[:, [1, 0, 3, 2]].float()

"""SSD's anchors (default boxes), laid over the head's own feature maps."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def anchor_shapes(scales: Sequence[float]) -> list[list[tuple[float, float]]]:
    """(scale, aspect ratio) of the anchors at each cell, for every map, finest map first.

    A cell of the finest map has three small anchors. A cell of any other map has five, one per
    aspect ratio, at the map's scale, and a square one between that scale and the next map's (1.0
    after the last).
    """
    layers = [[(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]]
    # not strict: with a single map there is no scale to pair with the 1.0
    for scale, larger in zip(scales[1:], [*scales[2:], 1.0], strict=False):
        ratios = [(scale, ratio) for ratio in (2.0, 0.5, 3.0, 1 / 3)]
        layers.append([(scale, 1.0), (math.sqrt(scale * larger), 1.0), *ratios])
    return layers


def anchors(
    maps: Sequence[tuple[int, int]], size: tuple[int, int], scales: tuple[float, float]
) -> Tensor:
    """Anchors of all maps, row by row, not clipped to the image.

    Args:
        maps: (height, width) of each feature map, finest first.
        size: (height, width) of the input in pixels; scales are fractions of it.
        scales: of the finest and the coarsest map; the others are evenly spaced between them.

    Returns:
        float32[A, 4] xyxy in input pixels; A is 1,917 at 300x300 with SSD's six maps.
    """
    first, last = scales
    steps = max(len(maps) - 1, 1)
    per_map = anchor_shapes([first + (last - first) * k / steps for k in range(len(maps))])
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

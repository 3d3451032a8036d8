"""SSD's anchors (default boxes) on the head's own feature maps."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def anchor_shapes(scales: Sequence[float]) -> list[list[tuple[float, float]]]:
    """(scale, aspect ratio) of the anchors at each cell, for every map, finest map first.

    A cell of the finest map has three small anchors. A cell of any other map has six: five at the
    map's scale, one per aspect ratio, and a square one between that scale and the next map's (1.0
    for the last map).
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


def octave_anchors(
    maps: Sequence[tuple[int, int]], strides: Sequence[int], size: tuple[int, int]
) -> Tensor:
    """RetinaNet's anchors (arXiv 1708.02002, section 4), as in TensorFlow's FPNLite.

    Their scales are 4 and 4 * sqrt(2) strides, and their aspect ratios 1, 2 and 1/2. Cells are one
    stride apart. The first one is half a stride inside the image if the image is a whole number of
    strides long, and at its edge otherwise (`MultiscaleGridAnchorGenerator` in
    object_detection/anchor_generators).

    Args:
        maps: (height, width) of each feature map, finest first.
        strides: stride of each map, in pixels.
        size: (height, width) of the input in pixels.

    Returns:
        float32[A, 4] xyxy in input pixels, row by row, not clipped to the image; A is 12,804 at
        320x320 with five maps.
    """
    boxes = []
    for shape, stride in zip(maps, strides, strict=True):
        y, x = (
            torch.arange(cells, dtype=torch.float64) * stride
            + (0.0 if side % stride else stride / 2)
            for cells, side in zip(shape, size, strict=True)
        )
        centre = torch.stack(torch.meshgrid(y, x, indexing="ij"), -1)[:, :, None].flip(-1)
        sides = torch.tensor(
            [
                (scale * stride * math.sqrt(ratio), scale * stride / math.sqrt(ratio))
                for ratio in (1.0, 2.0, 0.5)
                for scale in (4.0, 4.0 * math.sqrt(2))
            ],
            dtype=torch.float64,
        )
        boxes.append(torch.cat([centre - sides / 2, centre + sides / 2], -1).reshape(-1, 4))
    return torch.cat(boxes).float()


def squares(maps: Sequence[tuple[int, int]], strides: Sequence[int], side: float) -> Tensor:
    """One square anchor for each cell, around the cell's centre.

    Args:
        maps: (height, width) of each feature map, finest first.
        strides: of each map, in pixels.
        side: of the squares, in strides.

    Returns:
        float32[A, 4] xyxy in input pixels, row by row, not clipped to the image; A is 3,598 at
        416x416 with four maps.
    """
    boxes = []
    for (height, width), stride in zip(maps, strides, strict=True):
        y, x = ((torch.arange(n, dtype=torch.float64) + 0.5) * stride for n in (height, width))
        centre = torch.stack(torch.meshgrid(y, x, indexing="ij"), -1).flip(-1).reshape(-1, 2)
        half = side * stride / 2
        boxes.append(torch.cat([centre - half, centre + half], -1))
    return torch.cat(boxes).float()

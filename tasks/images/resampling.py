"""The crop-resize of whole batches as two batched products, on any device.

Bilinear resampling with antialiasing is linear, and its two directions are independent: an image is
multiplied by one matrix on each side. The weights are those of Pillow.
"""

from collections.abc import Sequence
from math import ceil, floor

import torch
from torch import Tensor

from tasks.images.files import PADDING, Box


def crop_resize_batch(
    pictures: Sequence[Tensor],
    boxes: Sequence[Box],
    extents: Sequence[tuple[int, int]],
    size: tuple[int, int],
) -> Tensor:
    """Resample a box of each picture to its extent, as `crop_resize` does for one picture.

    Args:
        pictures: uint8[3, H, W] each, on one device, of any sizes.
        boxes: xyxy in pixels of each, fractions allowed.
        extents: (h, w) that each box is resampled to.
        size: (h, w) of the result; the rest beyond an extent is PADDING.

    Returns uint8[B, h, w, 3].
    """
    device = pictures[0].device
    # whole numbers up to 255 are exact in half precision, and products are summed in float32
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    # what the filter reads of each picture, along y and along x: first pixel, length
    spans = [
        [
            _span(box[axis], box[axis + 2], extent[1 - axis], picture.shape[2 - axis])
            for axis in (1, 0)
        ]
        for picture, box, extent in zip(pictures, boxes, extents, strict=True)
    ]
    rows, columns = (max(span[axis][1] for span in spans) for axis in (0, 1))
    canvas = torch.zeros(len(pictures), rows, 3, columns, dtype=dtype, device=device)
    for image, picture, ((top, height), (left, width)) in zip(canvas, pictures, spans, strict=True):
        seen = picture[:, top : top + height, left : left + width]
        image[:height, :, :width].copy_(seen.transpose(0, 1))
    numbers = torch.tensor(
        [
            [
                [box[axis] - first, box[axis + 2] - first, extent[1 - axis], length]
                for axis, (first, length) in ((1, span[0]), (0, span[1]))
            ]
            for box, extent, span in zip(boxes, extents, spans, strict=True)
        ],
        device=device,
    )
    along_y = _weights(numbers[:, 0], size[0], rows).to(dtype)
    along_x = _weights(numbers[:, 1], size[1], columns).to(dtype)
    narrow = canvas.flatten(1, 2) @ along_x.mT
    result = (along_y @ narrow.view(len(pictures), rows, -1)).view(len(pictures), size[0], 3, -1)
    result = result.permute(0, 1, 3, 2).float().add_(0.5).clamp_(0, 255)
    inside_y = torch.arange(size[0], device=device) < numbers[:, 0, 2:3]
    inside_x = torch.arange(size[1], device=device) < numbers[:, 1, 2:3]
    inside = inside_y[:, :, None, None] & inside_x[:, None, :, None]
    return torch.where(inside, result, PADDING).to(torch.uint8)


def turn_planes(picture: Tensor, orientation: int) -> Tensor:
    """A picture [3, H, W] turned as an EXIF orientation 1..8 says."""
    if orientation >= 5:
        picture = picture.mT
    flips = {2: [2], 3: [1, 2], 4: [1], 6: [2], 7: [1, 2], 8: [1]}.get(orientation)
    return picture.flip(flips) if flips else picture


def _span(start: float, stop: float, count: int, length: int) -> tuple[int, int]:
    """First pixel and number of pixels that are read to resample start..stop to `count` pixels."""
    reach = max((stop - start) / count, 1.0)
    first = max(floor(start - reach), 0)
    return first, min(ceil(stop + reach), length) - first


def _weights(numbers: Tensor, count: int, length: int) -> Tensor:
    """Triangular filters float32[B, count, length], each summing to one.

    Args:
        numbers: float[B, 4]: start and stop of the box, number of pixels to resample it to, and
            number of pixels in the picture.
        count: rows of the matrices.
        length: columns of the matrices.
    """
    start, stop, extent, there = numbers.float().T[:, :, None, None]
    scale = (stop - start) / extent
    centre = start + (torch.arange(count, device=numbers.device)[:, None] + 0.5) * scale
    pixel = torch.arange(length, device=numbers.device)
    weight = (1 - (pixel + 0.5 - centre).abs() / scale.clamp(min=1)).clamp(min=0)
    weight = torch.where(pixel < there, weight, 0)
    # rows beyond the extent may have no weights
    return weight / weight.sum(2, keepdim=True).clamp(min=1e-6)

"""Mosaics of four images (YOLOv4, arXiv 2004.10934), of whole batches on any device."""

import torch
import torch.nn.functional as F
from torch import Tensor

from tasks.data.batches import Batch
from tasks.detection.scale_jitter import SMALLEST

CENTRE = 0.25, 0.75  # where the four images meet, as a share of a side
LEAST = 0.5  # smallest scale of an image in its tile


def mosaic(images: Tensor, batch: Batch, probability: float) -> tuple[Tensor, Batch]:
    """Replace some images by parts of four images of the batch.

    The four tiles meet at a random point. Each shows a random part of an image, scaled by a random
    factor from the smallest one that fills the tile, but at least a half, to 1. Objects whose
    centres lie outside their tile are left out, and the others are clipped to it. A training batch
    has no crowds. Random numbers come from the global generator of the images' device.

    Args:
        images: [B, 3, h, w], in pixel values.
        batch: `boxes` float[B, M, 4] xyxy in pixels, `labels` int64[B, M] and `count` int64[B].
        probability: that an image is replaced, 0..1.

    Returns:
        float32[B, 3, h, w], and the batch with `boxes` float[B, 4M, 4], `labels` and `count`.
    """
    count, device = len(images), images.device
    # filled, not copied, since a copy from the host would wait for the device
    sides = torch.stack(
        [torch.full((count,), float(n), device=device) for n in images.shape[2:]], 1
    )
    centres = [torch.arange(side, device=device) + 0.5 for side in images.shape[2:]]  # of pixels
    chosen = torch.rand(count, device=device) < probability
    low, high = CENTRE
    meet = ((low + torch.rand(count, 2, device=device) * (high - low)) * sides).round()
    result = pixels = images.float()
    rows = torch.arange(batch["boxes"].shape[1], device=device)
    # an unchanged image has its own boxes first
    valid = [(rows < batch["count"][:, None]) & ~chosen[:, None]]
    boxes, labels = [batch["boxes"]], [batch["labels"]]
    for below, beyond in ((0, 0), (0, 1), (1, 0), (1, 1)):
        first, last = torch.zeros_like(meet), sides
        start, end = (  # float[B, 2], (top, left) and (bottom, right) of the tile
            torch.stack([ends[far][:, axis] for axis, far in enumerate((below, beyond))], 1)
            for ends in ((first, meet), (meet, last))
        )
        least = ((end - start) / sides).amax(1, keepdim=True).clamp(min=LEAST)
        scale = least + torch.rand(count, 1, device=device) * (1 - least)
        # of the tile in the scaled image
        offset = torch.rand(count, 2, device=device) * (scale * sides - (end - start))
        partner = torch.randperm(count, device=device)
        shown = _sampled(pixels[partner], centres, start - offset, scale)
        y, x = (
            (start[:, axis, None] < place) & (place < end[:, axis, None])
            for axis, place in enumerate(centres)
        )
        here = y[:, None, :, None] & x[:, None, None, :]
        result = torch.where(here & chosen[:, None, None, None], shown, result)
        placed, whole = _placed(batch["boxes"][partner], start, end, start - offset, scale)
        boxes.append(placed)
        labels.append(batch["labels"][partner])
        valid.append(whole & (rows < batch["count"][partner, None]) & chosen[:, None])
    found = torch.cat(valid, 1)
    # 4M rows are enough: an image has either its own boxes or those of four
    order = (~found).byte().argsort(dim=1, stable=True)[:, : 4 * len(rows)]
    kept = found.gather(1, order)
    return result, batch | {
        "boxes": torch.cat(boxes, 1).gather(1, order[..., None].expand(-1, -1, 4))
        * kept[..., None],
        "labels": torch.cat(labels, 1).gather(1, order) * kept,
        "count": found.sum(1),
    }


def _sampled(images: Tensor, centres: list[Tensor], origin: Tensor, scale: Tensor) -> Tensor:
    """Images scaled by float[B, 1], bilinear, with their (top, left) at `origin` float[B, 2]."""
    y, x = (
        2 * (place - origin[:, axis, None]) / scale / len(place) - 1
        for axis, place in enumerate(centres)
    )
    grid = torch.stack(
        [x[:, None, :].expand(-1, y.shape[1], -1), y[:, :, None].expand(-1, -1, x.shape[1])], -1
    )
    return F.grid_sample(images, grid, "bilinear", "border", align_corners=False)


def _placed(
    boxes: Tensor, start: Tensor, end: Tensor, origin: Tensor, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """Boxes float[B, M, 4] in a tile, clipped to it, and which of them are still objects."""
    start, end, origin = (corner.flip(1)[:, None] for corner in (start, end, origin))  # (x, y)
    corners = boxes.unflatten(2, (2, 2)) * scale[:, :, None, None] + origin[:, :, None]
    middle = corners.mean(2)
    clipped = torch.minimum(torch.maximum(corners, start[:, :, None]), end[:, :, None])
    large = (clipped[:, :, 1] - clipped[:, :, 0] >= SMALLEST).all(-1)
    return clipped.flatten(2), large & ((start < middle) & (middle < end)).all(-1)

"""Large-scale jitter (arXiv 2012.07177): objects of many sizes from one photograph."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tasks.detection.crop import Crop

SMALLEST = 1.0  # pixels of the input along a side: smaller parts of an object are not learnt


class Jittered(NamedTuple):
    """A part of an image, and its place in the network's input."""

    crop: Crop
    extent: tuple[int, int]
    """(h, w) in pixels of the input that it fills."""
    corner: np.ndarray
    """int64[2], the (top, left) pixel of the input at which it begins; padding is around it."""


@dataclass(frozen=True)
class ScaleJitter:
    """Scale an image by a random factor; crop what does not fit, and pad the rest.

    Both the crop and the place in the padding are random. Objects whose centres are cropped away,
    or that are shorter than one pixel, are left out.

    Args:
        scale: smallest and largest factor; at 1 the image fills the input. Drawn evenly.
    """

    scale: tuple[float, float]

    def __call__(
        self,
        boxes: np.ndarray,
        height: int,
        width: int,
        fill: tuple[int, int],
        size: tuple[int, int],
        rng: np.random.Generator,
    ) -> Jittered:
        """Jitter an image of `height` x `width` pixels with objects `boxes` float[n, 4] xyxy.

        Args:
            fill: (h, w) of the input that the whole image fills at a factor of 1.
            size: (h, w) of the input.
        """
        factor, *places = rng.random(5)
        factor = self.scale[0] + factor * (self.scale[1] - self.scale[0])
        sides, room = np.array([height, width], float), np.array(size)
        wanted = np.maximum(np.array(fill) * factor, 1.0)
        extent = np.minimum(wanted, room).round().astype(np.int64)
        seen = sides * np.minimum(room / wanted, 1.0)
        start = np.array(places[:2]) * (sides - seen)
        corner = (np.array(places[2:]) * (room - extent + 1)).astype(np.int64)
        box = np.concatenate([start, start + seen])[[1, 0, 3, 2]]
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = ((box[:2] < middle) & (middle < box[2:])).all(1)
        clipped = np.concatenate(
            [np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])], axis=1
        )
        shown = (clipped[:, 2:] - clipped[:, :2]) * (extent / seen)[::-1]
        kept = np.flatnonzero(inside & (shown >= SMALLEST).all(1))
        return Jittered(Crop(box, clipped[kept], kept), (int(extent[0]), int(extent[1])), corner)


def moved(images: Tensor, boxes: Tensor, corners: Tensor) -> tuple[Tensor, Tensor]:
    """Move images from the top left of their padding to the places where they should begin.

    Args:
        images: [B, 3, h, w].
        boxes: float[B, M, 4], xyxy in pixels.
        corners: int64[B, 2], (top, left); each picture fits into its image there.
    """
    height, width = images.shape[2:]
    top, left = corners[:, :1], corners[:, 1:]
    rows = (torch.arange(height, device=images.device) - top) % height
    columns = (torch.arange(width, device=images.device) - left) % width
    image = torch.arange(len(images), device=images.device)[:, None, None]
    found = images.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]]
    return found.permute(0, 3, 1, 2), boxes + corners.flip(1).repeat(1, 2)[:, None]

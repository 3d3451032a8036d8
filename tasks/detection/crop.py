"""The random crop of SSD (arXiv 1512.02325, section 2.2, data augmentation)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Crop(NamedTuple):
    """A crop and the objects it keeps, in pixels of the uncropped image."""

    box: np.ndarray
    """float64[4], xyxy, inside the image."""
    boxes: np.ndarray
    """float64[n, 4], xyxy, clipped to `box`."""
    kept: np.ndarray
    """int64[n], the row that each of `boxes` had among the given boxes."""


@dataclass(frozen=True)
class RandomCrop:
    """Cut out a random patch whose IoU with some object is at least a randomly chosen value.

    The options are the whole image and, for each of `min_ious`, a patch with at least that IoU.
    Each option that some attempt fulfils is equally likely, as in the authors' sampler. A patch
    keeps the objects whose centres are inside it, clipped; if the image has objects, it must keep
    at least one. Its IoU is that of the kept object that it overlaps most.
    """

    min_ious: tuple[float, ...] = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
    area: tuple[float, float] = (0.1, 1.0)
    """Range of the patch's area as a fraction of the image's; uniform."""
    aspect: tuple[float, float] = (0.5, 2.0)
    """Range of the patch's width over its height, both as fractions of the image; log-uniform. This
    is how much objects are stretched when the patch is resized to the network's input."""
    attempts: int = 50

    def __call__(
        self, boxes: np.ndarray, height: int, width: int, rng: np.random.Generator
    ) -> Crop:
        """Crop an image of `height` x `width` pixels with objects `boxes` float[n, 4] xyxy."""
        patches = self._patches(rng) * (width, height, width, height)
        inside, iou = _overlaps(patches, boxes)
        best = np.where(inside, iou, -1.0).max(axis=1, initial=-1.0)
        if not len(boxes):
            best[:] = 0.0  # there is no object to keep, so any patch is accepted
        met = best >= np.asarray(self.min_ious)[:, None]
        options = np.flatnonzero(met.any(axis=1))
        choice = rng.integers(len(options) + 1)
        if choice == len(options):
            return Crop(np.array([0.0, 0.0, width, height]), boxes, np.arange(len(boxes)))
        attempt = met[options[choice]].argmax()
        patch, kept = patches[attempt], np.flatnonzero(inside[attempt])
        clipped = np.concatenate(
            [np.maximum(boxes[kept, :2], patch[:2]), np.minimum(boxes[kept, 2:], patch[2:])], axis=1
        )
        return Crop(patch, clipped, kept)

    def _patches(self, rng: np.random.Generator) -> np.ndarray:
        """Random patches float64[attempts, 4], xyxy as fractions of the image, all inside it."""
        area, aspect, x, y = rng.random((4, self.attempts))
        area = self.area[0] + area * (self.area[1] - self.area[0])
        # bounded so that neither side is longer than the image's
        low = np.log(np.maximum(self.aspect[0], area))
        high = np.log(np.minimum(self.aspect[1], 1 / area))
        aspect = np.exp(low + aspect * (high - low))
        sides = np.sqrt([area * aspect, area / aspect]).clip(max=1.0)
        corner = np.stack([x, y]) * (1 - sides)
        return np.concatenate([corner, corner + sides]).clip(max=1.0).T


def _overlaps(patches: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For p patches and n boxes: bool[p, n], centre inside the patch; float[p, n], IoU."""
    left, top, right, bottom = patches.T[:, :, None]
    x0, y0, x1, y1 = boxes.T
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    inside = (left < x) & (x < right) & (top < y) & (y < bottom)
    width = np.minimum(right, x1) - np.maximum(left, x0)
    height = np.minimum(bottom, y1) - np.maximum(top, y0)
    overlap = width.clip(min=0) * height.clip(min=0)
    union = (right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - overlap
    return inside, overlap / union

"""Faces as flat arrays: whose they are, where that is known, and which part of each to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from backbone.errors import InputError
from tasks.data.image_index import ImageIndex
from tasks.images.crops import central_box
from tasks.images.files import Box

PER_IDENTITY = 4  # images of a person that a few images begin with: pairs need two


@dataclass(frozen=True, eq=False)
class FaceIndex(ImageIndex):
    """Images labelled with the person that they show, -1 for nobody known; a class is a person."""

    @property
    def counts(self) -> np.ndarray:
        """int64[K], images of each person."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.classes))

    def framed(self, box: Sequence[float] | None) -> FaceIndex:
        """The images, of which only `box` is looked at, xyxy as fractions of width and height.

        Raises: InputError for a box that is none.
        """
        if box is None:
            return self
        check_box(box)
        return replace(self, boxes=np.tile(np.float32(box), (len(self), 1)))

    def first(self, count: int) -> FaceIndex:
        """The first `count` images, four of each person in turn."""
        order = np.argsort(self.labels, kind="stable")
        sorted_labels = self.labels[order]
        turn = np.empty_like(order)  # an image's number among its person's
        turn[order] = np.arange(len(order)) - np.searchsorted(sorted_labels, sorted_labels)
        chosen = np.lexsort((turn, self.labels, turn // PER_IDENTITY))[:count]
        return self.take(np.sort(chosen))

    def __str__(self) -> str:
        unknown = int((self.labels < 0).sum())
        if unknown == len(self):
            return f"{len(self):,} images without identity"
        counts = self.counts[self.counts > 0]
        span = f"{counts.min():,} to {counts.max():,}" if np.ptp(counts) else f"{counts[0]:,}"
        known = f"{counts.sum():,} images of {len(counts):,} people, {span} each"
        return known + (f", and {unknown:,} without identity" if unknown else "")


def check_box(box: Sequence[float]) -> None:
    """Raise InputError unless a box is xyxy in fractions of an image."""
    if not (len(box) == 4 and 0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise InputError(
            f"box={list(box)}: give left, top, right and bottom as fractions of the image's width "
            "and height, such as [0.12,0.2,0.88,0.96], or null for all of it"
        )


def view(
    width: int, height: int, box: Sequence[float] | None, fraction: float, size: tuple[int, int]
) -> Box:
    """The central part of a framed image of `width` x `height` pixels, see `central_box`."""
    left, top, right, bottom = (0.0, 0.0, 1.0, 1.0) if box is None else box
    x0, y0, x1, y1 = central_box((right - left) * width, (bottom - top) * height, fraction, size)
    # rounding may carry an edge beyond the image, which the resampling refuses
    return (
        max(left * width + x0, 0.0),
        max(top * height + y0, 0.0),
        min(left * width + x1, width),
        min(top * height + y1, height),
    )

"""Faces as flat arrays: the person in each, if known, and the part of each image that is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from backbone.errors import number_of
from tasks.data.image_index import ImageIndex
from tasks.data.sampling import times_before
from tasks.images.view import check_box

PER_IDENTITY = 4  # images of each person in a small selection: pairs need two


@dataclass(frozen=True, eq=False)
class FaceIndex(ImageIndex):
    """Images labelled with the person they show, or -1 if unknown; each class is a person."""

    @property
    def counts(self) -> np.ndarray:
        """int64[K], images of each person."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.classes))

    def framed(self, box: Sequence[float] | None) -> Self:
        """The same images, of which only a box is seen.

        Args:
            box: xyxy as fractions of width and height; None changes nothing.

        Raises:
            InputError: the box is out of range.
        """
        if box is None:
            return self
        check_box(box)
        return replace(self, boxes=np.tile(np.array(box, np.float32), (len(self), 1)))

    def first(self, count: int) -> Self:
        """The first `count` images, four of each person in turn."""
        turn = times_before(self.labels)
        chosen = np.lexsort((turn, self.labels, turn // PER_IDENTITY))[:count]
        return self.take(np.sort(chosen))

    def __str__(self) -> str:
        unknown = int((self.labels < 0).sum())
        if unknown == len(self):
            return f"{number_of(len(self), 'image')} without identity"
        counts = self.counts[self.counts > 0]
        span = f"{counts.min():,} to {counts.max():,}" if np.ptp(counts) else f"{counts[0]:,}"
        people = number_of(counts.size, "person", "people")
        known = f"{number_of(counts.sum(), 'image')} of {people}, {span} each"
        return known + (f", and {unknown:,} without identity" if unknown else "")

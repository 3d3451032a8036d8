"""A set of labelled images as flat arrays, which loader processes share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from backbone.errors import number_of
from tasks.data.sampling import times_before


@dataclass(frozen=True, eq=False)
class ImageIndex:
    """N images of K classes.

    These are arrays rather than a list of N objects, so that loader processes share a single copy
    of ImageNet's 1.28 million rows.
    """

    root: str
    """The folder of `files`."""
    files: np.ndarray
    """bytes[N], paths relative to `root`, in the file system's encoding."""
    labels: np.ndarray
    """int64[N], 0..K-1."""
    classes: tuple[tuple[str, str], ...]
    """(id, name) of each of the K classes; the id is the data set's own."""
    boxes: np.ndarray | None = None
    """float32[N, 4], the part of each image that the network sees, xyxy as fractions of its width
    and height, so that annotations still fit photographs that were shrunk. None: whole images."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Files that are not used: kind, such as ".txt" or "hidden" -> number."""

    def __len__(self) -> int:
        return len(self.files)

    @property
    def counts(self) -> np.ndarray:
        """int64[K], number of images of each class."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def path(self, image: int) -> Path:
        """The file of image 0..N-1."""
        return Path(self.root, os.fsdecode(self.files[image]))

    def take(self, images: np.ndarray) -> Self:
        """The images of these rows (0..N-1), in this order."""
        boxes = None if self.boxes is None else self.boxes[images]
        return replace(self, files=self.files[images], labels=self.labels[images], boxes=boxes)

    def first(self, count: int) -> Self:
        """The first `count` images, taken from all classes in turn, in the order of the set."""
        chosen = np.lexsort((self.labels, times_before(self.labels)))[:count]
        return self.take(np.sort(chosen))

    def __str__(self) -> str:
        counts = self.counts
        present = np.flatnonzero(counts)
        classes = f"{len(present):,} of " if len(present) < len(counts) else ""
        fewest = present[counts[present].argmin()]
        most = counts.argmax()
        span = (
            f"{counts[most]:,} each"
            if counts[fewest] == counts[most]
            else f"{counts[fewest]:,} ({self.classes[fewest][1]}) to "
            f"{counts[most]:,} ({self.classes[most][1]}) each"
        )
        classes += number_of(len(counts), "class")
        text = f"{number_of(len(self), 'image')} of {classes}, {span}"
        if self.left_out:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.left_out.items())
            text += f"; files left out: {kinds}"
        return text

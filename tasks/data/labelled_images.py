"""Labelled images as batches of a single size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from tasks.data.image_index import ImageIndex
from tasks.images.crops import RandomResizedCrop
from tasks.images.encoded import FromFiles, stack_views
from tasks.images.files import Box
from tasks.images.view import View, frame, inside


class LabelledImages(FromFiles, Dataset[dict[str, Any]]):
    """Images cropped and resized to `size` (h, w), with their classes.

    `dataset[i]` is image i as evaluation sees it. `dataset[i, epoch]` is cropped at random, as a
    pure function of (seed, epoch, i), so that a resumed run gets the same crops as an uninterrupted
    one. If the index has boxes, both stay inside the image's box.

    An item:

    - `image` uint8[h, w, 3], or see `undecoded`
    - `image_id` int, the image's row in the index
    - `label` from the index: a class, or a row int8[A] of attributes
    - `size` int64[2], height and width of the image in its file

    Args:
        index: the images.
        size: (h, w) in pixels.
        crop: the random crop in training; None: training uses the view of evaluation.
        view: the part of an image that the network sees in evaluation; None: the whole image.
        seed: of the run.

    Raises: InputError if a file cannot be decoded.
    """

    def __init__(
        self,
        index: ImageIndex,
        size: tuple[int, int],
        crop: RandomResizedCrop | None = None,
        view: View | None = None,
        seed: int = 0,
    ):
        self.index, self.size, self.crop = index, size, crop
        self.view, self.seed = view or View(), seed

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, key: int | tuple[int, int]) -> dict[str, Any]:
        i, epoch = key if isinstance(key, tuple) else (key, None)
        size = np.zeros(2, np.int64)

        def box(width: int, height: int) -> Box:
            size[:] = height, width
            return self.box(i, epoch, width, height)

        image = self.read(self.index.path(i), self.size, box)
        return {"image": image, "label": self.index.labels[i], "image_id": i, "size": size}

    def box(self, i: int, epoch: int | None, width: int, height: int) -> Box:
        """The part to take of image i, `width` x `height` pixels; no `epoch` in evaluation."""
        own = None if self.index.boxes is None else self.index.boxes[i].tolist()
        if self.crop is None or epoch is None:
            return self.view.region(width, height, self.size, own)
        left, top, right, bottom = frame(width, height, own or self.view.box)
        rng = np.random.default_rng([self.seed, epoch, i])
        box = self.crop(right - left, bottom - top, self.size, rng)
        return inside(left, top, box, width, height)


def collate_labelled(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Make a batch of B items.

    - `image` uint8[B, 3, h, w] in channels_last memory format, or see `stack_views`
    - `label` int64[B] of classes, int64[B, A] of attributes
    - `image_id` int64[B], `size` int64[B, 2] (height, width in the file)
    """
    return stack_views([item["image"] for item in items]) | {
        "label": torch.from_numpy(np.array([item["label"] for item in items], np.int64)),
        "image_id": torch.tensor([item["image_id"] for item in items]),
        "size": torch.from_numpy(np.stack([item["size"] for item in items])),
    }

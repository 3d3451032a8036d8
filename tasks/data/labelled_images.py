"""Labelled images as batches of one size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, default_collate

from tasks.data.image_index import ImageIndex
from tasks.images.crops import RandomResizedCrop, central_box
from tasks.images.files import Box, load_view


class LabelledImages(Dataset):
    """Images cropped and resized to `size` (h, w), with their classes.

    `dataset[i]` is the centre of image i; `dataset[i, epoch]` is cropped at random, and is a pure
    function of (seed, epoch, i), so that a resumed run sees what an unbroken one would have. Where
    the index has boxes, both happen inside an image's box.

    An item:

    - `image` uint8[h, w, 3], `image_id` int, the image's row in the index
    - `label`, the index's: a class, or a row int8[A] of attributes
    - `size` int64[2], height and width of the photograph in its file

    Args:
        index: the images.
        size: (h, w) in pixels.
        crop: for training; None looks at the centre there too.
        crop_fraction: central part that is looked at, see `central_box`.
        seed: of the run.

    Raises: InputError for a file that cannot be decoded.
    """

    def __init__(
        self,
        index: ImageIndex,
        size: tuple[int, int],
        crop: RandomResizedCrop | None = None,
        crop_fraction: float = 0.875,
        seed: int = 0,
    ):
        self.index, self.size, self.crop = index, size, crop
        self.crop_fraction, self.seed = crop_fraction, seed

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, key: int | tuple[int, int]) -> dict[str, Any]:
        i, epoch = key if isinstance(key, tuple) else (key, None)
        size = np.zeros(2, np.int64)

        def box(width: int, height: int) -> Box:
            size[:] = height, width
            return self.box(i, epoch, width, height)

        image = load_view(self.index.path(i), self.size, box)
        return {"image": image, "label": self.index.labels[i], "image_id": i, "size": size}

    def box(self, i: int, epoch: int | None, width: int, height: int) -> Box:
        """What to look at in image i of `width` x `height` pixels; epoch None is evaluation."""
        left, top, right, bottom = 0.0, 0.0, width, height
        if self.index.boxes is not None:
            left, top, right, bottom = self.index.boxes[i].tolist()
            left, top, right, bottom = left * width, top * height, right * width, bottom * height
        inner = right - left, bottom - top
        if self.crop is None or epoch is None:
            box = central_box(*inner, self.crop_fraction, self.size)
        else:
            box = self.crop(*inner, self.size, np.random.default_rng([self.seed, epoch, i]))
        x0, y0, x1, y1 = box
        # rounding may carry an edge beyond the image by a billionth, which the resampling refuses
        return (
            max(left + x0, 0.0),
            max(top + y0, 0.0),
            min(left + x1, width),
            min(top + y1, height),
        )


def collate_labelled(items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Make a batch of B items.

    - `image` uint8[B, 3, h, w] in channels_last memory format
    - `label` int64[B] of classes, int64[B, A] of attributes
    - `image_id` int64[B], `size` int64[B, 2] (height, width in the file)
    """
    # in a worker process default_collate stacks straight into the memory it shares with the trainer
    stacked = default_collate([torch.from_numpy(item["image"]) for item in items])
    return {
        "image": stacked.permute(0, 3, 1, 2),
        "label": torch.from_numpy(np.array([item["label"] for item in items], np.int64)),
        "image_id": torch.tensor([item["image_id"] for item in items]),
        "size": torch.from_numpy(np.stack([item["size"] for item in items])),
    }

"""Images with their boxes as a data set, and batches of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from tasks.detection.coco.index import CocoIndex
from tasks.detection.crop import RandomCrop
from tasks.detection.scale_jitter import ScaleJitter
from tasks.images.encoded import FromFiles, stack_views
from tasks.images.view import View

# Boxes are padded to a multiple of this, so that there are few shapes to compile for.
PADDING_STEP = 8


class CocoDetection(FromFiles, Dataset):
    """Images resized to one size, with the boxes to train on: no crowds, and none without area.

    An image, or the crop from it, is stretched to `size`. A view with `keep_aspect` scales it by
    one factor to fit inside, at the top left; the rest is padding.

    `dataset[i]` is the whole image i. `dataset[i, epoch]` is cropped at random, as a pure function
    of (seed, epoch, i): a resumed run gets the same crops as an uninterrupted one.

    An item, for n boxes:

    - `image` uint8[h, w, 3], or see `undecoded`
    - `boxes` float32[n, 4], xyxy in pixels of `image`
    - `labels` int64[n], network outputs, never 0
    - `image_id` int
    - `size` int64[2], height and width of the image in its file
    - `extent` float32[2], height and width of the part of `image` without padding
    - `corner` int64[2], with a scale jitter: (top, left) of the place in the padding that the image
      is moved to, together with its boxes; see `scale_jitter.moved`

    Args:
        index: the images and boxes.
        size: (h, w) of the network's input in pixels.
        crop: random crop in training; None for none.
        seed: of the crops.
        view: whether images are stretched or padded; None: stretched.
        jitter: of the scale in training, instead of the random crop; None for none.

    Raises:
        InputError: from an item, if a file cannot be decoded or does not have the annotated size.
    """

    def __init__(
        self,
        index: CocoIndex,
        size: tuple[int, int],
        crop: RandomCrop | None = None,
        seed: int = 0,
        view: View | None = None,
        jitter: ScaleJitter | None = None,
    ):
        self.index = index
        self.size = size
        self.view = view or View()
        self.crop, self.jitter = crop, jitter
        self.seed = seed
        rows = index.trainable
        self.boxes = index.boxes[rows]
        self.labels = index.labels[rows]
        counts = np.bincount(index.box_images[rows], minlength=len(index))
        self.offsets = np.concatenate([[0], counts.cumsum()])

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, key: int | tuple[int, int]) -> dict[str, Any]:
        i, epoch = key if isinstance(key, tuple) else (key, None)
        height, width = int(self.index.heights[i]), int(self.index.widths[i])
        rows = slice(self.offsets[i], self.offsets[i + 1])
        boxes, labels = self.boxes[rows], self.labels[rows]
        box, more = np.array([0.0, 0.0, width, height]), {}
        if self.jitter is not None and epoch is not None:
            rng = np.random.default_rng([self.seed, epoch, i])
            fill = self.view.extent(width, height, self.size)
            crop, extent, more["corner"] = self.jitter(boxes, height, width, fill, self.size, rng)
            box, boxes, kept = crop
            labels = labels[kept]
        else:
            if self.crop is not None and epoch is not None:
                rng = np.random.default_rng([self.seed, epoch, i])
                box, boxes, kept = self.crop(boxes, height, width, rng)
                labels = labels[kept]
            across, down = (box[2:] - box[:2]).tolist()
            extent = self.view.extent(across, down, self.size)
        sides = box[2:] - box[:2]
        image = self.read(
            self.index.path(i), self.size, tuple(box.tolist()), (height, width), extent
        )
        scale = np.divide(extent[::-1], sides)
        boxes = (boxes - np.tile(box[:2], 2)) * np.tile(scale, 2)
        return {
            "image": image,
            "boxes": boxes.astype(np.float32),
            "labels": labels,
            "image_id": int(self.index.image_ids[i]),
            "size": np.array([height, width]),
            "extent": np.array(extent, np.float32),
            **more,
        }


def collate_detection(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A batch of B items, their boxes padded to the same number M, a multiple of PADDING_STEP.

    - `image` uint8[B, 3, h, w] in channels_last memory format, or see `stack_views`
    - `boxes` float32[B, M, 4], xyxy in pixels of `image`; rows from `count` on are 0
    - `labels` int64[B, M], 0 from `count` on
    - `count` int64[B], boxes of each image; `image_id` int64[B]
    - `size` int64[B, 2], (height, width) of each image in its file
    - `extent` float32[B, 2], (height, width) of the part of each `image` without padding
    - `corner` int64[B, 2], if the items have it
    """
    counts = np.array([len(item["labels"]) for item in items])
    room = PADDING_STEP * max(1, -(-counts.max() // PADDING_STEP))
    filled = np.arange(room) < counts[:, None]
    boxes = np.zeros((len(items), room, 4), np.float32)
    labels = np.zeros((len(items), room), np.int64)
    boxes[filled] = np.concatenate([item["boxes"] for item in items])
    labels[filled] = np.concatenate([item["labels"] for item in items])
    corners = [item["corner"] for item in items if "corner" in item]
    more = {"corner": torch.from_numpy(np.stack(corners))} if corners else {}
    return (
        stack_views([item["image"] for item in items])
        | more
        | {
            "boxes": torch.from_numpy(boxes),
            "labels": torch.from_numpy(labels),
            "count": torch.from_numpy(counts),
            "image_id": torch.tensor([item["image_id"] for item in items]),
            "size": torch.from_numpy(np.stack([item["size"] for item in items])),
            "extent": torch.from_numpy(np.stack([item["extent"] for item in items])),
        }
    )

"""Images as encoded files, for a device that decodes whole batches."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from tasks.images.files import Box, opened, whole_jpeg
from tasks.images.loading import File, Region, excerpt, load_view

ADOBE_RGB = 0  # in Adobe's marker: the components are red, green and blue


class Encoded(NamedTuple):
    """A JPEG file that is not decoded yet, and how to decode it."""

    name: str
    """The file, for messages."""
    content: np.ndarray
    """uint8[n], the file."""
    size: tuple[int, int]
    """(height, width) of the picture as it is stored."""
    orientation: int
    """The EXIF orientation to turn it by, 1..8."""
    box: Box
    """The part to take, in pixels of the turned picture."""
    extent: tuple[int, int]
    """(h, w) to resample it to."""


class EncodedImages(NamedTuple):
    """The images of a batch: JPEG files, and the images that a loader process had to decode."""

    content: Tensor
    """uint8, the files one after the other."""
    files: list[Encoded]
    """The files, without their contents."""
    ends: list[int]
    """Where each file ends in `content`."""
    rows: list[int]
    """The row of each file in the batch."""
    pixels: Tensor
    """uint8[P, h, w, 3], the images that are decoded."""
    decoded: list[int]
    """Their rows in the batch."""


class FromFiles:
    """A data set that reads image files."""

    read: Callable[..., np.ndarray | Encoded] = staticmethod(load_view)
    """Reads an image, with the parameters of `load_view`."""

    def undecoded(self) -> Self:
        """The same data set, with images left undecoded if a device can decode them."""
        other = copy.copy(self)
        other.read = encoded_view
        return other


def encoded_view(
    path: File,
    size: tuple[int, int],
    box: Region = None,
    frame: tuple[int, int] | None = None,
    extent: tuple[int, int] | None = None,
) -> np.ndarray | Encoded:
    """The file and the part that `load_view` would take; a file for the CPU is decoded.

    Other formats, CMYK, Adobe's RGB and files without an end marker are decoded by the CPU.
    """
    with opened(path) as image:
        content = _jpeg(image)
        if content is not None:
            found = excerpt(image, path, box, frame)
            return Encoded(
                str(path),
                np.frombuffer(content, np.uint8),
                (image.height, image.width),
                found.orientation,
                found.box,
                extent or size,
            )
    return load_view(path, size, box, frame, extent)


def _jpeg(image: Any) -> bytes | None:
    """The content of an open image's file if it is a JPEG that a GPU decodes as libjpeg does."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("RGB", "L"):
        return None
    names = [layer[0] for layer in getattr(image, "layer", [])]
    if names == [*b"RGB"] or image.info.get("adobe_transform") == ADOBE_RGB:
        return None
    return whole_jpeg(image)


def stack_views(views: Sequence[np.ndarray | Encoded]) -> dict[str, Any]:
    """The images of a batch, under the key `image` or `encoded`.

    - `image` uint8[B, 3, h, w] in channels_last memory format, if all are decoded
    - `encoded` EncodedImages otherwise
    """
    decoded = [row for row, view in enumerate(views) if isinstance(view, np.ndarray)]
    pixels = [torch.from_numpy(view) for view in views if isinstance(view, np.ndarray)]
    # in a worker process, default_collate stacks directly into memory shared with the trainer
    stacked: Tensor = default_collate(pixels) if pixels else torch.empty(0, dtype=torch.uint8)
    if len(decoded) == len(views):
        return {"image": stacked.permute(0, 3, 1, 2)}
    rows = [row for row, view in enumerate(views) if isinstance(view, Encoded)]
    files = [view for view in views if isinstance(view, Encoded)]
    ends = np.cumsum([len(file.content) for file in files]).tolist()
    content = torch.from_numpy(np.concatenate([file.content for file in files]))
    named = [file._replace(content=np.empty(0, np.uint8)) for file in files]
    return {"encoded": EncodedImages(content, named, ends, rows, stacked, decoded)}

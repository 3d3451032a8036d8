"""Batches of photographs, with where they were taken."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tasks.data.labelled_images import LabelledImages, collate_labelled
from tasks.geolocation.photographs import PlaceIndex


class LocatedImages(LabelledImages):
    """LabelledImages whose labels are cells, -1 for none.

    An item also has `position` float64[2], latitude and longitude in degrees.
    """

    index: PlaceIndex

    def __getitem__(self, key: int | tuple[int, int]) -> dict[str, Any]:
        item = super().__getitem__(key)
        return item | {"position": self.index.positions[item["image_id"]]}


def collate_places(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Make a batch of B items: what `collate_labelled` makes of them, and `position` float32[B, 2].

    Single precision resolves 1 m, and every accelerator has it.
    """
    positions = np.stack([item["position"] for item in items]).astype(np.float32)
    return collate_labelled(items) | {"position": torch.from_numpy(positions)}

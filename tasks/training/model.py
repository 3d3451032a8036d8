"""A trained model that answers for images, for use in programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tasks.data.batches import Batch
from tasks.images.files import open_image
from tasks.images.loading import crop_resize, load_view
from tasks.training.checkpoints import Checkpoint
from tasks.training.learner import Learner
from tasks.training.metric import Prediction
from tasks.training.presenter import Answer
from tasks.training.restore import load_task


class Model:
    """A task with the weights of a checkpoint, in evaluation mode.

    Args:
        task: see `load_task`; it is folded, so from now on it can only answer.
        checkpoint: the one that it was rebuilt from.
        device: the one that computes.
    """

    def __init__(self, task: Learner[Any], checkpoint: Checkpoint, device: str | torch.device):
        self.device = torch.device(device)
        self.task, self.checkpoint = task.to(self.device), checkpoint
        self.task.fold()
        self.presenter = task.present()

    @classmethod
    def load(
        cls, path: str | Path, trust: Sequence[str] = (), device: str | torch.device = "cpu"
    ) -> Model:
        """The model of a checkpoint; see `load_task`."""
        task, checkpoint = load_task(path, trust)
        return cls(task, checkpoint, device)

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the network's input in pixels."""
        return self.checkpoint.size

    def pixels(self, path: str | Path, width: int, height: int) -> np.ndarray:
        """What the network sees of a file of `width` x `height` pixels, uint8[h, w, 3].

        It is decoded as by the loaders, possibly at a fraction of its size, so that the network
        sees exactly the pixels that it is scored on.
        """
        view = self.task.view
        box, extent = view.region(width, height, self.size), view.extent(width, height, self.size)
        return load_view(path, self.size, box, extent=extent)

    def pixels_of(self, image: Image.Image) -> np.ndarray:
        """What the network sees of an RGB image in memory, uint8[h, w, 3]."""
        view = self.task.view
        width, height = image.size
        box, extent = view.region(width, height, self.size), view.extent(width, height, self.size)
        return crop_resize(image, box, self.size, extent)

    def predict(self, pixels: Sequence[np.ndarray], sizes: Sequence[tuple[int, int]]) -> Prediction:
        """Raw answers, name -> tensor with one row per image.

        Args:
            pixels: for each image uint8[h, w, 3], see `pixels`.
            sizes: for each image its file's (height, width).
        """
        extents = [self.task.view.extent(width, height, self.size) for height, width in sizes]
        batch: Batch = {
            "image": torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2),
            "size": torch.tensor(sizes),
            "extent": torch.tensor(extents, dtype=torch.float32),
        }
        with torch.inference_mode():
            return self.task.predict({k: v.to(self.device) for k, v in batch.items()})

    def answer(self, path: str | Path) -> Answer:
        """The answer for an image file, as plain values; boxes in pixels of the file.

        Raises:
            InputError: the file cannot be read as an image.
        """
        image = open_image(path)
        prediction = self.predict(
            [self.pixels(path, image.width, image.height)], [(image.height, image.width)]
        )
        return self.presenter.describe(prediction, 0)

    def draw(self, path: str | Path, answer: Answer) -> Image.Image:
        """The image with its answer."""
        return self.presenter.draw(open_image(path), answer)

"""Pictures of each validation, for users who watch a run in TensorBoard."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image

from tasks.data.batches import Batch
from tasks.training.learner import Learner
from tasks.training.metric import Prediction


class ValidationPictures(Callback):
    """Shows the answers for some validation images in TensorBoard, always the same images.

    The main process computes the answers again, for a dozen images. If a picture fails, a warning
    says so. Among a trainer's callbacks it comes before the moving average, so that the averaged
    weights answer, as in the validation.
    """

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the pictures and log them."""
        if not trainer.is_global_zero or trainer.sanity_checking:
            return
        boards = [one for one in trainer.loggers if isinstance(one, TensorBoardLogger)]
        assert isinstance(pl_module, Learner)
        try:
            pictures = draw(pl_module, trainer)
        except Exception as error:
            print(f"warning: no pictures of this validation: {error}", file=sys.stderr)
            return
        step = max(trainer.global_step - 1, 0)  # the step of the scores
        for board in boards:
            for name, pixels in pictures.items():
                board.experiment.add_image(f"val/{name}", pixels, step, dataformats="HWC")


def draw(task: Learner[Any], trainer: Trainer) -> dict[str, np.ndarray]:
    """The pictures of a validation by name, uint8[H, W, 3]."""

    def predict(batch: Batch) -> Prediction:
        moved = {name: value.to(task.device) for name, value in batch.items()}
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            return task.predict(moved)

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in task.present().watched(task.data, predict).items():
            path = Path(folder, "picture.png")
            picture(path)
            with Image.open(path) as image:
                found[name] = np.asarray(image.convert("RGB"))
    return found

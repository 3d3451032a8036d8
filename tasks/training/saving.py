"""Writing checkpoints: complete or not at all, with everything that rebuilds the model."""

import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import OmegaConf

from backbone.files import write_atomically
from tasks.runs.directory import RunDirectory
from tasks.runs.names import described
from tasks.training.checkpoint_content import checksum
from tasks.training.checkpoints import FORMAT
from tasks.training.learner import Learner


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a temporary file and renames it, so that a kill leaves the earlier checkpoint."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save to `path` with a checksum of the weights, or leave `path` unchanged."""
        checkpoint = checkpoint | {"checksum": checksum(checkpoint["state_dict"])}
        with write_atomically(Path(path)) as partial, partial.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())


class Description(Callback):
    """Adds the configuration, the labels and the scores to every checkpoint, as plain values.

    The configuration has stable names instead of import paths, see `tasks.runs.names`.
    """

    def __init__(self, directory: RunDirectory):
        self.directory = directory

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add `format`, `config`, `labels`, and the last evaluation's `scores` and `chosen`."""
        assert isinstance(pl_module, Learner)
        checkpoint["format"] = FORMAT
        checkpoint["config"] = described(OmegaConf.to_container(self.directory.config))
        checkpoint["labels"] = pl_module.labels.to_dict()
        result = pl_module.result
        # as floats, since numpy's numbers are not plain values
        scores = None if result is None else {k: float(v) for k, v in result.metrics.items()}
        checkpoint["scores"] = scores
        checkpoint["chosen"] = {k: float(v) for k, v in pl_module.chosen.items()}

"""Checkpoints: tensors and plain containers, whole or absent, and enough to rebuild the model."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from backbone.files import write_atomically


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames, so that a kill leaves the earlier checkpoint."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save to `path`, or leave `path` as it was."""
        with write_atomically(Path(path)) as partial, partial.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())


class Description(Callback):
    """Puts the configuration, the labels and the scores into every checkpoint, as plain values."""

    def __init__(self, config: DictConfig):
        self.config = OmegaConf.to_container(config)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Add `config`, `labels`, and the `scores` of the last evaluation, if there was one."""
        checkpoint["config"] = self.config
        checkpoint["labels"] = pl_module.labels.to_dict()
        checkpoint["scores"] = None if pl_module.result is None else pl_module.result.metrics


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint of this suite, on the CPU.

    Raises:
        InputError: no such file; damaged or cut short; not a checkpoint of this suite.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such checkpoint")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path} is damaged or no checkpoint ({reason}; {path.stat().st_size} bytes): "
            "take another file, or train again with fresh=true"
        ) from error
    if (
        not isinstance(checkpoint, dict)
        or not {"config", "labels", "state_dict"} <= checkpoint.keys()
    ):
        raise InputError(
            f"{path} is no checkpoint of this suite: it carries no configuration. Weights of a "
            "trunk are loaded with backbone.weights=FILE.safetensors"
        )
    return checkpoint

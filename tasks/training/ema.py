"""The moving average of the weights, which a run scores and saves."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor


class WeightEMA(Callback):
    """Exponential moving average of parameters and batch statistics, updated after each step.

    Lightning's own averaging callback reads a counter on the device at every update, which makes
    the host wait; this one does not, and updates all tensors in one call.

    Validation and a checkpoint's `state_dict` use the average. The weights in training are saved in
    the checkpoint too, so that a continued run is identical to an uninterrupted one.

    Args:
        decay: weight of the past in each update. Early on it is lower, (1 + n) / (10 + n) after n
            updates, so that the random start is forgotten (TensorFlow's rule).
    """

    def __init__(self, decay: float):
        self.decay = decay
        self.updates = 0
        self.average: dict[str, Tensor] = {}
        self.swapped = False

    @staticmethod
    def tensors(module: LightningModule) -> dict[str, Tensor]:
        """The floating-point tensors of a module's state, by name; they share its storage."""
        return {k: v for k, v in module.state_dict().items() if v.is_floating_point()}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start from the present weights, or from the checkpoint's average."""
        restored = self.average
        self.average = {k: v.detach().clone() for k, v in self.tensors(pl_module).items()}
        for name, tensor in restored.items():
            self.average[name].copy_(tensor)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *args: Any, **kwargs: Any
    ) -> None:
        """Move the average towards the weights, once per optimizer step."""
        if trainer.global_step == self.updates:
            return  # gradients are still being accumulated
        self.updates = trainer.global_step
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        current = self.tensors(pl_module)
        torch._foreach_lerp_(list(self.average.values()), list(current.values()), 1 - decay)

    def swap(self, pl_module: LightningModule) -> None:
        """Exchange the module's weights and the average."""
        for name, tensor in self.tensors(pl_module).items():
            held = tensor.clone()
            tensor.copy_(self.average[name])
            self.average[name].copy_(held)
        self.swapped = not self.swapped

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Score the average."""
        if self.average and not self.swapped:
            self.swap(pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Continue training the weights."""
        if self.swapped:
            self.swap(pl_module)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Undo a swap that the exception interrupted."""
        if self.swapped:
            self.swap(pl_module)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save the average as the weights, and the weights in training under another key."""
        weights = {k: v.clone() for k, v in self.tensors(pl_module).items()}
        average = {k: v.clone() for k, v in self.average.items()}
        if self.swapped:
            weights, average = average, weights
        checkpoint["training_state_dict"] = checkpoint["state_dict"] | weights
        checkpoint["state_dict"] = checkpoint["state_dict"] | average
        checkpoint["ema_updates"] = self.updates

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the average, and load the weights in training into the module."""
        if trainer.state.fn != "fit":
            return
        average = checkpoint["state_dict"]
        self.average = {k: v for k, v in average.items() if v.is_floating_point()}
        self.updates = checkpoint["ema_updates"]
        pl_module.load_state_dict(checkpoint["training_state_dict"])

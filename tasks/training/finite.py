"""Stop a run if its loss or its weights are not finite, before anything is saved.

With a gradient scaler (16-mixed), the gradients of a step may overflow while its loss is finite.
The scaler then leaves the weights unchanged and halves its scale: the step counts for the schedule
and for the average of the weights, but is not an error. It is an error if this happens again and
again.
"""

from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from backbone.errors import InputError, number_of
from tasks.data.batches import Batch, image_ids
from tasks.training.metric import gather_all

# A scaler starts at 65,536 and is halved by each step that overflows. Below 1 the gradients
# overflow although they are not enlarged, and nothing is learned.
LEAST_SCALE = 1.0


class FiniteLoss(Callback):
    """Stops a run whose loss is not finite, without making every step wait for the device.

    Losses, and the gradient scaler, are checked at the steps that are logged, at the end of an
    epoch, and before a validation or a checkpoint; before these two, the weights are checked too.
    """

    def __init__(self) -> None:
        self.unchecked: list[tuple[Tensor, dict[str, Tensor]]] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check an optimizer's state that was restored from a file."""
        for optimizer in trainer.optimizers:
            require_sound_state(optimizer)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check losses and weights before they are scored."""
        self.check(trainer)
        require_finite(pl_module.state_dict(), f"after step {trainer.global_step} the weights")

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Remember the step's loss and its images."""
        self.unchecked.append((outputs["loss"].detach(), image_ids(batch)))
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self.check(trainer)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Check losses and weights before a checkpoint is written."""
        self.check(trainer)
        require_finite(checkpoint["state_dict"], f"after step {trainer.global_step} the weights")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check at the end of an epoch."""
        self.check(trainer)

    def check(self, trainer: Trainer) -> None:
        """Check the losses since the last check, in all processes.

        Raises:
            InputError: a loss is not finite; the message names the images of the first such batch.
                Or the gradients have overflowed in so many steps that nothing is learned.
        """
        unchecked, self.unchecked = self.unchecked, []
        if not unchecked:
            return
        finite = torch.stack([loss for loss, _ in unchecked]).isfinite()
        # the loss of one process spoils the weights of all processes, and none may save them
        reduced = trainer.strategy.reduce(finite.float(), reduce_op="min")
        assert isinstance(reduced, Tensor)
        together = reduced.tolist()
        if all(together):
            require_useful_scale(trainer)
            return
        first = together.index(0)
        seen = {} if finite[first] else unchecked[first][1]
        own = [f"{part}{i}" for part, ids in seen.items() for i in ids.tolist()]
        ids = [i for share in gather_all(own, trainer.world_size) for i in share]
        raise InputError(
            f"the loss is not finite in the batch of images {', '.join(ids)} (at most "
            f"{number_of(len(unchecked), 'step')} before step {trainer.global_step}): look at "
            f"their boxes and pictures, or lower optimizer.lr{instead_of_float16(trainer)}"
        )


def require_sound_state(optimizer: Optimizer) -> None:
    """Check that an optimizer's state fits its parameters, before fused code reads it.

    Raises:
        InputError: a tensor of the state is not finite; or it has another shape than its
            parameter, and the optimizer has fused code.
    """
    has_fused_code = "fused" in optimizer.defaults  # others, such as Adafactor, keep other shapes
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if not isinstance(value, Tensor):
                continue
            if has_fused_code and value.ndim and value.shape != parameter.shape:
                wrong = f"has the shape {list(value.shape)}, not {list(parameter.shape)}"
            elif not value.isfinite().all():
                wrong = "is not finite"
            else:
                continue
            raise InputError(
                f"the checkpoint's state of the optimizer is damaged: {name} of a parameter "
                f"{wrong}. Use another checkpoint, or start over with fresh=true"
            )


def require_useful_scale(trainer: Trainer) -> None:
    """Raise InputError if a gradient scaler has been halved so often that nothing is learned."""
    scaler = gradient_scaler(trainer)
    if scaler is not None and scaler.get_scale() < LEAST_SCALE:
        raise InputError(
            f"the gradients overflow in float16 at step {trainer.global_step} even at a scale of "
            f"{scaler.get_scale():g}, so that nothing is learned: lower optimizer.lr"
            f"{instead_of_float16(trainer)}"
        )


def gradient_scaler(trainer: Trainer) -> torch.amp.GradScaler | None:
    """The scaler of a run in 16-mixed; None for other precisions."""
    return getattr(trainer.precision_plugin, "scaler", None)


def instead_of_float16(trainer: Trainer) -> str:
    """Further advice for a run in float16, as the end of a sentence; empty for other runs."""
    if gradient_scaler(trainer) is None:
        return ""
    return ", or train with trainer.precision=32-true"


def require_finite(tensors: Mapping[str, Tensor], what: str) -> None:
    """Raise InputError if a tensor of weights contains a value that is not finite.

    Args:
        tensors: by name, all on one device.
        what: subject of the message, such as "the weights".
    """
    floating = {name: t for name, t in tensors.items() if t.is_floating_point()}
    if not floating:
        return
    finite = torch.stack([t.isfinite().all() for t in floating.values()]).tolist()
    bad = [name for name, good in zip(floating, finite, strict=True) if not good]
    if bad:
        raise InputError(
            f"{what} are not finite in {len(bad)} of {len(floating)} tensors, the first of which "
            f"is {bad[0]}: the training has diverged; lower optimizer.lr and start over with "
            "fresh=true"
        )

"""Ending a run whose monitored score has stopped improving."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping

from backbone.errors import number_of


class EarlyStop(EarlyStopping):
    """Lightning's early stopping, which also works across interruptions.

    It counts validations without a better score. The count is in last.ckpt, so a run that was
    killed between its last validation and its result does not train further. The patience is always
    that of the configuration, so a continued run may have another.

    Args:
        monitor, mode: the score that picks the best checkpoint, see Task.
        patience: number of validations without a better score after which a run ends.
    """

    def __init__(self, monitor: str, mode: str, patience: int):
        super().__init__(
            f"val/{monitor}", patience=patience, mode=mode, check_on_train_epoch_end=False
        )
        self.ended_after: int | None = None  # epochs, if this callback ended the training

    @property
    def exhausted(self) -> bool:
        """Whether the last validations, as many as the patience allows, brought no better score."""
        return self.wait_count >= self.patience

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the count and the best score, but not the patience."""
        super().load_state_dict(state_dict | {"patience": self.patience})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End a continued run at once if it had already ended."""
        if self.exhausted:
            trainer.should_stop = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print why the run ends."""
        if not self.exhausted:
            return
        # kept here, since a test restores best.ckpt's count
        self.ended_after = trainer.current_epoch
        if trainer.is_global_zero:
            print(
                f"stopped after epoch {trainer.current_epoch} of {trainer.max_epochs}: no better "
                f"{self.monitor.removeprefix('val/')} in "
                f"{number_of(self.wait_count, 'validation')} (early_stop.patience={self.patience})"
            )


def stopped_early(trainer: Trainer) -> int | None:
    """The epochs after which early stopping ended a run; None if it did not."""
    callback = trainer.early_stopping_callback
    return callback.ended_after if isinstance(callback, EarlyStop) else None

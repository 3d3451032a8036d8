"""Ending a run whose monitored score has stopped improving."""

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping


class EarlyStop(EarlyStopping):
    """Lightning's early stopping, which a continued run keeps to.

    It counts validations without a better score. The count is in last.ckpt; a run that was killed
    after its last validation, before its result, trains no further. The patience is always the
    configuration's own, so that a continued run may have another.

    Args:
        monitor, mode: the score that picks the best checkpoint, see Task.
        patience: validations without a better score after which a run ends.
    """

    def __init__(self, monitor: str, mode: str, patience: int):
        super().__init__(
            f"val/{monitor}", patience=patience, mode=mode, check_on_train_epoch_end=False
        )
        self.ended_after: int | None = None  # epochs, where this callback ended the training

    @property
    def exhausted(self) -> bool:
        """Whether as many validations as the patience allows brought nothing better."""
        return self.wait_count >= self.patience

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the count and the best score, but not the patience."""
        super().load_state_dict(state_dict | {"patience": self.patience})

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End a continued run at once where it had ended."""
        if self.exhausted:
            trainer.should_stop = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say why the run ends."""
        if not self.exhausted:
            return
        self.ended_after = trainer.current_epoch  # noted: a test takes the count of best.ckpt over
        if trainer.is_global_zero:
            print(
                f"stopped after epoch {trainer.current_epoch} of {trainer.max_epochs}: no better "
                f"{self.monitor.removeprefix('val/')} in {self.wait_count} validations "
                f"(early_stop.patience={self.patience})"
            )


def stopped_early(trainer: Trainer) -> int | None:
    """The epochs after which early stopping ended a run; None where it did not."""
    callback = trainer.early_stopping_callback
    return callback.ended_after if isinstance(callback, EarlyStop) else None

"""The base of everything that a run trains and scores: steps, optimizer and evaluations."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from backbone.head import Head
from tasks.data.batches import images_in
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.images.preprocessing import Augmentation
from tasks.images.view import View
from tasks.training.answerer import Answerer
from tasks.training.clipping import clip_gradients
from tasks.training.finite import gradient_scaler, require_finite
from tasks.training.metric import MetricResult
from tasks.training.presenter import Data
from tasks.training.recipe import Recipe


class Learner(Answerer, Generic[Data]):
    """A network that a run trains and scores: one task, or several on one trunk.

    Args:
        head: the network that is trained.
        labels: the meaning of its outputs.
        recipe: how it is optimised; None for a task that only answers.
        seed: the run's seed.
        view: the part of an image that the network sees in evaluation; None: the whole image,
            stretched.
        augmentation: random changes of training images on the device; None: no changes.
    """

    monitor: str  # the score that picks the best checkpoint
    mode = "max"
    units: ClassVar[Mapping[str, str]] = {}  # for scores that are not shares: name -> "km"
    falling: ClassVar[frozenset[str]] = frozenset()  # further scores of which less is better

    def __init__(
        self,
        head: Head,
        labels: Labels,
        recipe: Recipe | None = None,
        seed: int = 0,
        view: View | None = None,
        augmentation: Augmentation | None = None,
    ):
        super().__init__(head, labels, view, augmentation)
        self.seed, self._recipe = seed, recipe
        if recipe is not None and recipe.freeze_trunk:
            # before the optimizer is built, and before the processes agree on the trainable
            # parameters
            head.trunk.requires_grad_(False)
        self.result: MetricResult | None = None  # of the last evaluation
        self._epoch_of_mode: int | None = None  # the epoch for which the trunk's mode was set

    @property
    def recipe(self) -> Recipe:
        """How the task is optimised."""
        assert self._recipe is not None, "a task without a recipe answers, and cannot be trained"
        return self._recipe

    @property
    def data(self) -> Data:
        """The data module of the run."""
        return self.trainer.datamodule  # type: ignore[attr-defined, no-any-return]

    # training

    @abstractmethod
    def loss(self, batch: Any) -> dict[str, Tensor]:
        """Named loss terms of a training batch, including a teacher's."""

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """The quantity that is minimised: the sum of the loss terms."""
        return torch.stack(list(terms.values())).sum()

    @abstractmethod
    def compiled_methods(self) -> list[tuple[nn.Module, str]]:
        """The methods of a step and of an answer that a run compiles, as (owner, name)."""

    def on_fit_start(self) -> None:
        """Get the teacher ready."""
        self.begin_teaching()

    def on_train_start(self) -> None:
        """Log at least one step of each epoch, however short it is."""
        trainer = self.trainer
        every = min(trainer.log_every_n_steps, self.data.steps_per_epoch())  # type: ignore[attr-defined]
        trainer.log_every_n_steps = every  # type: ignore[attr-defined]

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Make the step depend only on weights, batch and step number: then it can be repeated."""
        step = self.trainer.fit_loop.epoch_loop.total_batch_idx
        torch.manual_seed((self.seed * 1_000_003 + step) * 4099 + self.global_rank)
        if self._epoch_of_mode != self.current_epoch:
            self._epoch_of_mode = self.current_epoch
            self.set_modes(self.current_epoch)

    def set_modes(self, epoch: int) -> None:
        """Set which parameters learn in an epoch."""
        self.recipe.set_trunk_mode(self.head.trunk, epoch)

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Any]:
        """The `loss`, and the terms for reports; both are logged without waiting for the device."""
        terms = self.loss(batch)
        total = self.total(terms)
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if (self.trainer.global_step + 1) % every == 0:  # only steps that reach the logger
            size = images_in(batch)
            logged = {f"train/{name}": value.detach() for name, value in terms.items()}
            self.log_dict(logged, batch_size=size, sync_dist=True)
            self.log("train/loss", total.detach(), prog_bar=True, batch_size=size, sync_dist=True)
        losses = {name: value.detach() for name, value in {**terms, "loss": total}.items()}
        return {"loss": total, "losses": losses}

    def configure_optimizers(self) -> Any:
        """The recipe for this run's effective batch and its number of steps."""
        trainer, data = self.trainer, self.data
        batch = data.batch_size * trainer.world_size * trainer.accumulate_grad_batches
        assert trainer.max_epochs is not None
        steps = trainer.max_epochs * data.steps_per_epoch()
        if trainer.max_steps >= 0:
            steps = min(steps, data.planned_step(trainer.max_steps))
        optimizer, schedule = self.recipe.build(self, batch, steps, data.planned_step(0))
        self._schedule, self._rates = schedule, list(schedule.base_lrs)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def replan(self) -> None:
        """Set the learning rates of the next step to those in this run's own plan."""
        schedule = self._schedule
        schedule.base_lrs = self._rates
        factors = [of(schedule.last_epoch) for of in schedule.lr_lambdas]
        groups = zip(schedule.optimizer.param_groups, self._rates, factors, strict=True)
        for group, rate, factor in groups:
            group["initial_lr"], group["lr"] = rate, rate * factor
        schedule._last_lr = [group["lr"] for group in schedule.optimizer.param_groups]

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradients with any optimizer and precision, even if Lightning would refuse."""
        if gradient_clip_val:
            scaler = gradient_scaler(self.trainer)
            clip_gradients(optimizer, scaler, gradient_clip_val, gradient_clip_algorithm)

    # scoring: validation and test do the same on two splits

    @abstractmethod
    def start_scoring(self, testing: bool) -> None:
        """Start the metrics of a test, or of a validation."""

    @abstractmethod
    def log_scores(self, stage: str) -> None:
        """Compute the metrics once over all processes, keep their results and log their scores.

        Args:
            stage: val or test.
        """

    @abstractmethod
    def results(self, data: Data) -> list[tuple[str, Any, DataModule]]:
        """Of the last evaluation: the prefix of its scores' names, its result and its data.

        There is one entry; a joint task has one per part.
        """

    @abstractmethod
    def baselines(self, data: Data) -> dict[str, dict[str, float]]:
        """The scores, on the reported split, of answers that need no network, by name."""

    def on_validation_start(self) -> None:
        """Start the metrics, and copy the main process's batch statistics.

        In training each process collects its own; a checkpoint contains those of the main one.
        """
        self.share_statistics()
        self._folded.clear()
        self.start_scoring(testing=False)

    def share_statistics(self) -> None:
        """Copy the main process's batch statistics."""
        if self.trainer.world_size > 1:
            for buffer in self.buffers():
                torch.distributed.broadcast(buffer, 0)

    def on_test_start(self) -> None:
        """Start the metrics, after a check that the weights are finite."""
        require_finite(self.state_dict(), "the weights to be scored")
        self._folded.clear()
        self.start_scoring(testing=True)
        self.begin_teaching()  # mode=evaluate never starts a fit

    def on_validation_epoch_end(self) -> None:
        """Score the whole split."""
        self.log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Score the whole split."""
        self.log_scores("test")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the settings that the checkpoint's validation chose."""
        self.take_choices(checkpoint.get("chosen", {}))

    # learning from a teacher

    @abstractmethod
    def learn_from(self, teaching: Any) -> None:
        """Take a teacher, before anything is trained.

        Args:
            teaching: a `Teaching`; for a joint task, one per part.

        Raises:
            InputError: teacher and student do not fit together.
        """

    @abstractmethod
    def begin_teaching(self) -> None:
        """Get the teacher ready, if there is one; it may be scored before it teaches."""

    @abstractmethod
    def describe_teacher(self) -> dict[str, Any] | None:
        """Facts about the teacher for a result, as plain values; None without a teacher."""

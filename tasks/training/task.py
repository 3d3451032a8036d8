"""The base of every task: a head trained and scored, with the steps written once."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Generic

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim import Optimizer

from backbone.folding import folded
from backbone.head import Head
from tasks.data.module import Batch, DataModule, Labels, images_in
from tasks.images.preprocessing import Augmentation, Preprocess
from tasks.images.view import View
from tasks.training.clipping import clip_gradients
from tasks.training.finite import gradient_scaler, require_finite
from tasks.training.metric import Metric, MetricResult, Prediction, compute_over_processes
from tasks.training.presenter import Data, Presenter
from tasks.training.recipe import Recipe
from tasks.training.teaching import Surroundings, Teaching


class Task(LightningModule, Generic[Data]):
    """A head on a trunk, with its losses, its answer and its score.

    A subclass defines `terms`, `predict` and `make_metric`, and names in `monitor` and `mode` the
    score that picks the best checkpoint; in `falling`, further scores of which less is better. Its
    constructor accepts these arguments by keyword, and any options of its own from `task.module`.

    Args:
        head: the network that is trained.
        labels: what its outputs mean.
        recipe: how it is optimised; None for a task that only answers.
        seed: of the run.
        view: the part of an image that evaluation looks at; None: the whole image, stretched.
        augmentation: how training images vary on the device; None: not at all.
    """

    head: Head
    monitor: str
    mode = "max"
    units: ClassVar[Mapping[str, str]] = {}  # of scores that are not shares: name -> "km"
    falling: ClassVar[frozenset[str]] = frozenset()  # scores of which less is better
    presenter: ClassVar[type[Presenter[Any]]] = Presenter
    outputs_are_labels = True  # output k is about label k; a teacher's outputs must match them
    deploys: ClassVar[Mapping[str, str]] = {}  # what the outputs of `deploy` are: name -> words
    metric: Metric  # of the evaluation in progress

    def __init__(
        self,
        head: Head,
        labels: Labels,
        recipe: Recipe | None = None,
        seed: int = 0,
        view: View | None = None,
        augmentation: Augmentation | None = None,
    ):
        super().__init__()
        self.head, self.labels, self.seed = head, labels, seed
        self._recipe, self.view = recipe, view or View()
        self.preprocess = Preprocess(head.trunk.normalization, augmentation)
        if recipe is not None and recipe.freeze_trunk:
            # before the optimizer is built, and before processes agree on what learns
            head.trunk.requires_grad_(False)
        self.result: MetricResult | None = None  # of the last evaluation
        self.chosen: dict[str, float] = {}  # see `choose`; a checkpoint holds them
        self.chosen_on = "val"  # the split that they were chosen on
        self.teaching: Teaching | None = None  # the teacher, see tasks.distillation
        self._epoch_of_mode: int | None = None  # the epoch that the trunk's mode was set for
        # of the evaluation in progress; in a list, where it is no part of the module
        self._folded: list[Head] = []
        self.is_compiled = False  # set by Compilation: compiled graphs hold the head itself

    @property
    def recipe(self) -> Recipe:
        """How the task is optimised."""
        assert self._recipe is not None, "a task without a recipe answers, and cannot be trained"
        return self._recipe

    @property
    def data(self) -> Data:
        """The data module of the run."""
        return self.trainer.datamodule  # type: ignore[attr-defined, no-any-return]

    # what a task is

    @abstractmethod
    def terms(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Named loss terms of the head's outputs for a batch that `augmented` returned."""

    @abstractmethod
    def predict(self, batch: Batch) -> Prediction:
        """The answer for a batch: name -> tensor with one row per image."""

    @abstractmethod
    def make_metric(self, data: Data, split: str) -> Metric:
        """A fresh metric for a split of the data."""

    def target(self, batch: Batch) -> Tensor:
        """What the metric compares a prediction with: by default the images' rows in the split."""
        return batch["image_id"]

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """A training batch's images as the head reads them, and the batch that goes with them.

        Random flips, colours and mixtures happen here, on the device.
        """
        return self.preprocess.augment(batch["image"])[0], batch

    def network(self, images: Tensor) -> Any:
        """All that an answer computes for normalised images; the run's cost is counted here."""
        return self.head(images)

    def scored(self, batch: Batch) -> Prediction:
        """What the metric takes in: the answer, and a teacher's outputs where it compares them."""
        return self.predict(batch)

    def deploy(self, images: Tensor) -> Prediction:
        """All that an exported file computes, from pixels to the answer.

        `predict`, by default, which must then need nothing but the images.

        Args:
            images: uint8[B, 3, h, w], as the loaders give them.

        Returns:
            Name -> tensor with one row per image.
        """
        return self.predict({"image": images})

    def deployed(self, outputs: Prediction, batch: Batch) -> Prediction:
        """What `scored` gives for a batch, from the outputs of an exported file for its images.

        Args:
            outputs: as `deploy` returns them.
            batch: of the loaders, or as `Model.predict` makes it.
        """
        return outputs

    def results(self, data: Data) -> list[tuple[str, Any, DataModule]]:
        """What the last evaluation found: the beginning of its scores' names, result and data.

        There is one; of a joint task one for each part.
        """
        return [("", self.result, data)]

    def baselines(self, data: Data) -> dict[str, dict[str, float]]:
        """Scores on the reported split of answers that need no network, by name."""
        return {}

    def choose(self, result: Any) -> dict[str, float]:
        """Settings of the answer that an evaluation finds best, such as a score threshold.

        The last validation's go into the checkpoint, and from there to prediction.

        Args:
            result: what the metric computed.
        """
        return {}

    def present(self) -> Presenter[Any]:
        """What describes and draws this task's answers."""
        presenter = self.presenter(self.labels)
        presenter.chosen, presenter.chosen_on = dict(self.chosen), self.chosen_on
        return presenter

    # training

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Named loss terms of a training batch, including a teacher's; their sum is minimised."""
        images, batch = self.augmented(batch)
        if self.teaching is None:
            return self.learn(images, batch)
        outputs = self.teaching.run(self.head, images)
        return self.teaching.terms(outputs, images, batch, self.terms)

    def learn(self, images: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Loss terms of what `augmented` returned: what a run compiles as one graph."""
        return self.terms(self.head(images), batch)

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """What is minimised: the sum of the loss terms."""
        return torch.stack(list(terms.values())).sum()

    def on_fit_start(self) -> None:
        """Get the teacher ready."""
        self.begin_teaching()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Make the step a function of weights, batch and step number: it can be repeated."""
        step = self.trainer.fit_loop.epoch_loop.total_batch_idx
        torch.manual_seed((self.seed * 1_000_003 + step) * 4099 + self.global_rank)
        if self._epoch_of_mode != self.current_epoch:
            self._epoch_of_mode = self.current_epoch
            self.set_modes(self.current_epoch)

    def set_modes(self, epoch: int) -> None:
        """Set what learns in an epoch."""
        self.recipe.set_trunk_mode(self.head.trunk, epoch)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """The `loss`, and what a report adds up; both are logged without waiting for the device."""
        terms = self.loss(batch)
        total = self.total(terms)
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if (self.trainer.global_step + 1) % every == 0:  # the steps that reach the logger
            size = images_in(batch)
            logged = {f"train/{name}": value.detach() for name, value in terms.items()}
            self.log_dict(logged, batch_size=size, sync_dist=True)
            self.log("train/loss", total.detach(), prog_bar=True, batch_size=size, sync_dist=True)
        losses = {name: value.detach() for name, value in {**terms, "loss": total}.items()}
        return {"loss": total, "losses": losses}

    def configure_optimizers(self) -> Any:
        """The recipe for this run's effective batch and number of steps."""
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
        """Set the learning rates of the next step to those of this run's own plan."""
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
        """Clip the gradients under any optimizer and precision, where Lightning would refuse."""
        if gradient_clip_val:
            scaler = gradient_scaler(self.trainer)
            clip_gradients(optimizer, scaler, gradient_clip_val, gradient_clip_algorithm)

    # scoring: validation and test are the same on two splits

    def on_validation_start(self) -> None:
        """Start a metric, and take over the main process's batch statistics.

        In training each process gathers its own; a checkpoint holds those of the main one.
        """
        self.share_statistics()
        self._folded.clear()
        self.metric = self.make_metric(self.data, "val")

    def share_statistics(self) -> None:
        """Take over the main process's batch statistics."""
        if self.trainer.world_size > 1:
            for buffer in self.buffers():
                torch.distributed.broadcast(buffer, 0)

    def on_test_start(self) -> None:
        """Start a metric, after checking that the weights are numbers."""
        require_finite(self.state_dict(), "the weights to be scored")
        self.begin_teaching()  # mode=evaluate never starts a fit
        self._folded.clear()
        self.metric = self.make_metric(self.data, self.data.reported)

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Add a batch's predictions to the metric."""
        with self.answering():
            prediction = self.scored(batch)
        self.metric.update({"image_id": batch["image_id"], **prediction}, self.target(batch))

    test_step = validation_step

    def on_validation_epoch_end(self) -> None:
        """Score the whole split."""
        self.log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Score the whole split."""
        self.log_scores("test")

    def log_scores(self, stage: str) -> None:
        """Compute the metric once over all processes, keep its result and log its scores."""
        self._folded.clear()
        self.result = compute_over_processes(self.metric, self.trainer.world_size)
        self.settle_choices(stage, self.data.reported)
        scores = self.result.metrics.items()
        self.log_dict({f"{stage}/{name}": float(value) for name, value in scores})

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over what the checkpoint's validation chose."""
        self.take_choices(checkpoint.get("chosen", {}))

    def take_choices(self, chosen: Mapping[str, float]) -> None:
        """Answer with the settings that a checkpoint's validation chose, see `choose`."""
        self.chosen = dict(chosen)

    def settle_choices(self, stage: str, reported: str) -> None:
        """Choose the settings of the answer by the last result, where that is its business.

        Args:
            stage: val or test.
            reported: the split that a test is about.
        """
        if stage == "val":
            self.chosen = self.choose(self.result)
        elif not self.chosen:  # nothing was validated: mode=evaluate
            self.chosen, self.chosen_on = self.choose(self.result), reported

    # for answers only

    def fold(self) -> None:
        """Answer with a folded copy of the head from now on; the task is not to be trained again.

        See `backbone.folding`.
        """
        self.head = folded(self.head)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer with a folded copy of the head in here, one for each evaluation, or for a teacher.

        Outside, the head is the trained one: no checkpoint or callback sees the copy. A compiled
        task answers with the head itself, since its graphs hold that one.
        """
        trained = self.head
        if self.is_compiled:
            yield
            return
        if not self._folded:
            self._folded.append(folded(trained))
        self.head = self._folded[0]
        try:
            yield
        finally:
            self.head = trained

    # with a teacher

    def describe_teacher(self) -> dict[str, Any] | None:
        """What a result says about the teacher, as plain values; None without one."""
        return None if self.teaching is None else dict(self.teaching.describe())

    def learn_from(self, teaching: Any) -> None:
        """Take a teacher, before anything is trained.

        Args:
            teaching: a `Teaching`; of a joint task one by part.

        Raises:
            InputError: teacher and student do not go together.
        """
        teaching.prepare(self)
        self.teaching = teaching

    def begin_teaching(self) -> None:
        """Get the teacher ready, if there is one; it may score itself before it teaches."""
        if self.teaching is None:
            return
        trainer = self.trainer
        surroundings = Surroundings(
            data=self.data,
            device=self.device,
            processes=trainer.world_size,
            is_main=trainer.is_global_zero,
            forward=trainer.precision_plugin.forward_context,
            to_device=trainer.strategy.batch_to_device,
        )
        self.teaching.begin(self, surroundings)

    def teacher_outputs(self, batch: Batch) -> Tensor | None:
        """The teacher's outputs float[B, D] for a batch that is scored; None if it has none."""
        if self.teaching is None:
            return None
        split = self.data.reported if self.trainer.testing else "val"
        return self.teaching.outputs(self.preprocess(batch["image"]), batch, split)

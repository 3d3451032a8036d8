"""The base of every task: the three steps, written once."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning.pytorch import LightningModule
from PIL.Image import Image
from torch import Tensor, nn
from torch.optim import Optimizer

from backbone.errors import InputError
from tasks.data.module import DataModule, Labels
from tasks.distillation.objective import Distillation
from tasks.images.files import Box
from tasks.images.preprocessing import Preprocess
from tasks.training.recipe import Recipe

Batch = dict[str, Tensor]


class MetricResult(Protocol):
    """What a metric computes."""

    metrics: dict[str, float]  # by their names in the literature


class Metric(Protocol):
    """A score over a whole data set, never an average of per-batch scores."""

    state: Any  # what another process needs to merge this one's share

    def update(self, prediction: dict[str, Tensor], target: Tensor) -> None:
        """Take in one batch."""

    def merge(self, states: list[Any]) -> None:
        """Become the sum of all processes' shares."""

    def compute(self) -> MetricResult:
        """Score all that was taken in."""


class Task(LightningModule):
    """A head on a trunk, with its losses, its answer and its score.

    A subclass makes `preprocess`, and says in `augment` whether training uses its random part; it
    gives `terms`, `predict` and `make_metric`, and names in `monitor` and `mode` the score that
    picks the best checkpoint.

    Args:
        head: the network; what is trained.
        labels: what its outputs mean.
        recipe: how it is optimised.
        seed: of the run.
    """

    preprocess: Preprocess
    augment: bool
    monitor: str
    mode = "max"
    outputs_are_labels = True  # output k is about label k; a teacher's must be the same ones

    def __init__(self, head: nn.Module, labels: Labels, recipe: Recipe, seed: int):
        super().__init__()
        self.head, self.labels, self.recipe, self.seed = head, labels, recipe, seed
        self.metric: Metric | None = None
        self.result: MetricResult | None = None  # of the last validation or test
        self.distillation: Distillation | None = (
            None  # what a teacher adds, see tasks.distillation.objective
        )
        self.unchecked: list[tuple[Tensor, Tensor]] = []
        self.mode_of_epoch: int | None = None  # the epoch that the trunk's mode was set for

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """A training batch's images as the head reads them, and the batch as it then is.

        Random flips, colours and mixtures happen here, on the device, and are in both.
        """
        if not self.augment:
            return self.preprocess(batch["image"]), batch
        return self.preprocess.augment(batch["image"])[0], batch

    @abstractmethod
    def terms(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Named loss terms of the head's outputs for a batch that `augmented` gave."""

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """Named loss terms of a training batch, a teacher's among them; their sum is minimised."""
        images, batch = self.augmented(batch)
        outputs = self.head(images)
        if self.distillation is None:
            return self.terms(outputs, batch)
        return self.distillation.terms(outputs, images, batch, self.terms)

    def network(self, images: Tensor) -> Any:
        """All that an answer computes: what its cost is counted of."""
        return self.head(images)

    @abstractmethod
    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """What a user wants back for a batch."""

    @abstractmethod
    def target(self, batch: Batch) -> Tensor:
        """What the metric compares a prediction with."""

    def view(self, width: int, height: int, size: tuple[int, int]) -> Box | None:
        """The part of an image that evaluation looks at, resized to `size` (h, w); None for all."""
        return None

    def extent(self, width: int, height: int, size: tuple[int, int]) -> tuple[int, int]:
        """(h, w) that the view takes up inside `size`, at its top left; the rest is padding."""
        return size

    @abstractmethod
    def describe(self, prediction: dict[str, Tensor], index: int) -> dict[str, Any]:
        """One image's part of a prediction, as plain values for JSON."""

    def compare(self, answer: dict[str, Any], path: Path) -> dict[str, Any]:
        """What an image's own file says of an answer to it, to show beside it; mostly nothing."""
        return {}

    @abstractmethod
    def tell(self, answer: dict[str, Any]) -> str:
        """What `describe` said, in one line."""

    @abstractmethod
    def draw(self, image: Image, answer: dict[str, Any]) -> Image:
        """An image with what `describe` said of it."""

    @abstractmethod
    def plot(self, data: DataModule, folder: Path) -> None:
        """Pictures of the last evaluation, for the run directory."""

    def baselines(self, data: DataModule) -> dict[str, dict[str, float]]:
        """Scores of answers that need no network, on the split that is reported, by name."""
        return {}

    @abstractmethod
    def make_metric(self, data: DataModule, split: str) -> Metric:
        """A fresh metric for a split of the data."""

    # training

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Make the step a function of weights, batch and step number: it can be repeated."""
        step = self.trainer.fit_loop.epoch_loop.total_batch_idx
        torch.manual_seed((self.seed * 1_000_003 + step) * 4099 + self.global_rank)
        if self.mode_of_epoch != self.current_epoch:
            self.mode_of_epoch = self.current_epoch
            self.set_trunk_mode(self.current_epoch)

    def set_trunk_mode(self, epoch: int) -> None:
        """Let the trunk learn in an epoch, or keep its weights or its batch statistics."""
        trunk, recipe = self.head.trunk, self.recipe
        learns = epoch >= recipe.freeze_trunk_epochs
        trunk.requires_grad_(learns).train(learns)
        if recipe.freeze_trunk_statistics:
            for module in trunk.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Sum the loss terms; log them now and then, never waiting for the device in between."""
        terms = self.loss(batch)
        total = torch.stack(list(terms.values())).sum()
        self.unchecked.append((total.detach(), batch["image_id"]))
        # the steps that Lightning hands to the logger
        if (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0:
            self.check_finite()
            size = len(batch["image_id"])
            terms = {f"train/{name}": value.detach() for name, value in terms.items()}
            self.log_dict(terms, batch_size=size, sync_dist=True)
            self.log("train/loss", total.detach(), prog_bar=True, batch_size=size, sync_dist=True)
        return total

    def check_finite(self) -> None:
        """Stop the run where a loss since the last check is not a number, in any of its processes.

        Raises:
            InputError: names the images of the first such batch.
        """
        unchecked, self.unchecked = self.unchecked, []
        if not unchecked:
            return
        finite = torch.stack([loss for loss, _ in unchecked]).isfinite()
        strategy = self.trainer.strategy
        # one process's loss spoils the weights of all, and none may save them
        together = strategy.reduce(finite.float(), reduce_op="min").tolist()
        if not all(together):
            first = together.index(0)
            own = [] if finite[first] else unchecked[first][1].tolist()
            ids = [i for share in gather_all(own, self.trainer.world_size) for i in share]
            raise InputError(
                f"the loss is not finite in the batch of images {', '.join(map(str, ids))} "
                f"(at most {len(unchecked)} steps before step {self.global_step}): look at their "
                "boxes and pictures, or lower optimizer.lr"
            )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Nothing is saved whose losses were not looked at."""
        self.check_finite()

    def on_train_epoch_end(self) -> None:
        """Nor does an epoch end."""
        self.check_finite()

    def configure_optimizers(self) -> dict[str, Any]:
        """The recipe, for this run's effective batch and number of steps."""
        trainer, data = self.trainer, self.trainer.datamodule
        batch = data.batch_size * trainer.world_size * trainer.accumulate_grad_batches
        steps = trainer.max_steps
        if steps < 0:
            steps = trainer.max_epochs * data.steps_per_epoch()
        optimizer, schedule = self.recipe.build(self, batch, steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradients, by norm or by value, under any optimizer and precision.

        Lightning refuses to clip for an optimizer that unscales gradients in its own step, as fused
        ones do, in bf16 too, where nothing is scaled. With a scaler the gradients are unscaled here
        first; its step then takes them as they are.
        """
        if not gradient_clip_val:
            return
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
            scaler.unscale_(optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        if gradient_clip_algorithm == "value":
            nn.utils.clip_grad_value_(parameters, gradient_clip_val)
        else:
            nn.utils.clip_grad_norm_(parameters, gradient_clip_val)

    def on_fit_start(self) -> None:
        """A teacher shows what it can before it teaches."""
        if self.distillation is not None:
            self.distillation.begin(self)

    # scoring: validation and test are one thing on two splits

    def on_validation_start(self) -> None:
        """A fresh metric, and in all processes the main one's batch statistics.

        In training each gathers its own; the main one's are what a checkpoint holds.
        """
        if self.trainer.world_size > 1:
            for buffer in self.buffers():
                torch.distributed.broadcast(buffer, 0)
        self.metric = self.make_metric(self.trainer.datamodule, "val")

    def on_test_start(self) -> None:
        """A fresh metric."""
        if self.distillation is not None:
            self.distillation.begin(self)  # mode=evaluate trains nothing
        data = self.trainer.datamodule
        self.metric = self.make_metric(data, data.reported)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Take the predictions in."""
        self.metric.update(self.scored(batch), self.target(batch))

    test_step = validation_step

    def on_validation_epoch_end(self) -> None:
        """Score the whole set once, all processes' shares together."""
        self.log_dict({f"val/{name}": value for name, value in self.scores().items()})

    def on_test_epoch_end(self) -> None:
        """Score the whole set once, all processes' shares together."""
        self.log_dict({f"test/{name}": value for name, value in self.scores().items()})

    def scores(self) -> dict[str, float]:
        """The metric over all processes."""
        self.result = compute_over_processes(self.metric, self.trainer.world_size)
        return self.result.metrics

    # beside a teacher

    def scored(self, batch: Batch) -> dict[str, Tensor]:
        """What the metric takes in: an answer, and where it compares them, a teacher's outputs."""
        return self.predict(batch)

    def teacher_outputs(self, batch: Batch) -> Tensor | None:
        """A teacher's outputs for a batch that is scored, where there is one that knows it."""
        if self.distillation is None:
            return None
        split = self.trainer.datamodule.reported if self.trainer.testing else "val"
        return self.distillation.source.outputs(self.preprocess(batch["image"]), batch, split)

    def output_width(self) -> int:
        """Values that the head gives an image."""
        trains = self.head.training
        with torch.inference_mode():
            size = (64, 64)  # of no account: heads that are distilled pool
            width = self.head.eval()(torch.zeros(1, 3, *size, device=self.device)).shape[1]
        self.head.train(trains)
        return width


def compute_over_processes(metric: Metric, processes: int) -> MetricResult:
    """Score what all processes took in."""
    if processes > 1:
        metric.merge(gather_all(metric.state, processes))
    return metric.compute()


def gather_all(value: Any, processes: int) -> list[Any]:
    """The values of all processes, in the order of their ranks."""
    values = [value] * processes
    if processes > 1:
        torch.distributed.all_gather_object(values, value)
    return values

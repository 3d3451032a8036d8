"""Several tasks on one trunk: trained together, scored one by one, answered in one pass."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from backbone.errors import InputError
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.joint.answering import JointAnswerer
from tasks.joint.data import JointData, PartTrainer
from tasks.joint.network import Joint
from tasks.joint.scores import RELATIVE, JointResult, Monitored
from tasks.joint.weighing import Weighing, check_values
from tasks.runs.parts import PARTS, of_part, prefixed
from tasks.training.finite import gradient_scaler
from tasks.training.metric import MetricResult, compute_over_processes
from tasks.training.recipe import Recipe, keep_statistics
from tasks.training.task import Task


class JointTask(JointAnswerer):
    """Tasks whose heads share a trunk.

    Each part is a task of its own: it keeps its loss, its answer, its metric and its labels, and
    looks at images of its own size in training and scoring. In one pass all parts see the same
    image.

    Args:
        head: the network.
        labels: none of its own; those of the parts are in their details, under `parts`.
        parts: name -> task, with the heads of the network.
        weights: of the parts' losses, see Weighing.
        settle: share of the epochs after which shared batch statistics stay as they are, and
            training normalises with them, as the one pass does. Before, each part's batches are
            normalised with their own.
        references: name -> monitored score of the part trained alone, 1 where there is none.
        trunk_rate: learning rate of the trunk relative to the recipe's for it.
        recipe: see Learner.
        options: see Learner.

    Raises:
        InputError: a weight or a reference that is not above 0, or one of no part.
    """

    monitor = RELATIVE

    def __init__(
        self,
        head: Joint,
        labels: Labels,
        parts: Mapping[str, Task[Any]],
        weights: Mapping[str, float] | str | None = None,
        references: Mapping[str, float] | None = None,
        settle: float = 1.0,
        trunk_rate: float = 1.0,
        recipe: Recipe | None = None,
        **options: Any,
    ):
        if recipe is not None:
            recipe = replace(
                recipe,
                trunk_lr_scale=recipe.trunk_lr_scale * trunk_rate,
                freeze_trunk_statistics=recipe.freeze_trunk_statistics
                or head.statistics == "frozen",
            )
        super().__init__(head, labels, parts, recipe=recipe, **options)
        # shadows what a class states for all its tasks: here it depends on the parts
        self.units = {  # type: ignore[misc]
            key: unit
            for name, part in parts.items()
            for key, unit in prefixed(name, part.units).items()
        }
        self.falling = frozenset(  # type: ignore[misc]
            f"{name}/{score}"
            for name, part in parts.items()
            for score in {*part.falling, *([part.monitor] if part.mode == "min" else [])}
        )
        self.taught: dict[str, MetricResult] = {}  # what teachers score on the reported splits
        self.settle = settle
        self.weighing = Weighing(list(parts), weights)
        self.log_variances = self.weighing.log_variances  # registered here, so that they are learnt
        self.balance = self.weighing.balance
        known = dict(references or {})
        check_values("task.references", known, list(parts))
        self.monitored = {
            name: Monitored(
                part.monitor, part.mode == "min", known.get(name, 1.0), self.weighing.weights[name]
            )
            for name, part in parts.items()
        }

    # training

    def connect(self) -> None:
        """Give each part its own view of the run: its data, and all else of the trainer."""
        for name, part in self.named_parts.items():
            part._trainer = PartTrainer(self.trainer, self.data.parts[name])  # type: ignore[assignment]
            part.is_compiled = self.is_compiled

    def gate(self) -> None:
        """Have each part's pass through the trunk return balanced gradients."""
        if self.balance is not None:
            for name, part in self.named_parts.items():
                part.head.trunk.gate = partial(self.balance.gated, name)  # type: ignore[assignment]

    def on_fit_start(self) -> None:
        """Get every part ready, its teacher too."""
        self.connect()
        self.gate()
        for part in self.named_parts.values():
            part.on_fit_start()

    def set_modes(self, epoch: int) -> None:
        """Set what learns in an epoch, and whether batch statistics still do."""
        super().set_modes(epoch)
        assert self.trainer.max_epochs is not None
        if self.head.statistics == "shared" and epoch >= self.settle * self.trainer.max_epochs:
            keep_statistics(self.head.trunk)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Note the norms of the parts' gradients, before they are unscaled or clipped."""
        if self.balance is not None:
            self.balance.end(gradient_scaler(self.trainer), self.trainer.world_size)

    def loss(self, batch: Mapping[str, Batch]) -> dict[str, Tensor]:
        """The named loss terms of all parts in a step, as `part/term`, without their weights."""
        if self.balance is not None:
            self.balance.begin()
        images: dict[str, Tensor] = {}
        batches: dict[str, Batch] = {}
        terms: dict[str, Tensor] = {}
        for name, own in batch.items():
            part = self.named_parts[name]
            if part.teaching is None:
                images[name], batches[name] = part.augmented(own)
            else:
                terms |= prefixed(name, part.loss(own))
        if images:
            terms |= self.learn(images, batches)
        return terms

    def learn(self, images: Mapping[str, Tensor], batch: Mapping[str, Batch]) -> dict[str, Tensor]:
        """Loss terms of what the parts' `augmented` returned: the trunk runs for each part."""
        terms: dict[str, Tensor] = {}
        for name, own in images.items():
            terms |= prefixed(name, self.named_parts[name].learn(own, batch[name]))
        return terms

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """What is minimised: the parts' losses as they are weighed."""
        return self.weighing.total(terms)

    def compiled_methods(self) -> list[tuple[nn.Module, str]]:
        """The step of all parts without a teacher."""
        return [(self, "learn")]

    # scoring: each part by itself, at its own size

    def start_scoring(self, testing: bool) -> None:
        """A fresh metric for each part."""
        self.connect()
        for part in self.named_parts.values():
            split = part.data.reported if testing else "val"
            part.metric = part.make_metric(part.data, split)

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Add a batch's predictions to the metric of the part that it belongs to."""
        part = list(self.named_parts.values())[dataloader_idx]
        with self.answering():
            prediction = part.scored(batch)
        part.metric.update({"image_id": batch["image_id"], **prediction}, part.target(batch))

    test_step = validation_step

    def log_scores(self, stage: str) -> None:
        """Compute the metrics over all processes, keep their results and log their scores."""
        self._folded.clear()
        for part in self.named_parts.values():
            part.result = compute_over_processes(part.metric, self.trainer.world_size)
            part.settle_choices(stage, part.data.reported)
        results = {name: part.result for name, part in self.named_parts.items()}
        self.result = JointResult(results, self.monitored)  # type: ignore[arg-type]
        self.chosen = {
            key: value
            for name, part in self.named_parts.items()
            for key, value in prefixed(name, part.chosen).items()
        }
        self.log_dict({f"{stage}/{name}": value for name, value in self.result.metrics.items()})

    def results(self, data: JointData) -> list[tuple[str, Any, DataModule]]:
        """What the last evaluation found of each part."""
        return [
            (f"{name}/", part.result, data.parts[name]) for name, part in self.named_parts.items()
        ]

    def baselines(self, data: JointData) -> dict[str, dict[str, float]]:
        """Scores of answers that need no network, of all parts that have some."""
        found: dict[str, dict[str, float]] = {}
        for name, part in self.named_parts.items():
            for baseline, scores in part.baselines(data.parts[name]).items():
                found[baseline] = found.get(baseline, {}) | prefixed(name, scores)
        return found

    # teachers, one for each part that has one

    def learn_from(self, teaching: Any) -> None:
        """Give parts their teachers.

        Args:
            teaching: name -> teacher.
        """
        for name, own in teaching.items():
            self.named_parts[name].learn_from(own)

    def begin_teaching(self) -> None:
        """Get the teachers ready."""
        for part in self.named_parts.values():
            part.begin_teaching()

    def on_test_start(self) -> None:
        """Start the metrics, and have the teachers answer for the same images."""
        super().on_test_start()
        for name, part in self.named_parts.items():
            found = None if part.teaching is None else part.teaching.result(part.surroundings())
            if found is not None:
                self.taught[name] = found

    def describe_teacher(self) -> dict[str, Any] | None:
        """What a result says about the teachers, by part."""
        found = {name: part.describe_teacher() for name, part in self.named_parts.items()}
        return {name: about for name, about in found.items() if about is not None} or None

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over what each part's validation chose, and refuse a checkpoint of other labels.

        Raises:
            InputError: a part's labels are not those of its data.
        """
        super().on_load_checkpoint(checkpoint)
        theirs = checkpoint["labels"]["details"].get(PARTS, {})
        for name, part in self.named_parts.items():
            if name not in theirs:
                raise InputError(f"the checkpoint has no part {name}: start over with fresh=true")
            chosen = of_part(name, checkpoint.get("chosen", {}))
            part.on_load_checkpoint({"labels": theirs[name], "chosen": chosen})
            if list(theirs[name]["ids"]) != list(part.labels.ids):
                raise InputError(
                    f"part {name}: the checkpoint was trained on other classes than the data now "
                    "has: restore the data, or start over with fresh=true"
                )

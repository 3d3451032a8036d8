"""The base of every task: one head, with its losses, its answer and its score."""

from abc import abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn

from backbone.head import Head
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.training.learner import Learner
from tasks.training.metric import Metric, compute_over_processes
from tasks.training.presenter import Data, Presenter
from tasks.training.teaching import Surroundings, Teaching


class Task(Learner[Data]):
    """A head on a trunk, with its losses, its answer and its score.

    A subclass defines `terms`, `predict` and `make_metric`. It sets `monitor` and `mode` to the
    score that picks the best checkpoint, and `falling` to further scores of which less is better.
    Its constructor accepts the arguments of `Learner` by keyword, and its own options from
    `task.module`.
    """

    presenter: ClassVar[type[Presenter[Any]]] = Presenter
    metric: Metric  # of the evaluation in progress

    def __init__(self, head: Head, labels: Labels, **options: Any):
        super().__init__(head, labels, **options)
        self.teaching: Teaching | None = None  # the teacher; see tasks.distillation

    # what defines a task

    @abstractmethod
    def terms(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Named loss terms of the head's outputs for a batch that `augmented` returned."""

    @abstractmethod
    def make_metric(self, data: Data, split: str) -> Metric:
        """A new metric for a split of the data."""

    def target(self, batch: Batch) -> Tensor:
        """What the metric compares a prediction with; by default the images' rows in the split."""
        return batch["image_id"]

    def augmented(self, batch: Batch) -> tuple[Tensor, Batch]:
        """A training batch's images as the head reads them, and the batch that belongs to them.

        Random flips, colours and mixtures happen here, on the device.
        """
        return self.preprocess.augment(batch["image"])[0], batch

    def results(self, data: Data) -> list[tuple[str, Any, DataModule]]:
        """The result of the last evaluation."""
        return [("", self.result, data)]

    def baselines(self, data: Data) -> dict[str, dict[str, float]]:
        """The scores, on the reported split, of answers that need no network, by name."""
        return {}

    def choose(self, result: Any) -> dict[str, float]:
        """Settings of the answer that an evaluation finds best, such as a score threshold.

        The settings of the last validation go into the checkpoint, and from there to prediction.

        Args:
            result: of the metric.
        """
        return {}

    def present(self) -> Presenter[Any]:
        """The presenter that describes and draws this task's answers."""
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
        """Loss terms for what `augmented` returned; a run compiles this as one graph."""
        return self.terms(self.head(images), batch)

    def compiled_methods(self) -> list[tuple[nn.Module, str]]:
        """The whole step and the answer; with a teacher, only the network.

        The teacher's outputs may come from a file.
        """
        if self.teaching is not None:
            return [(self.head, "forward")]
        return [(self, "learn"), (self, "scored")]

    # scoring

    def start_scoring(self, testing: bool) -> None:
        """Create a new metric."""
        self.metric = self.make_metric(self.data, self.data.reported if testing else "val")

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Add a batch's predictions to the metric."""
        with self.answering():
            prediction = self.scored(batch)
        self.metric.update({"image_id": batch["image_id"], **prediction}, self.target(batch))

    test_step = validation_step

    def log_scores(self, stage: str) -> None:
        """Compute the metric once over all processes, keep its result and log its scores."""
        self._folded.clear()
        self.result = compute_over_processes(self.metric, self.trainer.world_size)
        self.settle_choices(stage, self.data.reported)
        scores = self.result.metrics.items()
        self.log_dict({f"{stage}/{name}": float(value) for name, value in scores})

    def settle_choices(self, stage: str, reported: str) -> None:
        """Choose the settings of the answer by the last result, if this evaluation decides them.

        Args:
            stage: val or test.
            reported: the split that a test is about.
        """
        if stage == "val":
            self.chosen = self.choose(self.result)
        elif not self.chosen:  # there was no validation: mode=evaluate
            self.chosen, self.chosen_on = self.choose(self.result), reported

    # learning from a teacher

    def learn_from(self, teaching: Any) -> None:
        """Take a teacher, before anything is trained.

        Args:
            teaching: a `Teaching`; for a joint task, one per part.

        Raises:
            InputError: teacher and student do not fit together.
        """
        teaching.prepare(self)
        self.teaching = teaching

    def begin_teaching(self) -> None:
        """Get the teacher ready, if there is one; it may be scored before it teaches."""
        if self.teaching is not None:
            self.teaching.begin(self, self.surroundings())

    def surroundings(self) -> Surroundings:
        """The run in which a teacher teaches this task."""
        trainer = self.trainer
        return Surroundings(
            data=self.data,
            device=self.device,
            processes=trainer.world_size,
            is_main=trainer.is_global_zero,
            forward=trainer.precision_plugin.forward_context,
            to_device=trainer.strategy.batch_to_device,
        )

    def describe_teacher(self) -> dict[str, Any] | None:
        """Facts about the teacher for a result, as plain values; None without a teacher."""
        return None if self.teaching is None else dict(self.teaching.describe())

    def teacher_outputs(self, batch: Batch) -> Tensor | None:
        """The teacher's outputs float[B, D] for a batch that is scored; None if it has none."""
        if self.teaching is None:
            return None
        split = self.data.reported if self.trainer.testing else "val"
        return self.teaching.outputs(self.preprocess(batch["image"]), batch, split)

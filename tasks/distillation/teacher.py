"""A teacher that is a trained network of this suite, read from its own checkpoint."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch import Tensor

from backbone.errors import InputError, number_of
from backbone.head import Head
from tasks.data.batches import Batch
from tasks.distillation.objective import Objective, check_width, output_width
from tasks.distillation.released_teacher import released_teacher
from tasks.images.preprocessing import Preprocess
from tasks.runs.report import format_score
from tasks.training.checkpoints import is_checkpoint, read_checkpoint
from tasks.training.learner import Learner
from tasks.training.metric import MetricResult, compute_over_processes
from tasks.training.restore import restore
from tasks.training.task import Task
from tasks.training.teaching import Student, Surroundings


class Teacher:
    """A checkpoint of this suite as a teacher, with its own trunk, input size and normalisation.

    It is never trained: it does not belong to the student, stays in evaluation mode and runs
    without gradients. It sees the student's images, with the same flips, crops and colours, resized
    to the size that it was trained with.

    Args:
        checkpoint: a run's best.ckpt, or a file of a whole network's weights, such as a released
            detector: see `released_teacher`.
        tolerance: how far below its recorded score the teacher may score on the student's
            validation images, as a share of the recorded one; None: any score is accepted.
        trust: modules outside the suite that the checkpoint may name.
        config: of the student's run; a network for a file that is not a checkpoint is built from
            it.
    """

    def __init__(
        self,
        checkpoint: str,
        tolerance: float | None,
        trust: Sequence[str] = (),
        config: DictConfig | None = None,
    ):
        self.checkpoint, self.tolerance, self.trust = checkpoint, tolerance, trust
        self.config = config
        self.recorded: dict[str, float] | None = None
        self.scores: dict[str, float] = {}
        self.ask: Callable[[Head, Tensor], Any] = lambda head, images: head(images)

    def prepare(self, student: Student, objective: Objective) -> None:
        """Load the teacher, and compare it with the student.

        Raises:
            InputError: the teacher has another task or other outputs, or the objective cannot
                compare the two.
        """
        self.load(student)
        self.compare_labels(student)
        self.task.requires_grad_(False)
        objective.prepare(student, self.task, f"distill.teacher={self.checkpoint}")
        self.ask = objective.ask

    def load(self, student: Student) -> None:
        """Read the network, its input size and its recorded scores.

        Raises:
            InputError: it was trained for another task.
        """
        path = Path(self.checkpoint)
        if self.config is None or is_checkpoint(path):
            checkpoint = read_checkpoint(path)
            self.task = self.of_students_task(restore(checkpoint, self.trust), student)
            self.size, self.recorded = checkpoint.size, checkpoint.scores
            return
        task, self.size, loaded = released_teacher(path, self.config, student.labels)
        self.task = self.of_students_task(task, student)
        self.task.to(memory_format=torch.channels_last)
        print(f"teacher: {loaded}")

    def of_students_task(self, teacher: Learner[Any], student: Student) -> Task[Any]:
        """The teacher, after a check that it has the student's task."""
        if not isinstance(teacher, Task) or type(teacher) is not type(student):
            raise InputError(
                f"distill.teacher={self.checkpoint} was trained for another task "
                f"({type(teacher).__name__}) than the student's ({type(student).__name__})"
            )
        return teacher

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Move it to the student's device, and score it on the student's validation images.

        Raises:
            InputError: it scores far below its recorded score.
        """
        self.task.to(surroundings.device)
        self.match_values(student.preprocess)
        self.score(surroundings)

    def match_values(self, student: Preprocess) -> None:
        """Compute how the student's normalised values are converted to the teacher's."""
        own = self.task.preprocess
        self.gain = (student.std / own.std)[:, None, None]
        self.offset = ((student.mean - own.mean) / own.std)[:, None, None]
        self.same_values = bool((self.gain == 1).all() and (self.offset == 0).all())

    def compare_labels(self, student: Student) -> None:
        """Raise InputError unless the outputs of both have the same meaning."""
        teacher = self.task
        if not student.outputs_are_labels:
            check_width(output_width(teacher), student, f"distill.teacher={self.checkpoint}")
            return
        theirs, ours = teacher.labels.ids, student.labels.ids
        if theirs != ours:
            missing = [str(x) for x in ours if x not in theirs]
            foreign = [str(x) for x in theirs if x not in ours]
            parts = [
                f"{word}: {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}"
                for word, names in (("it lacks", missing), ("only the teacher has", foreign))
                if names
            ]
            raise InputError(
                f"distill.teacher={self.checkpoint} answers {number_of(len(theirs), 'output')}, "
                f"the data has {len(ours)}; {'; '.join(parts) or 'they come in another order'}. "
                "Train the teacher on data with these labels, or choose them for the student"
            )

    def score(self, surroundings: Surroundings) -> None:
        """Score it on the student's validation images, and compare the score with its record.

        It sees the images in the same way as when it teaches.

        Raises:
            InputError: the score is far below the record.
        """
        self.scores = self.scored_on("val", surroundings).metrics
        name = self.task.monitor
        if name not in self.scores:
            return
        here = self.scores[name]
        record = (self.recorded or {}).get(name)
        unit = self.task.units.get(name)
        found = f"{name} {format_score(here, unit)}"
        if surroundings.is_main:
            known = (
                "no recorded score" if record is None else f"recorded {format_score(record, unit)}"
            )
            print(f"teacher {self.checkpoint}: {found} on these images, {known}")
        if record is None or self.tolerance is None:
            return
        worse = record - here if self.task.mode == "max" else here - record
        if worse > self.tolerance * abs(record):
            raise InputError(
                f"distill.teacher={self.checkpoint} scores {found} on the validation images but "
                f"{format_score(record, unit)} on its own, which is more than "
                f"{100 * self.tolerance:g}% apart, so it does not know these images. Are they "
                "cropped and aligned like its own? distill.tolerance=null uses it anyway"
            )

    def result(self, surroundings: Surroundings) -> MetricResult:
        """What it scores on the student's reported images."""
        return self.scored_on(surroundings.data.reported, surroundings)

    def scored_on(self, split: str, surroundings: Surroundings) -> MetricResult:
        """What it scores on the student's images of a split."""
        data = surroundings.data
        metric = self.task.make_metric(data, split)
        with torch.inference_mode(), surroundings.forward(), self.task.answering():
            for loaded in data.evaluation_loader(split):
                batch = surroundings.to_device(loaded)
                answers = {"image_id": batch["image_id"]}
                answers |= self.task.scored(self.at_own_size(batch))
                metric.update(answers, self.task.target(batch))
        return compute_over_processes(metric, surroundings.processes)

    def resized(self, images: Tensor) -> Tensor:
        """float[B, 3, H, W] at the teacher's size."""
        if tuple(images.shape[-2:]) == self.size:
            return images
        return F.interpolate(images, self.size, mode="bilinear", antialias=True)

    def at_own_size(self, batch: Batch) -> Batch:
        """A batch of evaluation with pixels and extents of its images at the teacher's size."""
        given = batch["image"]
        pixels = self.resized(given.float()).round().clamp(0, 255).to(torch.uint8)
        batch = batch | {"image": pixels}
        if "extent" in batch:  # (height, width) of the part without padding
            scales = [own / size for own, size in zip(self.size, given.shape[-2:], strict=True)]
            height, width = batch["extent"].unbind(1)
            batch["extent"] = torch.stack([height * scales[0], width * scales[1]], 1)
        return batch

    @torch.no_grad()  # not inference mode, whose tensors autograd rejects
    def outputs(self, images: Tensor, batch: Batch, split: str) -> Any:
        """The teacher's outputs for the student's normalised images. It runs only here."""
        if not self.same_values:
            images = images * self.gain + self.offset
        with self.task.answering():
            return self.ask(self.task.head, self.resized(images))

    def describe(self) -> dict[str, Any]:
        """The checkpoint, its recorded scores, and its scores on the student's images."""
        return {"checkpoint": self.checkpoint, "recorded": self.recorded, "scores": self.scores}

"""A teacher that is a trained network of this suite, from its own checkpoint."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from backbone.errors import InputError
from tasks.data.module import Batch
from tasks.distillation.objective import check_width, output_width
from tasks.images.preprocessing import Preprocess
from tasks.training.checkpoints import read_checkpoint
from tasks.training.metric import compute_over_processes
from tasks.training.restore import restore
from tasks.training.task import Task
from tasks.training.teaching import Student, Surroundings


class Teacher:
    """A checkpoint of this suite that teaches, with its own trunk, input size and normalisation.

    It never trains: it is no part of the student, stays in evaluation mode and runs without
    gradients. It sees what the student sees, with the same flips, crops and colours, resized to the
    size that it was trained at.

    Args:
        checkpoint: a run's best.ckpt.
        tolerance: how far below its recorded score the teacher may score on the student's
            validation images, as a share of the recorded one; None: any score will do.
        trust: modules outside the suite that the checkpoint may name.
    """

    def __init__(self, checkpoint: str, tolerance: float | None, trust: Sequence[str] = ()):
        self.checkpoint, self.tolerance, self.trust = checkpoint, tolerance, trust
        self.recorded: dict[str, float] | None = None
        self.scores: dict[str, float] = {}

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Load it, compare it with the student, and score it on the student's validation images.

        Raises:
            InputError: the teacher is of another task, has other outputs, or scores far below its
                record.
        """
        checkpoint = read_checkpoint(self.checkpoint)
        self.task: Task[Any] = restore(checkpoint, self.trust)
        self.size = checkpoint.size
        self.recorded = checkpoint.scores
        self.compare_labels(student)
        self.task.to(surroundings.device)
        self.task.requires_grad_(False)
        self.match_values(student.preprocess)
        self.score(surroundings)

    def match_values(self, student: Preprocess) -> None:
        """Work out how the student's normalised values become the teacher's."""
        own = self.task.preprocess
        self.gain = (student.std / own.std)[:, None, None]
        self.offset = ((student.mean - own.mean) / own.std)[:, None, None]
        self.same_values = bool((self.gain == 1).all() and (self.offset == 0).all())

    def compare_labels(self, student: Student) -> None:
        """Raise InputError unless the outputs of the two mean the same."""
        teacher = self.task
        if type(teacher) is not type(student):
            raise InputError(
                f"distill.teacher={self.checkpoint} was trained for another task "
                f"({type(teacher).__name__}) than the student's ({type(student).__name__})"
            )
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
                f"distill.teacher={self.checkpoint} answers {len(theirs)} outputs, the data has "
                f"{len(ours)}; {'; '.join(parts) or 'they come in another order'}. Train the "
                "teacher on data with these labels, or choose them for the student"
            )

    def score(self, surroundings: Surroundings) -> None:
        """Score it on the student's validation images, and compare with its record.

        It sees the images as it will when it teaches.

        Raises:
            InputError: the score is far below the record.
        """
        data = surroundings.data
        metric = self.task.make_metric(data, "val")
        with torch.inference_mode(), surroundings.forward(), self.task.answering():
            for loaded in data.val_dataloader():
                batch = surroundings.to_device(loaded)
                pixels = self.resized(batch["image"].float()).round().clamp(0, 255).to(torch.uint8)
                prediction = self.task.predict(batch | {"image": pixels})
                metric.update(prediction, self.task.target(batch))
        self.scores = compute_over_processes(metric, surroundings.processes).metrics
        name = self.task.monitor
        if name not in self.scores:
            return
        here = self.scores[name]
        record = (self.recorded or {}).get(name)
        if surroundings.is_main:
            known = "no record of its own" if record is None else f"{record:.4f} on record"
            print(f"teacher {self.checkpoint}: {name} {here:.4f} on these images, {known}")
        if record is None or self.tolerance is None:
            return
        worse = record - here if self.task.mode == "max" else here - record
        if worse > self.tolerance * abs(record):
            raise InputError(
                f"distill.teacher={self.checkpoint} has {name} {here:.4f} on the validation images "
                f"and had {record:.4f} on its own, which is more than {100 * self.tolerance:g}% "
                "apart: it would teach what it does not know. Are these images cropped and aligned "
                "like its own? distill.tolerance=null uses it all the same"
            )

    def resized(self, images: Tensor) -> Tensor:
        """float[B, 3, H, W] at the teacher's size."""
        if tuple(images.shape[-2:]) == self.size:
            return images
        return F.interpolate(images, self.size, mode="bilinear", antialias=True)

    def outputs(self, images: Tensor, batch: Batch, split: str) -> Tensor:
        """The outputs float[B, D] of the teacher's head for the student's normalised images."""
        with torch.inference_mode(), self.task.answering():
            if not self.same_values:
                images = images * self.gain + self.offset
            outputs: Tensor = self.task.head(self.resized(images))
        return outputs.clone()  # autograd rejects the tensors of inference mode themselves

    def describe(self) -> dict[str, Any]:
        """The checkpoint, its recorded scores, and its scores on the student's images."""
        return {"checkpoint": self.checkpoint, "recorded": self.recorded, "scores": self.scores}

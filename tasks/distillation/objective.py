"""Learning to answer like a teacher (arXiv 1503.02531), for heads whose output is one tensor.

A task can be distilled if `task.distillation` in its configuration names how two outputs compare.
The comparisons are here. All of them are zero if student and teacher agree, and run in fp32.
"""

from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor

from backbone.errors import InputError
from tasks.data.module import Batch
from tasks.training.build import trusted_modules
from tasks.training.teaching import Student, Surroundings, Terms

Comparison = Callable[[Tensor, Tensor], Tensor]


def kullback_leibler(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """T^2 sum_c p_c (log p_c - log q_c) of softened class probabilities, the mean over a batch.

    p = softmax(teacher / T), q = softmax(student / T). The factor T^2 keeps the size of the
    gradient independent of T (arXiv 1503.02531, section 2).

    Args:
        student, teacher: logits float[B, C].
        temperature: T.
    """
    p, q = (F.log_softmax(logits.float() / temperature, 1) for logits in (teacher, student))
    return F.kl_div(q, p, reduction="batchmean", log_target=True) * temperature**2


def attribute_cross_entropy(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Cross-entropy of each attribute with the teacher's probability of it, the mean over all.

    T^2 (p log(p / q) + (1 - p) log((1 - p) / (1 - q))), p = sigmoid(teacher / T), q likewise.
    This is the paper's loss (arXiv 1704.04861, section 4.6) minus the teacher's own entropy, which
    the student cannot change.

    Args:
        student, teacher: logits float[B, A].
        temperature: T.
    """
    student, teacher = student.float() / temperature, teacher.float() / temperature
    p = teacher.sigmoid()
    entropy = F.binary_cross_entropy_with_logits(teacher, p)
    return (F.binary_cross_entropy_with_logits(student, p) - entropy) * temperature**2


def squared_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Squared Euclidean distance of unit-length embeddings, the mean over a batch, 0..4.

    See arXiv 1704.04861, section 4.7. Both embeddings are scaled to unit length first.

    Args:
        student, teacher: float[B, D].
    """
    student, teacher = (F.normalize(x.float(), dim=1) for x in (student, teacher))
    return (student - teacher).square().sum(1).mean()


class TeacherOutputs(Protocol):
    """Where a teacher's outputs come from: a network, or a file."""

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Get ready for the student, its device and its data.

        Raises:
            InputError: teacher and student do not go together.
        """
        ...

    def outputs(self, images: Tensor, batch: Batch, split: str) -> Tensor | None:
        """The teacher's outputs float[B, D] for a batch of the split; None if it has none.

        Args:
            images: float[B, 3, H, W], normalised as the student sees them.
            batch: with `image_id`, the images' rows in the split.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """What a result says about the teacher, as plain values."""
        ...


class Distillation:
    """A teacher for a student, see `tasks.training.teaching.Teaching`.

    Args:
        source: of the teacher's outputs.
        compare: (student's outputs, teacher's outputs) -> loss.
        weight: of the teacher's loss, in (0, 1]; the labels' loss has the rest. At 1, as in the
            paper, no label is read, and images need none.

    Raises:
        InputError: a weight out of range.
    """

    def __init__(self, source: TeacherOutputs, compare: Comparison, weight: float = 1.0):
        if not 0 < weight <= 1:
            raise InputError(
                f"distill.weight={weight}: the teacher's share of the loss is above 0 and at most "
                "1, which is the teacher alone"
            )
        self.source, self.compare, self.weight = source, compare, weight
        self.student: Student | None = None  # whom the teacher is ready for

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Get the teacher ready, once."""
        if self.student is not student:
            self.source.begin(student, surroundings)
            self.student = student

    def terms(self, outputs: Tensor, images: Tensor, batch: Batch, own: Terms) -> dict[str, Tensor]:
        """The teacher's loss term, and the labels' terms if they have a weight.

        Args:
            outputs: the student's, for `images` of a training batch.
            own: (outputs, batch) -> the task's own terms.

        Raises:
            InputError: the teacher has no outputs for these images.
        """
        teacher = self.outputs(images, batch, "train")
        if teacher is None:
            raise InputError("the teacher has no outputs for the training images")
        taught = self.compare(outputs, teacher)
        if self.weight == 1:
            return {"distillation": taught}
        shares = {name: (1 - self.weight) * term for name, term in own(outputs, batch).items()}
        return shares | {"distillation": self.weight * taught}

    def outputs(self, images: Tensor, batch: Batch, split: str) -> Tensor | None:
        """The teacher's outputs float[B, D] for a batch of a split; None if it has none."""
        return self.source.outputs(images, batch, split)

    def describe(self) -> dict[str, Any]:
        """What a result says about the teacher, as plain values."""
        return self.source.describe()


def build_distillation(config: DictConfig) -> Distillation | None:
    """The distillation that `distill=` configures; None for none.

    Raises:
        InputError: the task's configuration does not say how two of its outputs compare.
    """
    if config.get("distill") is None:
        return None
    compare = config.task.get("distillation")
    if compare is None:
        raise InputError(
            f"task={config.task.name} cannot be distilled: its configuration does not say how two "
            "outputs compare (task.distillation, see tasks/distillation/objective.py)"
        )
    # a teacher's checkpoint may name the modules that this command line names
    trust = {} if config.distill.get("teacher") is None else {"trust": trusted_modules(config)}
    source = instantiate(config.distill.source, **trust)
    return Distillation(source, instantiate(compare), config.distill.weight)


def check_width(width: int, student: Student, teacher: str) -> None:
    """Raise InputError unless a teacher gives as many values per image as the student."""
    own = output_width(student)
    if width != own:
        raise InputError(
            f"{teacher} gives {width} values per image, the student gives {own}: they cannot be "
            "compared; take a teacher of the same task and options"
        )


def output_width(student: Student) -> int:
    """How many values the head gives for one image."""
    head = student.head
    trains = head.training
    with torch.inference_mode():
        image = torch.zeros(1, 3, 64, 64, device=student.preprocess.mean.device)  # any size will do
        width = head.eval()(image).shape[1]
    head.train(trains)
    return int(width)

"""Learning to answer like a teacher (arXiv 1503.02531), for tasks whose output is one tensor.

A task is distilled when its configuration says in `task.distillation` how two outputs compare; the
functions here are those comparisons. All are zero where student and teacher agree, and run in fp32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor

from backbone.errors import InputError

if TYPE_CHECKING:
    from tasks.training.task import Task

Comparison = Callable[[Tensor, Tensor], Tensor]


def kullback_leibler(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """T^2 sum_c p_c (log p_c - log q_c), the mean over a batch, of softened class probabilities.

    p = softmax(teacher / T), q = softmax(student / T); the factor T^2 keeps the gradient's size
    whatever T is (arXiv 1503.02531, section 2).

    Args:
        student, teacher: logits float[B, C].
        temperature: T.
    """
    p, q = (F.log_softmax(logits.float() / temperature, 1) for logits in (teacher, student))
    return F.kl_div(q, p, reduction="batchmean", log_target=True) * temperature**2


def attribute_cross_entropy(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Cross-entropy of each attribute with the teacher's probability of it, the mean over all.

    T^2 (p log(p / q) + (1 - p) log((1 - p) / (1 - q))), p = sigmoid(teacher / T), q likewise. That
    is the paper's loss (arXiv 1704.04861, section 4.6) less the teacher's own entropy, which the
    student cannot change.

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

    arXiv 1704.04861, section 4.7. A teacher's embeddings are brought to unit length first.

    Args:
        student, teacher: float[B, D].
    """
    student, teacher = (F.normalize(x.float(), dim=1) for x in (student, teacher))
    return (student - teacher).square().sum(1).mean()


class TeacherOutputs(Protocol):
    """Where a teacher's outputs come from: a network, or a file."""

    def begin(self, student: Task) -> None:
        """Make ready, on the student's device, for the student's data.

        Raises: InputError where teacher and student do not go together.
        """

    def outputs(self, images: Tensor, batch: dict[str, Tensor], split: str) -> Tensor | None:
        """The teacher's outputs float[B, D] for a batch of the split; None where it has none.

        Args:
            images: float[B, 3, H, W] as the student sees them.
            batch: with `image_id`, rows of the split.
        """

    def describe(self) -> dict[str, Any]:
        """What a result says of the teacher, in plain values."""


class Distillation:
    """A teacher beside a student. No module: the teacher is in no optimizer and no checkpoint.

    Args:
        source: of the teacher's outputs.
        compare: (student's outputs, teacher's outputs) -> loss.
        weight: of the teacher's loss; the labels' has the rest. At 1, the paper's way, no label is
            looked at, and images need none.

    Raises:
        InputError: a weight outside 0..1.
    """

    def __init__(self, source: TeacherOutputs, compare: Comparison, weight: float = 1.0):
        if not 0 < weight <= 1:
            raise InputError(
                f"distill.weight={weight} is the teacher's share of the loss: above 0, and 1 for "
                "the teacher alone"
            )
        self.source, self.compare, self.weight = source, compare, weight
        self.student: Task | None = None  # that it was made ready for

    def begin(self, student: Task) -> None:
        """Make the teacher ready, once."""
        if self.student is not student:
            self.source.begin(student)
            self.student = student

    def terms(
        self,
        outputs: Tensor,
        images: Tensor,
        batch: dict[str, Tensor],
        of_labels: Callable[[Tensor, dict[str, Tensor]], dict[str, Tensor]],
    ) -> dict[str, Tensor]:
        """The teacher's loss term, and those of the labels where they have a weight.

        Args:
            outputs: the student's, for `images` of a training batch.
            of_labels: (outputs, batch) -> the task's own terms.
        """
        taught = self.compare(outputs, self.source.outputs(images, batch, "train"))
        if self.weight == 1:
            return {"distillation": taught}
        own = of_labels(outputs, batch)
        shares = {name: (1 - self.weight) * term for name, term in own.items()}
        return shares | {"distillation": self.weight * taught}


def build_distillation(config: DictConfig) -> Distillation | None:
    """What `distill=` asks for.

    Raises:
        InputError: a task that says not how two of its outputs compare.
    """
    if config.get("distill") is None:
        return None
    compare = config.task.get("distillation")
    if compare is None:
        raise InputError(
            f"task={config.task.name} cannot be distilled: its configuration does not say how two "
            "outputs compare (task.distillation, see tasks/distillation/objective.py)"
        )
    source = instantiate(config.distill.source)
    return Distillation(source, instantiate(compare), config.distill.weight)


def check_width(width: int, student: Task, teacher: str) -> None:
    """Raise InputError where a teacher does not give an image as many values as the student."""
    own = student.output_width()
    if width != own:
        raise InputError(
            f"{teacher} gives {width} values an image, the student gives {own}: they cannot be "
            "compared; take a teacher of the same task and options"
        )

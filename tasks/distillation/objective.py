"""Learning to answer like a teacher (arXiv 1503.02531).

A task can be distilled if `task.distillation` in its configuration names a comparison of two
outputs. That is a function of two tensors, for heads whose output is one tensor, or an `Objective`
of the task's family. The functions are in this file. All of them are zero if student and teacher
agree, and compute in fp32.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor, nn

from backbone.errors import InputError, number_of
from backbone.evaluating import evaluating
from backbone.head import Head
from tasks.data.batches import Batch
from tasks.runs.parts import PARTS, parts_of
from tasks.training.build import trusted_modules
from tasks.training.metric import MetricResult
from tasks.training.task import Task
from tasks.training.teaching import Student, Surroundings, Terms

Comparison = Callable[[Tensor, Tensor], Tensor]


def kullback_leibler(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """T^2 sum_c p_c (log p_c - log q_c) of softened class probabilities, averaged over the batch.

    p = softmax(teacher / T), q = softmax(student / T). The factor T^2 keeps the size of the
    gradient independent of T (arXiv 1503.02531, section 2).

    Args:
        student, teacher: logits float[B, C].
        temperature: T.
    """
    p, q = (F.log_softmax(logits.float() / temperature, 1) for logits in (teacher, student))
    return F.kl_div(q, p, reduction="batchmean", log_target=True) * temperature**2


def attribute_cross_entropy(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Cross-entropy of each attribute with the teacher's probability of it, averaged over all.

    T^2 (p log(p / q) + (1 - p) log((1 - p) / (1 - q))), p = sigmoid(teacher / T), q likewise. This
    is the paper's loss (arXiv 1704.04861, section 4.6) minus the teacher's own entropy, which the
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
    """Squared Euclidean distance of unit-length embeddings, averaged over the batch, 0..4.

    See arXiv 1704.04861, section 4.7. Both embeddings are scaled to unit length first.

    Args:
        student, teacher: float[B, D].
    """
    student, teacher = (F.normalize(x.float(), dim=1) for x in (student, teacher))
    return (student - teacher).square().sum(1).mean()


class Objective(nn.Module, ABC):
    """What a student learns from a teacher; a family with other outputs defines its own.

    It may have parameters of its own. They are trained with the student, and left out of models.
    """

    def prepare(self, student: Student, teacher: Task[Any] | None, source: str) -> None:
        """Get ready for a student and its teacher, before the run's device is known.

        Args:
            teacher: a network; None if its outputs come from a file.
            source: the option that names the teacher, for messages.

        Raises:
            InputError: they do not fit together.
        """

    def run(self, head: Head, images: Tensor) -> Any:
        """The outputs of a student that are compared; by default those of the head."""
        return head(images)

    def ask(self, head: Head, images: Tensor) -> Any:
        """A teacher's outputs for images of its own size and values, without gradients."""
        return head(images)

    def answer(self, outputs: Any) -> Any:
        """The head's own outputs, taken from the result of `run`."""
        return outputs

    @abstractmethod
    def forward(self, student: Any, teacher: Any) -> dict[str, Tensor]:
        """Named loss terms for the results of `run` and `ask` on the same images."""

    def describe(self) -> dict[str, Any]:
        """Facts about the objective for a result, as plain values."""
        return {}


class OutputComparison(Objective):
    """One term, `distillation`: a comparison of two tensors.

    Args:
        compare: (student's outputs, teacher's outputs) -> loss.
    """

    def __init__(self, compare: Comparison):
        super().__init__()
        self.compare = compare

    def forward(self, student: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """The comparison."""
        return {"distillation": self.compare(student, teacher)}


class TeacherOutputs(Protocol):
    """The source of a teacher's outputs: a network, or a file."""

    def prepare(self, student: Student, objective: Objective) -> None:
        """Get ready for the student, and prepare the objective.

        Raises:
            InputError: teacher and student do not fit together.
        """
        ...

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Get ready for the student's device and data.

        Raises:
            InputError: the teacher cannot teach on these images.
        """
        ...

    def outputs(self, images: Tensor, batch: Batch, split: str) -> Any:
        """The teacher's outputs for a batch of the split; None if it has none.

        Args:
            images: float[B, 3, H, W], normalised as the student sees them.
            batch: with `image_id`, the images' rows in the split.
        """
        ...

    def result(self, surroundings: Surroundings) -> MetricResult | None:
        """What the teacher itself scores on the reported split; None if it cannot be asked."""
        ...

    def describe(self) -> dict[str, Any]:
        """Facts about the teacher for a result, as plain values."""
        ...


class Distillation(nn.Module):
    """A teacher for a student; see `tasks.training.teaching.Teaching`.

    Args:
        source: of the teacher's outputs. It is not a module, so a teacher's network is not
            registered.
        compare: (student's outputs, teacher's outputs) -> loss, or an objective.
        weight: of the teacher's loss, in (0, 1]; the labels' loss has the rest. At 1, as in the
            paper, no labels are read, and images need none.

    Raises:
        InputError: the weight is out of range.
    """

    def __init__(
        self, source: TeacherOutputs, compare: Comparison | Objective, weight: float = 1.0
    ):
        super().__init__()
        if not 0 < weight <= 1:
            raise InputError(
                f"distill.weight={weight}: the teacher's share of the loss must be above 0 and at "
                "most 1, which means the teacher alone"
            )
        self.source, self.weight = source, weight
        self.objective = compare if isinstance(compare, Objective) else OutputComparison(compare)
        self.ready = False  # for the device and the data

    def prepare(self, student: Student) -> None:
        """Read the teacher and compare it with the student."""
        self.source.prepare(student, self.objective)

    def begin(self, student: Student, surroundings: Surroundings) -> None:
        """Get the teacher ready, once."""
        if not self.ready:
            self.source.begin(student, surroundings)
            self.ready = True

    def run(self, head: Head, images: Tensor) -> Any:
        """The outputs of a student that are compared."""
        return self.objective.run(head, images)

    def terms(self, outputs: Any, images: Tensor, batch: Batch, own: Terms) -> dict[str, Tensor]:
        """The teacher's loss terms, and the labels' terms if they have a weight.

        Args:
            outputs: what `run` returned for the student and the `images` of a training batch.
            own: (outputs of the head, batch) -> the task's own terms.

        Raises:
            InputError: the teacher has no outputs for these images.
        """
        teacher = self.outputs(images, batch, "train")
        if teacher is None:
            raise InputError("the teacher has no outputs for the training images")
        taught = self.objective(outputs, teacher)
        if self.weight == 1:
            return dict(taught)
        learnt = own(self.objective.answer(outputs), batch)
        shares = {name: (1 - self.weight) * term for name, term in learnt.items()}
        return shares | {name: self.weight * term for name, term in taught.items()}

    def outputs(self, images: Tensor, batch: Batch, split: str) -> Any:
        """The teacher's outputs for a batch of a split; None if it has none."""
        return self.source.outputs(images, batch, split)

    def result(self, surroundings: Surroundings) -> MetricResult | None:
        """What the teacher scores on the reported split."""
        return self.source.result(surroundings)

    def describe(self) -> dict[str, Any]:
        """Facts about the teacher for a result, as plain values."""
        return self.source.describe() | self.objective.describe()


def build_distillation(config: DictConfig) -> "Distillation | dict[str, Distillation] | None":
    """The distillation that `distill=` configures; a dictionary by part for a joint task.

    Raises:
        InputError: the task's configuration does not say how its outputs are compared.
    """
    if PARTS in config:
        found = {name: build_distillation(part) for name, part in parts_of(config).items()}
        return {name: own for name, own in found.items() if isinstance(own, Distillation)} or None
    if config.get("distill") is None:
        return None
    compare = config.task.get("distillation")
    if compare is None:
        raise InputError(
            f"task={config.task.name} cannot be distilled: its configuration does not say how two "
            "outputs are compared (task.distillation, see tasks/distillation/objective.py)"
        )
    handed = {}
    if config.distill.get("teacher") is not None:
        # a teacher's checkpoint may name modules that this command line names
        handed = {"trust": trusted_modules(config), "config": config}
    # partial, then called: instantiate would merge its own arguments into the configuration
    source = instantiate(config.distill.source, _partial_=True)(**handed)
    return Distillation(source, instantiate(compare), config.distill.weight)


def check_width(width: int, student: Student, teacher: str) -> None:
    """Raise InputError unless a teacher returns as many values per image as the student."""
    own = output_width(student)
    if width != own:
        raise InputError(
            f"{teacher} returns {number_of(width, 'value')} per image, but the student returns "
            f"{own}: use a teacher with the same task and options"
        )


def output_width(student: Student) -> int:
    """The number of values that the head returns for an image."""
    image = torch.zeros(1, 3, 64, 64, device=student.preprocess.mean.device)  # any size works
    with evaluating(student.head):
        return int(student.head(image).shape[1])

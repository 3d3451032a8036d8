"""Several tasks on one trunk: trained together, scored one by one, answered in one pass."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from backbone.errors import InputError
from tasks.data.module import Batch, Labels
from tasks.images.preprocessing import Preprocess
from tasks.joint.network import Joint
from tasks.joint.presenter import JointPresenter
from tasks.runs.parts import of_part, prefixed
from tasks.training.metric import Metric, Prediction
from tasks.training.task import Task


class SharedPreprocess(Preprocess):
    """Preprocessing that hands on the maps of images that a shared trunk has seen already."""

    def forward(self, images: Any) -> Any:
        """uint8[B, 3, H, W] normalised, or maps as they are."""
        return super().forward(images) if isinstance(images, Tensor) else images


class JointTask(Task[Any]):
    """Tasks whose heads share a trunk.

    Each part is a task of its own: it keeps its loss, its answer, its metric and its labels, and
    looks at images of its own size in training and scoring. In one pass all parts see the same
    image.

    Args:
        head: the network.
        labels: none of its own; those of the parts are in their details, under `parts`.
        parts: name -> task, with the heads of the network.
        options: see Task.
    """

    head: Joint
    monitor = "relative"

    def __init__(self, head: Joint, labels: Labels, parts: Mapping[str, Task[Any]], **options: Any):
        super().__init__(head, labels, **options)
        for name, part in parts.items():
            del part.head  # it is registered once, in the network
            part.preprocess = SharedPreprocess(
                head.trunk.normalization, part.preprocess.augmentation
            )
            for score, unit in part.units.items():
                self.units = {**self.units, f"{name}/{score}": unit}  # type: ignore[misc]
        self.parts = nn.ModuleDict(parts)
        self.hand_out(head.heads)

    @property
    def named_parts(self) -> dict[str, Task[Any]]:
        """The parts by name."""
        return dict(self.parts.items())  # type: ignore[arg-type]

    def hand_out(self, heads: Mapping[str, nn.Module] | nn.ModuleDict) -> None:
        """Have each part compute with the head of its name."""
        for name, part in self.parts.items():
            # past nn.Module, which would register the head with the part too
            object.__setattr__(part, "head", heads[name])

    # answers

    def network(self, images: Tensor) -> dict[str, Any]:
        """All that one pass computes for normalised images: the trunk once, and every head."""
        maps: Any = self.head.maps(images)
        outputs = {}
        for name, part in self.named_parts.items():
            try:
                outputs[name] = part.network(maps)
            except (AttributeError, TypeError) as error:
                raise InputError(
                    f"{name}: its answer looks at the image itself, and not only at the trunk's "
                    f"maps of it ({error}): set an option such as task.module.flip_test=false"
                ) from error
        return outputs

    def predict(self, batch: Batch) -> Prediction:
        """The answers of all parts for one batch, each tensor under its part's name and its own."""
        maps: Any = self.head.maps(self.preprocess(batch["image"]))
        answers: Prediction = {}
        for name, part in self.named_parts.items():
            answers |= prefixed(name, part.predict(batch | {"image": maps}))
        return answers

    def present(self) -> JointPresenter:
        """What tells and draws the answers of all parts."""
        return JointPresenter(self.labels, self.named_parts)

    def take_choices(self, chosen: Mapping[str, float]) -> None:
        """Hand out what the validation of each part chose."""
        super().take_choices(chosen)
        for name, part in self.named_parts.items():
            part.take_choices(of_part(name, chosen))

    def fold(self) -> None:
        """Answer with a folded copy of the network from now on."""
        super().fold()
        self.hand_out(self.head.heads)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer with a folded copy of the network in here, see Task."""
        try:
            with super().answering():
                self.hand_out(self.head.heads)
                yield
        finally:
            self.hand_out(self.head.heads)

    # what a part does in place of the whole

    def terms(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        """Nothing: each part has loss terms of its own."""
        raise NotImplementedError("the loss of a joint task is its parts'")

    def make_metric(self, data: Any, split: str) -> Metric:
        """Nothing: each part has a metric of its own."""
        raise NotImplementedError("the metric of a joint task is its parts'")

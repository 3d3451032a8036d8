"""The answers of several tasks on one trunk, in one pass."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from backbone.errors import InputError
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.images.preprocessing import Preprocess
from tasks.joint.data import JointData
from tasks.joint.network import Joint
from tasks.joint.presenter import JointPresenter
from tasks.runs.parts import of_part, prefixed
from tasks.training.learner import Learner
from tasks.training.metric import Prediction
from tasks.training.task import Task


class SharedPreprocess(Preprocess):
    """Preprocessing that hands on the maps of images that a shared trunk has seen already."""

    def forward(self, images: Any) -> Any:
        """uint8[B, 3, H, W] normalised, or maps as they are."""
        return super().forward(images) if isinstance(images, Tensor) else images


class JointAnswerer(Learner[JointData]):
    """Tasks that answer with heads on one trunk, all for the same image.

    Args:
        head: the network.
        labels: none of its own; those of the parts are in their details, under `parts`.
        parts: name -> task, with the heads of the network.
        options: see Learner.
    """

    head: Joint

    def __init__(self, head: Joint, labels: Labels, parts: Mapping[str, Task[Any]], **options: Any):
        super().__init__(head, labels, **options)
        for part in parts.values():
            del part.head  # it is registered once, in the network
            part.preprocess = SharedPreprocess(
                head.trunk.normalization, part.preprocess.augmentation
            )
        self.parts = nn.ModuleDict(parts)
        self.hand_out(head.heads)
        # shadows what a class states for all its tasks: here it depends on the parts
        self.deploys = {  # type: ignore[misc]
            f"{name}.{key}": words
            for name, part in parts.items()
            for key, words in part.deploys.items()
        }

    @property
    def named_parts(self) -> dict[str, Task[Any]]:
        """The parts by name."""
        return dict(self.parts.items())  # type: ignore[arg-type]

    def hand_out(self, heads: Mapping[str, nn.Module] | nn.ModuleDict) -> None:
        """Have each part compute with the head of its name."""
        for name, part in self.parts.items():
            # past nn.Module, which would register the head with the part too
            object.__setattr__(part, "head", heads[name])

    def network(self, images: Tensor) -> dict[str, Any]:
        """All that one pass computes for normalised images: the trunk once, and every head."""
        maps: Any = self.head.maps(images)
        outputs = {}
        for name, part in self.named_parts.items():
            try:
                outputs[name] = part.network(maps[name])
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
            answers |= prefixed(name, part.predict(batch | {"image": maps[name]}))
        return answers

    def deploy(self, images: Tensor) -> Prediction:
        """What an exported file computes: all parts' own, each tensor as `part.name`."""
        maps: Any = self.head.maps(self.preprocess(images))
        return {
            f"{name}.{key}": value
            for name, part in self.named_parts.items()
            for key, value in part.deploy(maps[name]).items()
        }

    def deployed(self, outputs: Prediction, batch: Batch) -> Prediction:
        """What `predict` gives, from the outputs of an exported file."""
        answers: Prediction = {}
        for name, part in self.named_parts.items():
            prefix = f"{name}."
            own = {k.removeprefix(prefix): v for k, v in outputs.items() if k.startswith(prefix)}
            answers |= prefixed(name, part.deployed(own, batch))
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
        if self.head.one_trunk:
            super().fold()
            self.hand_out(self.head.heads)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer with a folded copy of the network in here, see Answerer."""
        if not self.head.one_trunk:
            yield
            return
        try:
            with super().answering():
                self.hand_out(self.head.heads)
                yield
        finally:
            self.hand_out(self.head.heads)

"""The contract of every head: a network on a trunk."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from backbone.archive import PublishedArchive
from backbone.published import as_timm
from backbone.trunk import Trunk
from backbone.weight_files import WeightsFile
from backbone.weights import LINEAR, under_our_names


@dataclass(frozen=True)
class Released:
    """The weights of a whole network from a file, in the form of a head of this suite.

    Args:
        state: tensors under the head's names.
        classes: the data set's id of each output; None if the file does not say.
        names: the name of each output's class, None for an output that is not a class; None if the
            file does not say.
        notes: facts about them for the first lines of a run.
    """

    state: Mapping[str, Tensor]
    classes: Sequence[int | str] | None = None
    names: Sequence[str | None] | None = None
    notes: tuple[str, ...] = ()


class Head(nn.Module, ABC):
    """A network on a trunk: what a task trains.

    A subclass calls this constructor, sets `trunk` and overrides `forward`.

    Attributes:
        trunk: the network whose feature maps the head reads.
        fc: the linear layer on the mean of the trunk's last map, which can take the classifier of a
            weights file; None in a head without such a layer.
        after_pooling: the layers before `fc`, see `Trunk.after_pooling`; None if there are none.
        class_layers: prefixes of the names of layers that answer for each class. They start from
            random weights if the loaded weights have other classes. Their outputs are [...,
            classes].
        runs_stages: whether the head runs stages of the trunk itself, rather than only reading its
            maps; then it cannot share a trunk with other heads.
    """

    class_layers: ClassVar[tuple[str, ...]] = ("fc.",)
    runs_stages: ClassVar[bool] = False

    trunk: Trunk
    fc: nn.Linear | None
    after_pooling: nn.Module | None

    def __init__(self) -> None:
        super().__init__()
        # set here, not in the class, where it would hide a module that a subclass registers
        self.fc = self.after_pooling = None

    def separate_maps(self) -> None:
        """Give maps that share layers their own layers, with the same outputs.

        It is called before batch norm is folded on a copy for inference, or on a network whose
        layers become quantised ones; a second call changes nothing.
        """

    def merge_layers(self) -> None:
        """Merge layers of this head if fewer layers give the same outputs, only for inference.

        It is called on a folded copy, whose weights are final.
        """

    @abstractmethod
    def forward(self, images: Tensor) -> Any:
        """The head's outputs for float[B, 3, H, W], normalised with the trunk's values.

        One tensor float[B, D] in a head that can be distilled; any structure otherwise.
        """

    def published(self, source: str) -> PublishedArchive | None:
        """The network that a publisher's name stands for; None for a source that is a path.

        Raises:
            InputError: the publisher has nothing for this network.
        """
        return None

    def released(self, file: WeightsFile, origin: str) -> Released:
        """The weights of the whole network in a file that this suite did not write.

        This method knows the trunk and the classifier `fc`; a head with further layers for which
        weights have been published overrides it.

        Args:
            file: its content.
            origin: its name, for messages.

        Raises:
            InputError: the file holds another network.
        """
        if self.trunk.timm_names is not None and not file.made_here:
            file = as_timm(self.trunk, file)
        trunk, classifier = under_our_names(file)
        state = {f"trunk.{k}": v for k, v in trunk.items()}
        for key, value in classifier.items():
            state[f"fc.{key}" if key in LINEAR else f"after_pooling.{key}"] = value
        return Released(state, file.classes)

"""The contract of every head: a network on a trunk."""

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
    """A whole network's weights from a file, in the form of a head here.

    Args:
        state: tensors under the head's names.
        classes: the data set's id of each output; None if the file does not say.
        names: the name of each output's class, None for an output that is no class; None if the
            file does not say.
        notes: what a reader of the run should know of them.
    """

    state: Mapping[str, Tensor]
    classes: Sequence[int | str] | None = None
    names: Sequence[str | None] | None = None
    notes: tuple[str, ...] = ()


class Head(nn.Module):
    """A network on a trunk: what a task trains.

    A subclass calls this constructor, sets `trunk` and overrides `forward`.

    Attributes:
        trunk: the network whose feature maps the head reads.
        fc: the linear layer on the mean of the trunk's last map, which the classifier of a weights
            file may fill; None in a head that has no such layer.
        after_pooling: the layers before `fc`, see `Trunk.after_pooling`; None if there are none.
        class_layers: how the names of the layers begin that answer for each class. They start anew
            where weights come from a network of other classes. Their outputs are [..., classes].
        runs_stages: whether the head runs stages of the trunk itself, and does not only read its
            maps; it cannot share a trunk with other heads then.
    """

    class_layers: ClassVar[tuple[str, ...]] = ("fc.",)
    runs_stages: ClassVar[bool] = False

    trunk: Trunk
    fc: nn.Linear | None
    after_pooling: nn.Module | None

    def __init__(self) -> None:
        super().__init__()
        # set here and not in the class, where it would hide the module that a subclass registers
        self.fc = self.after_pooling = None

    def separate_maps(self) -> None:
        """Give maps that share layers layers of their own, with the same outputs.

        It is called before batch norm is folded, on a copy for inference, or on a network whose
        layers turn into quantised ones; a second call changes nothing.
        """

    def merge_layers(self) -> None:
        """Merge layers of this head where fewer give the same outputs, for inference alone.

        It is called on a folded copy, whose weights are final.
        """

    def forward(self, images: Tensor) -> Any:
        """The head's outputs for float[B, 3, H, W], normalised with the trunk's values.

        One tensor float[B, D] in a head that can be distilled; any structure otherwise.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def published(self, source: str) -> PublishedArchive | None:
        """What a publisher's name stands for, for this network; None for a source that is a path.

        Raises:
            InputError: the name is a publisher's, who has nothing for this network.
        """
        return None

    def released(self, file: WeightsFile, origin: str) -> Released:
        """The whole network's weights in a file that is not this suite's.

        This one knows the trunk and the classifier `fc`; a head with more of its own, of which
        weights have been published, overrides it.

        Args:
            file: what was read.
            origin: its name, for messages.

        Raises:
            InputError: the file is of another network.
        """
        if self.trunk.timm_names is not None and not file.made_here:
            file = as_timm(self.trunk, file)
        trunk, classifier = under_our_names(file)
        state = {f"trunk.{k}": v for k, v in trunk.items()}
        for key, value in classifier.items():
            state[f"fc.{key}" if key in LINEAR else f"after_pooling.{key}"] = value
        return Released(state, file.classes)

"""A head on a trunk that answers: the part of a task that checkpoints and exported files need."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from lightning.pytorch import LightningModule
from torch import Tensor

from backbone.folding import folded
from backbone.head import Head
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.images.preprocessing import Augmentation, Preprocess
from tasks.images.view import View
from tasks.training.metric import Prediction
from tasks.training.presenter import Presenter


class Answerer(LightningModule):
    """A network, the meaning of its outputs, and how it answers for a batch of images.

    Args:
        head: the network.
        labels: the meaning of its outputs.
        view: the part of an image that the network sees in evaluation; None: the whole image,
            stretched.
        augmentation: random changes of training images on the device; None: no changes.
    """

    head: Head
    outputs_are_labels = True  # output k is about label k; a teacher's outputs must match them
    deploys: ClassVar[Mapping[str, str]] = {}  # outputs of `deploy`: name -> meaning in words

    def __init__(
        self,
        head: Head,
        labels: Labels,
        view: View | None = None,
        augmentation: Augmentation | None = None,
    ):
        super().__init__()
        self.head, self.labels, self.view = head, labels, view or View()
        self.preprocess = Preprocess(head.trunk.normalization, augmentation)
        self.chosen: dict[str, float] = {}  # see `Task.choose`; a checkpoint holds them
        self.chosen_on = "val"  # the split that they were chosen on
        # the copies of evaluations in progress; in a list, so that they are not registered as
        # modules
        self._folded: list[Head] = []
        self.is_compiled = False  # set by Compilation: the graphs of answers hold the head itself

    @abstractmethod
    def predict(self, batch: Batch) -> Prediction:
        """The answer for a batch: name -> tensor with one row per image."""

    def network(self, images: Tensor) -> Any:
        """All that is computed of normalised images for an answer; a run counts its cost here."""
        return self.head(images)

    def scored(self, batch: Batch) -> Prediction:
        """What the metric takes: the answer, and a teacher's outputs if it compares them."""
        return self.predict(batch)

    def deploy(self, images: Tensor) -> Prediction:
        """All that an exported file computes, from pixels to the answer.

        By default it is `predict`, which must then need only the images.

        Args:
            images: uint8[B, 3, h, w], as the loaders return them.

        Returns:
            Name -> tensor with one row per image.
        """
        return self.predict({"image": images})

    def deployed(self, outputs: Prediction, batch: Batch) -> Prediction:
        """What `scored` returns for a batch, computed from the outputs of an exported file.

        Args:
            outputs: as `deploy` returns them.
            batch: from the loaders, or as `Model.predict` makes it.
        """
        return outputs

    @abstractmethod
    def present(self) -> Presenter[Any]:
        """The presenter that describes and draws the answers."""

    def take_choices(self, chosen: Mapping[str, float]) -> None:
        """Use the settings that a checkpoint's validation chose, see `choose`."""
        self.chosen = dict(chosen)

    def fold(self) -> None:
        """Answer with a folded copy of the head from now on; the task cannot be trained any more.

        See `backbone.folding`.
        """
        self.head = folded(self.head)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer with a folded copy of the head in this block, for an evaluation or as a teacher.

        Outside, the head is the trained one, so checkpoints and callbacks never see the copy. A
        compiled answer comes from the head itself, since its graphs contain that one.
        """
        trained = self.head
        if self.is_compiled:
            yield
            return
        if not self._folded:
            self._folded.append(folded(trained))
        self.head = self._folded[0]
        try:
            yield
        finally:
            self.head = trained

"""The data of a joint task: a batch of each part in every step, and each part scored by itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from lightning.pytorch import Trainer

from backbone.errors import InputError
from tasks.data.batches import Batch, TrainBatches, limited
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.runs.parts import PARTS


class PartTrainer:
    """The trainer of a run as a part sees it: with the part's own data.

    Args:
        trainer: of the run.
        data: of the part.
    """

    def __init__(self, trainer: Trainer, data: DataModule):
        self._trainer, self.datamodule = trainer, data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trainer, name)


class PartBatches:
    """A part's training batches in the epochs of the run.

    A part goes through its own images in epochs of its own, which need not end with the run's. So
    every image comes up equally often, and the batch that is due is a function of the run's epoch
    and step alone.

    Args:
        order: of the part's own epochs.
        per_epoch: the part's batches in an epoch of the run.
        done: whole epochs of the run, and the part's batches of the next one, that were trained on.
    """

    def __init__(self, order: TrainBatches, per_epoch: int, done: tuple[int, int]):
        self.order, self.per_epoch, self.done = order, per_epoch, done
        self.epoch = done[0]

    def set_epoch(self, epoch: int) -> None:
        """The run's epoch that is next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.per_epoch

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        skipped = self.done[1] if self.epoch == self.done[0] else 0
        number, end = self.epoch * self.per_epoch + skipped, (self.epoch + 1) * self.per_epoch
        while number < end:
            epoch, start = divmod(number, len(self.order))
            batches = list(islice(self.order.of_epoch(epoch, start), end - number))
            yield from batches
            number += len(batches)


class JointBatches:
    """Steps of a joint run: for each the batches of the parts that are due, by name.

    Lightning's CombinedLoader would start a short part anew within an epoch, in the same order, and
    leave the rest of it out when the epoch ends; nor could it go on in the middle.

    Args:
        loaders: of each part.
        batches: their batches, which follow the run's epochs.
        due: for each part, how many of the first n steps of an epoch have a batch of it.
        steps: of an epoch.
        done: epochs, and steps of the next one, that were trained on.
        end: steps after which an epoch ends early.
    """

    def __init__(
        self,
        loaders: Mapping[str, Iterable[Batch]],
        batches: Mapping[str, PartBatches],
        due: Mapping[str, "Share"],
        steps: int,
        done: tuple[int, int],
        end: int,
    ):
        self.loaders, self.batches, self.due = loaders, batches, due
        self.steps, self.done, self.end = steps, done, end
        self.epoch = done[0]
        self.sampler = self  # where Lightning looks for `set_epoch`

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch
        for batches in self.batches.values():
            batches.set_epoch(epoch)

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[dict[str, Batch]]:
        start = self.done[1] if self.epoch == self.done[0] else 0
        sources = {name: iter(loader) for name, loader in self.loaders.items()}
        for step in range(start, self.end):
            yield {
                name: next(source)
                for name, source in sources.items()
                if self.due[name].before(step + 1) > self.due[name].before(step)
            }


class Share:
    """A part's batches among the steps of an epoch, spread evenly.

    Args:
        batches: of the part.
        steps: at least as many.
    """

    def __init__(self, batches: int, steps: int):
        self.batches, self.steps = batches, steps

    def before(self, step: int) -> int:
        """How many of the first `step` steps have a batch of this part."""
        return step * self.batches // self.steps


class JointData(DataModule):
    """The data of all parts.

    Args:
        parts: name -> data.
        combine: which part's images make up an epoch: `max_size_cycle`, those of the part with the
            most batches, while the others go on in their next epochs; `min_size`, those of the part
            with the fewest; `proportional`, every image of each part once, so that a step has a
            batch of some parts only.
        seed: of the run.
    """

    def __init__(self, parts: Mapping[str, DataModule], combine: str, seed: int):
        self.parts: dict[str, DataModule] = {}
        sizes = [part.batch_size for part in parts.values()]
        # what the learning rate is scaled by: each head sees a batch of its own
        super().__init__(round(sum(sizes) / len(sizes)), None, seed)
        self.parts, self.combine = dict(parts), combine
        for part in parts.values():
            part.sharing = len(parts)

    @property
    def trainer(self) -> Trainer | None:
        """Of the run."""
        return self._trainer

    @trainer.setter
    def trainer(self, trainer: Trainer | None) -> None:
        self._trainer = trainer
        for part in self.parts.values():
            part.trainer = trainer

    def setup(self, stage: str) -> None:
        """List and check the data of all parts, once.

        Raises:
            InputError: a part's data cannot be used.
        """
        if self.indices:
            return
        for name, part in self.parts.items():
            print(f"{name}:")
            try:
                part.setup(stage)
            except InputError as error:
                raise InputError(f"part {name}: {error}") from error
            if part.trains and "train" not in part.datasets:
                raise InputError(
                    f"part {name}: its training images come as a stream of shards, which a joint "
                    "task cannot continue in the middle: give them as a list or a folder"
                )
        labels = {name: part.labels.to_dict() for name, part in self.parts.items()}
        self.labels = Labels(0, [], [], [], {PARTS: labels})
        self.indices = {
            f"{name}/{split}": index
            for name, part in self.parts.items()
            for split, index in part.indices.items()
        }

    def teardown(self, stage: str) -> None:
        """End the loaders of all parts."""
        for part in self.parts.values():
            part.teardown(stage)

    def describe(self) -> str:
        """What each part was trained and scored on."""
        return "; ".join(f"{name}: {part.describe()}" for name, part in self.parts.items())

    def members(self) -> Sequence[DataModule]:
        """The data of each part."""
        return list(self.parts.values())

    @property
    def trains(self) -> bool:
        """Whether there are training images of every part."""
        return all(part.trains for part in self.parts.values())

    @property
    def scored_images(self) -> int:
        """Images of the reported splits of all parts."""
        return sum(part.scored_images for part in self.parts.values())

    def batches_of_parts(self) -> dict[str, int]:
        """Batches in an epoch of each part's own, on each process."""
        counts = {}
        for name, part in self.parts.items():
            try:
                counts[name] = part.batches_per_epoch()
            except InputError as error:
                raise InputError(f"part {name}: {error}") from error
        return counts

    def batches_per_epoch(self) -> int:
        """Steps of an epoch, on each process, before gradients are accumulated."""
        counts = self.batches_of_parts().values()
        return min(counts) if self.combine == "min_size" else max(counts)

    def train_loader(self, done: tuple[int, int]) -> JointBatches:  # type: ignore[override]  # by part
        """A loader of all parts' training batches, past those that are `done`."""
        steps = self.batches_per_epoch()
        end = limited(steps, self.running.limit_train_batches)
        due, batches, loaders = {}, {}, {}
        for name, count in self.batches_of_parts().items():
            part = self.parts[name]
            due[name] = Share(count if self.combine == "proportional" else steps, steps)
            order = part.train_batches()
            assert isinstance(order, TrainBatches)
            taken = done[0], due[name].before(done[1])
            batches[name] = PartBatches(order, due[name].before(end), taken)
            loaders[name] = part.loader(part.datasets["train"], batches[name], part.decoder())
        return JointBatches(loaders, batches, due, steps, done, end)

    def val_dataloader(self) -> list[Iterable[Batch]]:  # type: ignore[override]
        """The validation splits, one loader for each part."""
        return [part.val_dataloader() for part in self.parts.values()]

    def test_dataloader(self) -> list[Iterable[Batch]]:  # type: ignore[override]
        """The splits that are reported, one loader for each part."""
        return [part.test_dataloader() for part in self.parts.values()]

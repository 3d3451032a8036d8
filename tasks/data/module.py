"""The data side of a run: fixed-size uint8 batches, in an order that a continued run repeats."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch import LightningDataModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from backbone.errors import InputError

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Labels:
    """What a network's outputs mean. Plain values: checkpoints carry it.

    Args:
        num_classes: outputs, the background included where the task has one.
        outputs: the outputs that mean something, each one's number.
        ids: the data set's own id of each of them.
        names: and its name.
        details: what else a family of tasks has to know about them, as plain values.
    """

    num_classes: int
    outputs: list[int]
    ids: list[int | str]
    names: list[str]
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """A dictionary of lists and numbers."""
        return asdict(self)


class TrainBatches(Sampler):
    """Batches of (index, epoch), a fresh order each epoch, one process's share of each.

    The order is a function of the seed and the epoch alone, so a run continued in mid-epoch goes
    on with the very batches that were due. All processes draw the same order and take turns; the
    incomplete last batch is left out. No process has none: of fewer images than processes, some are
    taken twice.

    Args:
        count: images in the data set.
        batch_size: images per process and step.
        seed: of the run.
        rank, world: this process and their number.
        done: what an interrupted run has trained on: (epochs, batches of the next).
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        done: tuple[int, int] = (0, 0),
    ):
        self.count, self.batch_size, self.seed = count, batch_size, seed
        self.rank, self.world, self.done = rank, world, done
        self.epoch = done[0]
        self.sampler = self  # where Lightning looks for `set_epoch` in a batch sampler

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        step = self.batch_size * self.world
        # a set smaller than one batch is one short batch
        return max(self.count // step, 1)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
        order = np.resize(order, max(self.count, self.world))
        step = self.batch_size * self.world
        # Only the interrupted epoch starts late. Iterating must change nothing here:
        # Lightning makes an iterator more than it uses, and loader processes run ahead.
        start = self.done[1] if self.epoch == self.done[0] else 0
        for batch in range(start, len(self)):
            share = order[batch * step : (batch + 1) * step][self.rank :: self.world]
            yield [(int(index), self.epoch) for index in share]


class Index(Protocol):
    """The images of a split."""

    def __len__(self) -> int: ...

    def path(self, image: int) -> Path:
        """The file of an image, 0..N-1."""
        ...


class DataModule(LightningDataModule):
    """Base of every data module.

    A subclass sets `labels`, `collate` and, in `setup`, `indices` and `datasets`: split -> the
    images of "train", "val" and, where the set has it, "test". An item of a data set is a
    dictionary; `dataset[i]` is image i for evaluation, `dataset[i, epoch]` for training. A batch
    holds at least `image` uint8[B, 3, h, w] of one size and `image_id` int64[B], the images' rows
    in the split (or, where the metric wants them, their ids).

    Args:
        batch_size: images per process and step.
        workers: loader processes; None: one per core, at most 8.
        seed: of the run; an augmented image is a function of (seed, epoch, index).
        limit: train on so many images only; None for all.
        validate_on_train: score the training images in place of the validation split.
    """

    labels: Labels
    collate: Callable[[list[Any]], Batch]
    indices: Mapping[str, Index]
    size: tuple[int, int]
    """(h, w) of the network's input in pixels."""
    trainer: Trainer
    """Of the run; Lightning sets it."""

    def __init__(
        self,
        batch_size: int,
        workers: int | None,
        seed: int,
        limit: int | None = None,
        validate_on_train: bool = False,
    ):
        super().__init__()
        self.batch_size, self.seed = batch_size, seed
        self.limit, self.validate_on_train = limit, validate_on_train
        self.workers = min(os.cpu_count() or 1, 8) if workers is None else workers
        self.datasets: dict[str, Dataset[Any]] = {}
        self.indices = {}

    def describe(self) -> str:
        """The data of a result in words: how many images were trained on and scored."""
        trained = f"trained on {len(self.indices['train']):,} images, " if self.trains else ""
        return f"{trained}scored on {len(self.indices[self.reported]):,} images"

    @property
    def trains(self) -> bool:
        """Whether there are training images."""
        return "train" in self.datasets

    def batch(self, split: str, rows: Sequence[int]) -> Batch:
        """A batch of the given images of a split, as evaluation sees them."""
        dataset = self.datasets[split]
        return self.collate([dataset[row] for row in rows])

    def loader(self, dataset: Dataset, sampler: Sampler) -> DataLoader:
        """A loader of the batches that a sampler names."""
        return DataLoader(
            dataset,
            batch_sampler=sampler,
            collate_fn=self.collate,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
            # of its own, so that making an iterator draws nothing from the run's generator
            generator=torch.Generator().manual_seed(self.seed),
        )

    def train_batches(self, done: tuple[int, int] = (0, 0)) -> TrainBatches:
        """This process's share of the training batches."""
        trainer = self.trainer
        rank, world = trainer.global_rank, trainer.world_size
        return TrainBatches(
            len(self.datasets["train"]), self.batch_size, self.seed, rank, world, done
        )

    def batches_per_epoch(self) -> int:
        """Training batches per epoch, on each process."""
        return len(self.train_batches())

    def steps_per_epoch(self) -> int:
        """Optimizer steps an epoch.

        Lightning's own estimate makes the loaders before it has restored the step to begin from.
        """
        batches, limit = self.batches_per_epoch(), self.trainer.limit_train_batches
        batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
        return -(-batches // self.trainer.accumulate_grad_batches)

    def train_dataloader(self) -> Iterable[Batch]:
        """Augmented batches; a continued run begins behind the last finished step."""
        trainer = self.trainer
        epoch, step = divmod(trainer.global_step, self.steps_per_epoch())
        return self.train_loader(done=(epoch, step * trainer.accumulate_grad_batches))

    def train_loader(self, done: tuple[int, int]) -> Iterable[Batch]:
        """A loader of this process's training batches, past those that are `done`.

        Args:
            done: (epochs, batches of the next).
        """
        return self.loader(self.datasets["train"], self.train_batches(done))

    def evaluation_loader(self, split: str) -> DataLoader:
        """Every image once: each process takes its share, and none is repeated to fill up.

        Raises:
            InputError: a process would have none, and the others would wait for it for ever.
        """
        dataset = self.datasets[split]
        rank, world = self.trainer.global_rank, self.trainer.world_size
        if len(dataset) < world:
            raise InputError(
                f"{split}: {len(dataset)} images for {world} processes: take fewer of these "
                "(trainer.devices, trainer.num_nodes) or more of those"
            )
        indices = range(rank, len(dataset), world)
        size = self.batch_size
        batches = [list(indices[i : i + size]) for i in range(0, len(indices), size)]
        return self.loader(dataset, batches)

    def evaluated(self, split: str, limit: int | float | None) -> int:
        """Images of a split that all processes look at, the first of it, with so many batches each.

        Args:
            limit: as Lightning has it: batches, a share of them, or None for all.
        """
        count, world = len(self.datasets[split]), self.trainer.world_size
        share = -(-count // world)  # of the first process, which has the most batches
        batches = -(-share // self.batch_size)
        if limit is not None:
            batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
        return min(batches * self.batch_size * world, count)

    def val_dataloader(self) -> DataLoader:
        """The validation split, unaugmented."""
        return self.evaluation_loader("val")

    @property
    def reported(self) -> str:
        """The split that a result is about: `test`, or `val` where the set has no other."""
        return "test" if "test" in self.datasets else "val"

    def test_dataloader(self) -> DataLoader:
        """The split that is reported."""
        return self.evaluation_loader(self.reported)

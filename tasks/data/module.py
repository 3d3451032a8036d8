"""The data side of a run: fixed-size uint8 batches, in an order that a continued run repeats."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch import LightningDataModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from backbone.errors import InputError
from tasks.data.decoded import DecodedBatches
from tasks.data.sampling import BalancedDraw, times_before
from tasks.images.decoding import BatchDecoder, decoding_fault
from tasks.images.encoded import FromFiles
from tasks.runs.lineage import Lineage
from tasks.runs.processes import usable_cores

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Labels:
    """What a network's outputs mean. Plain values: checkpoints carry it.

    Args:
        num_classes: number of outputs, including the background where the task has one.
        outputs: the indices of the outputs that mean something; the background, for one, does not.
        ids: the data set's own id of each of them.
        names: the name of each of them.
        details: what else a task's family needs to know about them, as plain values.
    """

    num_classes: int
    outputs: list[int]
    ids: Sequence[int | str]
    names: list[str]
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain lists, numbers and strings."""
        return asdict(self)


class Batches(Protocol):
    """The batches of an epoch: for each the keys of its images, or the batch itself."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


AGAIN = 2**32
"""Added to the epoch for each time that an image has come up in it: its crop is another one."""


class TrainBatches(Sampler[list[tuple[int, int]]]):
    """Batches of (index, epoch) in a fresh order each epoch, one process's share of each.

    Where an image is drawn several times in an epoch, the later ones have the epoch plus a multiple
    of AGAIN.

    The order is a function of the seed and the epoch alone, so a run continued in mid-epoch goes
    on with exactly the batches that were due. All processes draw the same order and take turns. An
    incomplete last batch is left out. Where there are fewer images than processes, some images are
    used twice, so that every process has one.

    Args:
        count: images in the data set.
        batch_size: images per process and step.
        seed: of the run.
        rank, world: this process's number, and how many processes there are.
        done: what an interrupted run has trained on: whole epochs, and batches of the next one.
        draw: which images an epoch consists of; None: each once.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        done: tuple[int, int] = (0, 0),
        draw: BalancedDraw | None = None,
    ):
        self.count, self.batch_size, self.seed, self.draw = count, batch_size, seed, draw
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
        # Only the interrupted epoch starts late. Iterating must change nothing here: Lightning
        # creates an iterator that it does not use, and loader processes run ahead.
        start = self.done[1] if self.epoch == self.done[0] else 0
        yield from self.of_epoch(self.epoch, start)

    def of_epoch(self, epoch: int, start: int = 0) -> Iterator[list[tuple[int, int]]]:
        """The batches of an epoch, from batch `start` on."""
        rng = np.random.default_rng([self.seed, epoch])
        if self.draw is None:
            order, turns = rng.permutation(self.count), np.full(self.count, epoch)
        else:
            order = self.draw(rng)
            turns = epoch + AGAIN * times_before(order)
        size = max(self.count, self.world)
        drawn = np.stack([np.resize(order, size), np.resize(turns, size)], 1)
        step = self.batch_size * self.world
        for batch in range(start, len(self)):
            share = drawn[batch * step : (batch + 1) * step][self.rank :: self.world]
            yield [(index, turn) for index, turn in share.tolist()]


class Images(Protocol):
    """The data set of a split: image i for evaluation, or (i, epoch) for training."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...


class Index(Protocol):
    """Where the images of a split are."""

    def __len__(self) -> int: ...

    def path(self, image: int) -> Path:
        """The file of an image, 0..N-1."""
        ...


class DataModule(LightningDataModule):
    """Base of every data module.

    A subclass sets `size`, `labels`, `collate` and, in `setup`, `indices` and `datasets`: split ->
    the images of "train", "val" and, if the set has one, "test". An item of a data set is a
    dictionary; `dataset[i]` is image i for evaluation, `dataset[i, epoch]` for training. A batch
    holds at least `image` uint8[B, 3, h, w] of one size and `image_id` int64[B]: the images' rows
    in the split, or their ids if the metric needs those.

    Args:
        batch_size: images per process and step.
        workers: loader processes; None: one per core, shared out among the processes that train.
        seed: of the run; an augmented image is a function of (seed, epoch, index).
        limit: train on this many images only; None: on all.
        validate_on_train: score the training images instead of the validation split.
        decode: where image files are decoded: cpu, by the loader processes; cuda, by the GPU in
            whole batches; auto, by a GPU that trains and can.
    """

    labels: Labels
    collate: Callable[[list[Any]], Batch]
    indices: Mapping[str, Index]
    left_out: dict[str, dict[str, int]]
    """For each split how many of its files are not used, by the reason."""
    size: tuple[int, int]
    """(h, w) of the network's input in pixels."""
    trainer: Trainer | None
    """Of the run; Lightning sets it."""
    lineage: Lineage | None = None
    """Where the run's training began, if in another run."""

    def __init__(
        self,
        batch_size: int,
        workers: int | None,
        seed: int,
        limit: int | None = None,
        validate_on_train: bool = False,
        decode: str = "auto",
    ):
        super().__init__()
        self.batch_size, self.seed = batch_size, seed
        self.limit, self.validate_on_train = limit, validate_on_train
        self.given_workers, self.decode = workers, decode
        self.sharing = 1  # data modules of a run that load at the same time
        self.datasets: dict[str, Images] = {}
        self.indices, self.left_out = {}, {}

    def describe(self) -> str:
        """How many images were trained on and scored, in words for a result."""
        trained = f"trained on {len(self.indices['train']):,} images, " if self.trains else ""
        return f"{trained}scored on {len(self.indices[self.reported]):,} images"

    def left_out_in_words(self) -> list[str]:
        """What was left out of each split: 'left out of train: 2 unreadable, 1 .txt files'."""
        return [
            f"left out of {split}: {', '.join(f'{count:,} {why}' for why, count in counts.items())}"
            for split, counts in self.left_out.items()
            if counts
        ]

    @property
    def trains(self) -> bool:
        """Whether there are training images."""
        return "train" in self.datasets

    @property
    def running(self) -> Trainer:
        """The trainer of the run; there is one by the time Lightning asks for batches."""
        assert self.trainer is not None
        return self.trainer

    def members(self) -> Sequence["DataModule"]:
        """The data that hold images: this; of a joint task, those of its parts."""
        return [self]

    @property
    def scored_images(self) -> int:
        """Images of the split that is reported."""
        return len(self.datasets[self.reported])

    def batch(self, split: str, rows: Sequence[int]) -> Batch:
        """A batch of the given images of a split, as evaluation sees them."""
        dataset = self.datasets[split]
        return self.collate([dataset[row] for row in rows])

    @property
    def workers(self) -> int:
        """Loader processes of this process."""
        if self.given_workers is not None:
            return self.given_workers
        processes = self.trainer.num_devices if self.trainer else 1
        return max(usable_cores() // (processes * self.sharing), 1)

    def decoder(self) -> BatchDecoder | None:
        """What decodes the images of whole batches; None where the loader processes do.

        Raises: InputError for `data.decode=cuda` where that cannot be.
        """
        if self.decode == "cpu" or (self.decode == "auto" and not torch.cuda.is_available()):
            return None
        device = self.running.strategy.root_device
        if device.type != "cuda":
            fault: str | None = f"this run is on a {device.type.upper()}"
        else:
            fault = decoding_fault(device)
        if fault is None:
            return BatchDecoder(self.size, device)
        if self.decode == "cuda":
            raise InputError(
                f"data.decode=cuda: {fault}; use data.decode=auto, or cpu for the loader processes"
            )
        return None

    def loader(
        self, dataset: Images, batches: Batches, decoder: BatchDecoder | None = None
    ) -> Iterable[Batch]:
        """A loader of these batches of a data set, whose images the decoder, if any, decodes."""
        if decoder is not None and isinstance(dataset, FromFiles):
            return DecodedBatches(self.loader_of(dataset.undecoded(), batches), decoder)
        return self.loader_of(dataset, batches)

    def loader_of(self, dataset: Any, batches: Batches) -> DataLoader[Any]:
        """torch's loader of what a data set's items collate to."""
        return DataLoader(
            dataset,
            batch_sampler=batches,
            collate_fn=self.collate,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
            # its own generator, so that creating an iterator draws nothing from the run's
            generator=torch.Generator().manual_seed(self.seed),
        )

    def draw(self) -> BalancedDraw | None:
        """Which training images an epoch consists of; None: each once."""
        return None

    def train_batches(self, done: tuple[int, int] = (0, 0)) -> Batches:
        """This process's share of the training batches; `done` is that of TrainBatches.

        Raises:
            InputError: there are no training images.
        """
        if "train" not in self.datasets:
            raise InputError(
                f"{self.describe()}: there is no training image among them. Add training images to "
                "the data's list or folder, or add mode=evaluate to score trained weights"
            )
        rank, world = self.running.global_rank, self.running.world_size
        return TrainBatches(
            len(self.datasets["train"]), self.batch_size, self.seed, rank, world, done, self.draw()
        )

    def batches_per_epoch(self) -> int:
        """Training batches per epoch, on each process."""
        return len(self.train_batches())

    def steps_per_epoch(self) -> int:
        """Optimizer steps per epoch.

        Lightning's own estimate creates the loaders before the step to continue from is known.
        """
        limit = self.running.limit_train_batches
        batches = limited(self.batches_per_epoch(), limit)
        if not batches:
            raise InputError(
                f"trainer.limit_train_batches={limit} leaves none of the "
                f"{self.batches_per_epoch()} batches of an epoch: give a larger share, or a number"
            )
        return -(-batches // self.running.accumulate_grad_batches)

    def planned_step(self, step: int) -> int:
        """The step of the run's plan; see `Lineage.planned`."""
        return step if self.lineage is None else self.lineage.planned(step, self.steps_per_epoch())

    def train_dataloader(self) -> Iterable[Batch]:
        """Augmented batches; a continued run starts after its last finished step."""
        trainer = self.running
        epoch, step = divmod(self.planned_step(trainer.global_step), self.steps_per_epoch())
        return self.train_loader(done=(epoch, step * trainer.accumulate_grad_batches))

    def train_loader(self, done: tuple[int, int]) -> Iterable[Batch]:
        """A loader of this process's training batches, past those that are `done`.

        Args:
            done: (epochs, batches of the next).
        """
        return self.loader(self.datasets["train"], self.train_batches(done), self.decoder())

    def evaluation_loader(self, split: str) -> Iterable[Batch]:
        """Every image of a split once: each process has its share, and no image is repeated.

        Raises:
            InputError: a process would have no image, and the others would wait for it forever.
        """
        dataset = self.datasets[split]
        rank, world = self.running.global_rank, self.running.world_size
        if len(dataset) < world:
            raise InputError(
                f"{split}: {len(dataset)} images for {world} processes: each needs at least one. "
                "Use fewer processes (trainer.devices, trainer.num_nodes) or more images"
            )
        indices = range(rank, len(dataset), world)
        size = self.batch_size
        batches = [list(indices[i : i + size]) for i in range(0, len(indices), size)]
        return self.loader(dataset, batches, self.decoder())

    def evaluated(self, split: str, limit: int | float | None) -> int:
        """How many images of a split, counted from its first, all processes score together.

        Args:
            limit: batches of each process as Lightning limits them: a number, a share, or None.
        """
        count, world = len(self.datasets[split]), self.trainer.world_size if self.trainer else 1
        share = -(-count // world)  # of the first process, which has the most batches
        batches = limited(-(-share // self.batch_size), limit)
        return min(batches * self.batch_size * world, count)

    def val_dataloader(self) -> Iterable[Batch]:
        """The validation split, unaugmented."""
        return self.evaluation_loader("val")

    @property
    def reported(self) -> str:
        """The split that a result is about: `test`, or `val` if the set has no test split."""
        return "test" if "test" in self.datasets else "val"

    def test_dataloader(self) -> Iterable[Batch]:
        """The split that is reported."""
        return self.evaluation_loader(self.reported)


def limited(batches: int, limit: int | float | None) -> int:
    """How many of these batches are left by one of Lightning's `limit_*_batches` options."""
    if limit is None:
        return batches
    return min(batches, limit) if isinstance(limit, int) else int(batches * limit)


def image_ids(batch: Mapping[str, Any], prefix: str = "") -> dict[str, Tensor]:
    """The `image_id` of a batch; of the batches of a joint task's parts, by `part/`."""
    if isinstance(batch.get("image_id"), Tensor):
        return {prefix: batch["image_id"]}
    return {
        key: ids for name, own in batch.items() for key, ids in image_ids(own, f"{name}/").items()
    }


def images_in(batch: Mapping[str, Any]) -> int:
    """Images in a batch, or in the batches of a joint task's parts."""
    return sum(map(len, image_ids(batch).values()))

"""The data of a run: fixed-size uint8 batches, in an order that a continued run repeats."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

import torch
from lightning.pytorch import LightningDataModule, Trainer
from torch.utils.data import DataLoader

from backbone.errors import InputError, number_of
from tasks.data.batches import Batch, Batches, TrainBatches, limited
from tasks.data.decoded import DecodedBatches
from tasks.data.labels import Labels
from tasks.data.sampling import BalancedDraw
from tasks.images.decoding import BatchDecoder, decoding_fault
from tasks.images.encoded import FromFiles
from tasks.runs.lineage import Lineage
from tasks.runs.processes import usable_cores


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
    contains at least `image` uint8[B, 3, h, w] of one size and `image_id` int64[B]: the images'
    rows in the split, or their ids if the metric needs those.

    Args:
        batch_size: images per process and step.
        workers: loader processes; None: one per core, divided among the training processes.
        seed: the run's seed; an augmented image is a function of (seed, epoch, index).
        limit: train on only this many images; None: on all.
        validate_on_train: score the training images instead of the validation split.
        decode: where image files are decoded; cpu: in the loader processes; cuda: on the GPU, in
            whole batches; auto: on the GPU, if training runs on one that can.
    """

    labels: Labels
    collate: Callable[[list[Any]], Batch]
    indices: Mapping[str, Index]
    left_out: dict[str, dict[str, int]]
    """For each split, the number of files that are not used, by reason."""
    size: tuple[int, int]
    """(h, w) of the network's input in pixels."""
    trainer: Trainer | None
    """The run's trainer; Lightning sets it."""
    lineage: Lineage | None = None
    """Where the run's training began, if it continues another run."""

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
        self.sharing = 1  # number of data modules of the run that load at the same time
        self.datasets: dict[str, Images] = {}
        self.indices, self.left_out = {}, {}
        self.decoding: WeakSet[DecodedBatches] = WeakSet()  # loaders that are still in use

    def describe(self) -> str:
        """The numbers of images in training and scoring, in words for a result."""
        scored = f"scored on {number_of(len(self.indices[self.reported]), 'image')}"
        if not self.learned_from:
            return scored
        return f"trained on {number_of(len(self.indices['train']), 'image')}, {scored}"

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
    def learned_from(self) -> bool:
        """Whether the run trains on them; with mode=evaluate it does not."""
        return self.trains and (self.trainer is None or self.trainer.max_epochs != 0)

    @property
    def running(self) -> Trainer:
        """The trainer of the run; it exists when Lightning asks for batches."""
        assert self.trainer is not None
        return self.trainer

    def members(self) -> Sequence["DataModule"]:
        """The data modules that contain images: this one; for a joint task those of its parts."""
        return [self]

    @property
    def scored_images(self) -> int:
        """Number of images of the reported split that the run scores."""
        limit = self.trainer.limit_test_batches if self.trainer else None
        return self.evaluated(self.reported, limit)

    def limits(self) -> str:
        """What the run's limits leave of the described images; empty if they leave all."""
        own = self.members()
        limit = self.running.limit_train_batches
        parts = []
        if self.learned_from and limited(batches := self.batches_per_epoch(), limit) < batches:
            left = number_of(limited(batches, limit), "training batch", "training batches")
            parts.append(f"{left} per epoch")
        if self.scored_images < sum(len(each.datasets[each.reported]) for each in own):
            parts.append(number_of(self.scored_images, "scored image"))
        return f"; limited to {' and '.join(parts)}" if parts else ""

    def batch(self, split: str, rows: Sequence[int]) -> Batch:
        """A batch of the given images of a split, as evaluation sees them."""
        dataset = self.datasets[split]
        return self.collate([dataset[row] for row in rows])

    @property
    def workers(self) -> int:
        """Number of loader processes of this process."""
        if self.given_workers is not None:
            return self.given_workers
        processes = self.trainer.num_devices if self.trainer else 1
        return max(usable_cores() // (processes * self.sharing), 1)

    def decoder(self) -> BatchDecoder | None:
        """Decodes the images of whole batches; None if the loader processes decode them.

        Raises: InputError for `data.decode=cuda` if that is not possible.
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
        """A loader of these batches of a data set; the decoder, if any, decodes the images."""
        if decoder is not None and isinstance(dataset, FromFiles):
            loader = DecodedBatches(self.loader_of(dataset.undecoded(), batches), decoder)
            self.decoding.add(loader)
            return loader
        return self.loader_of(dataset, batches)

    def teardown(self, stage: str) -> None:
        """End the threads and processes of the loaders that decode on a device.

        Lightning only ends those of torch's own loaders.
        """
        for loader in [*self.decoding]:
            loader.close()

    def loader_of(self, dataset: Any, batches: Batches) -> DataLoader[Any]:
        """torch's loader of a data set's collated items."""
        return DataLoader(
            dataset,
            batch_sampler=batches,
            collate_fn=self.collate,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
            # its own generator, so that creating an iterator does not use the run's random numbers
            generator=torch.Generator().manual_seed(self.seed),
        )

    def draw(self) -> BalancedDraw | None:
        """Chooses the training images of an epoch; None: each image once."""
        return None

    def train_batches(self, done: tuple[int, int] = (0, 0)) -> Batches:
        """This process's share of the training batches; `done` is as in TrainBatches.

        Raises:
            InputError: there are no training images.
        """
        if "train" not in self.datasets:
            raise InputError(
                f"{self.describe()}: there are no training images. Add some to the data's list or "
                "folder, or add mode=evaluate to score trained weights"
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
        """The step in the run's plan; see `Lineage.planned`."""
        return step if self.lineage is None else self.lineage.planned(step, self.steps_per_epoch())

    def train_dataloader(self) -> Iterable[Batch]:
        """Augmented batches; a continued run starts after its last finished step."""
        trainer = self.running
        epoch, step = divmod(self.planned_step(trainer.global_step), self.steps_per_epoch())
        return self.train_loader(done=(epoch, step * trainer.accumulate_grad_batches))

    def train_loader(self, done: tuple[int, int]) -> Iterable[Batch]:
        """A loader of this process's training batches after those that are `done`.

        Args:
            done: (epochs, batches of the next epoch).
        """
        return self.loader(self.datasets["train"], self.train_batches(done), self.decoder())

    def evaluation_loader(self, split: str) -> Iterable[Batch]:
        """Every image of a split once: each process gets its share, and no image is repeated.

        Raises:
            InputError: a process would have no images, and the others would wait for it forever.
        """
        dataset = self.datasets[split]
        rank, world = self.running.global_rank, self.running.world_size
        if len(dataset) < world:
            raise InputError(
                f"{split}: {number_of(len(dataset), 'image')} for {world} processes: each needs at "
                "least one. Use fewer processes (trainer.devices, trainer.num_nodes) or more images"
            )
        indices = range(rank, len(dataset), world)
        size = self.batch_size
        batches = [list(indices[i : i + size]) for i in range(0, len(indices), size)]
        return self.loader(dataset, batches, self.decoder())

    def evaluated(self, split: str, limit: int | float | None) -> int:
        """The number of images of a split, from the first on, that all processes score together.

        Args:
            limit: batches per process, as in Lightning's options: a number, a share, or None.
        """
        count, world = len(self.datasets[split]), self.trainer.world_size if self.trainer else 1
        share = -(-count // world)  # of the first process, which has the largest share
        batches = limited(-(-share // self.batch_size), limit)
        return min(batches * self.batch_size * world, count)

    def val_dataloader(self) -> Iterable[Batch]:
        """The validation split, unaugmented."""
        return self.evaluation_loader("val")

    @property
    def reported(self) -> str:
        """The split that results are about: `test`, or `val` if the set has no test split."""
        return "test" if "test" in self.datasets else "val"

    def test_dataloader(self) -> Iterable[Batch]:
        """The split that is reported."""
        return self.evaluation_loader(self.reported)

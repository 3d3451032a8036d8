"""Training batches from shards that are read from front to back, and an epoch's worth of them."""

import io
import random
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from webdataset.filters import shuffle

from backbone.errors import InputError
from tasks.geolocation.partition import Partition
from tasks.geolocation.shards import TWICE, Member, MemberError, Shards, member, samples
from tasks.images.crops import RandomResizedCrop
from tasks.images.files import Box, load_view
from tasks.images.view import View

DROPPED = "in a dropped cell"
REASONS = (
    *("no image", "image cannot be decoded", "no position", "position out of range"),
    *(TWICE, DROPPED),
)
TOLD = 3  # broken photographs that each loader process names in an epoch; the others it counts
WORKERS = 256  # at most


class Content(io.BytesIO):
    """A file in memory that goes by a name in messages."""

    def __init__(self, content: bytes, name: str):
        super().__init__(content)
        self.name = name

    def __str__(self) -> str:
        return self.name


class ShardStream(IterableDataset):
    """One process's photographs of an epoch, in an order that is a function of the seed, the
    epoch, and the numbers of processes and workers.

    The shards are drawn in a fresh order each epoch, dealt to the processes and then to their
    workers, and what is read of them passes through a bounded buffer, out of which it is drawn at
    random. So each photograph comes once an epoch, on one process. What the buffer holds is not
    decoded: memory is that of its files.

    Items are those of LocatedImages; `image_id` is a million times the shard's number plus the
    photograph's within the shard.

    Args:
        shards: all processes'.
        partition: a photograph in none of its cells is left out, and counted.
        size: (h, w) in pixels.
        crop, view, seed: see LabelledImages.
        rank, world: this process and their number.
    """

    def __init__(
        self,
        shards: Shards,
        partition: Partition,
        size: tuple[int, int],
        crop: RandomResizedCrop | None,
        view: View,
        seed: int,
        rank: int = 0,
        world: int = 1,
    ):
        self.shards, self.partition, self.size = shards, partition, size
        self.crop, self.view, self.seed = crop, view, seed
        self.rank, self.world = rank, world
        self.epoch, self.skip, self.batch_size = 0, 0, 1
        self.counting, self.told = True, 0
        self.repeated = 0  # photographs drawn once more in this epoch, see StreamBatches
        # what each worker left out, by reason; workers write into the memory itself
        self.left_out = torch.zeros(WORKERS, len(REASONS), dtype=torch.int64).share_memory_()

    def begin(self, epoch: int, skip: int = 0, batch_size: int = 1) -> None:
        """Make the next iteration one of this epoch, past so many batches (read, not decoded)."""
        self.epoch, self.skip, self.batch_size = epoch, skip, batch_size
        self.repeated, self.counting = 0, True
        self.left_out.zero_()

    def repeat(self) -> None:
        """Make the next iteration the same epoch's once more, of which nothing is counted."""
        self.skip, self.counting = 0, False

    @property
    def counts(self) -> Counter[str]:
        """Photographs of this process that the epoch left out, by reason, or repeated."""
        totals = zip(REASONS, self.left_out.sum(0).tolist(), strict=True)
        return +Counter(dict(totals) | {"repeated": self.repeated})

    def __iter__(self) -> Iterator[dict[str, Any]]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        self.told = 0
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.shards.urls))
        # The loader takes its batches from the lanes in turn: behind those that are skipped it is
        # another lane's turn, which the first worker then has.
        lane = (worker + self.skip) % workers
        skip = self.batch_size * len(range(lane, self.skip, workers))
        mine = order[self.rank :: self.world][lane::workers].tolist()
        buffer = self.shards.shuffle
        rng = random.Random(f"{self.seed} {self.epoch} {self.rank} {lane}")
        drawn = shuffle(buffer, initial=buffer, rng=rng)(self.members(mine, worker))
        for photograph, cell in islice(drawn, skip, None):
            try:
                yield self.item(photograph, cell)
            except InputError as error:
                self.leave_out(worker, "image cannot be decoded", str(error))

    def members(self, shards: list[int], worker: int) -> Iterator[tuple[Member, int]]:
        """The photographs in shards that have a cell, and their cells; the others are counted."""
        for shard in shards:
            url = self.shards.urls[shard]
            twice: Counter[str] = Counter()
            for number, sample in enumerate(samples(url, twice)):
                try:
                    found = member(sample, url, shard, number)
                except MemberError as error:
                    self.leave_out(worker, error.reason, f"{url}: {error}")
                    continue
                cell = int(self.partition.cell_of(found.latitude, found.longitude)[0])
                if cell < 0:
                    self.leave_out(worker, DROPPED)
                else:
                    yield found, cell
            for _ in range(twice[TWICE]):
                self.leave_out(worker, TWICE)

    def item(self, photograph: Member, cell: int) -> dict[str, Any]:
        """A photograph decoded. Raises: InputError for one that cannot be."""
        size = np.zeros(2, np.int64)

        def box(width: int, height: int) -> Box:
            size[:] = height, width
            if self.crop is None:
                return self.view.region(width, height, self.size)
            key = [self.seed, self.epoch, photograph.shard, photograph.number]
            return self.crop(width, height, self.size, np.random.default_rng(key))

        image = load_view(Content(photograph.image, photograph.name), self.size, box)
        return {
            "image": image,
            "label": cell,
            "image_id": photograph.shard * 1_000_000 + photograph.number,
            "size": size,
            "position": np.array([photograph.latitude, photograph.longitude]),
        }

    def leave_out(self, worker: int, reason: str, message: str = "") -> None:
        """Count a photograph that is not used, and say which one if it is among the first."""
        if not self.counting:
            return
        self.left_out[worker, REASONS.index(reason)] += 1
        self.told += bool(message)
        if message and self.told <= TOLD:
            print(f"left out: {message}", file=sys.stderr)


class StreamBatches:
    """Full batches of a stream, the same number in every process.

    Processes wait for each other at each step, so that all must make as many. One whose shards
    hold fewer photographs than its share begins them anew in the same epoch, and one whose shards
    hold more leaves the rest out: with shards of equal size, in a number that the processes
    divide, every photograph is drawn once an epoch, less the incomplete last batch.

    A run continued in mid-epoch reads past what it has seen without decoding it. It goes on with
    the very batches that were due if the number of workers is the same and no photograph before
    was left out.

    Args:
        stream: this process's.
        batch_size: photographs.
        steps: batches an epoch.
        workers: loader processes.
        collate: items -> batch.
        done: what an interrupted run has trained on: (epochs, batches of the next).
    """

    def __init__(
        self,
        stream: ShardStream,
        batch_size: int,
        steps: int,
        workers: int,
        collate: Callable[[list[dict[str, Any]]], dict[str, Tensor]],
        done: tuple[int, int] = (0, 0),
    ):
        self.stream, self.batch_size, self.steps, self.done = stream, batch_size, steps, done
        self.epoch = done[0]
        self.batches: Generator[dict[str, Tensor], None, None] | None = None
        self.sampler = self  # where Lightning looks for `set_epoch`
        # workers are started each epoch: they take the stream as it is then
        self.loader = DataLoader(
            stream,
            batch_size=batch_size,
            collate_fn=collate,
            num_workers=workers,
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator().manual_seed(stream.seed),
        )

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        start = self.done[1] if self.epoch == self.done[0] else 0
        if self.batches is not None:
            self.batches.close()  # its workers count into the same memory
        self.batches = self.full_batches(start)
        yield from islice(self.batches, self.steps - start)

    def full_batches(self, start: int) -> Generator[dict[str, Tensor], None, None]:
        """Batches of the epoch from number `start` on, and when they end those of another pass.

        Each worker ends with an incomplete batch; they are put together.
        """
        stream, size = self.stream, self.batch_size
        stream.begin(self.epoch, start, size)
        while True:
            rest: dict[str, Tensor] = {}
            count = 0
            for batch in self.loader:
                if len(batch["image_id"]) < size:
                    batch = {k: torch.cat([rest[k], v]) if rest else v for k, v in batch.items()}
                    rest = {k: v[size:] for k, v in batch.items()}
                    if len(batch["image_id"]) < size:
                        rest = batch
                        continue
                    batch = {k: v[:size] for k, v in batch.items()}
                count += 1
                stream.repeated += 0 if stream.counting else size
                yield batch
            left_out = stream.counts
            if not count and not stream.skip:
                why = ", ".join(f"{n:,} {reason}" for reason, n in left_out.items())
                raise InputError(
                    f"the shards of this process hold no batch of {size} photographs (left out: "
                    f"{why or 'none'}): lower data.batch_size, make more and smaller shards, or "
                    "see what is wrong with them"
                )
            stream.repeat()

"""Training batches from shards that are read sequentially, and the epochs they make up."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from webdataset.filters import shuffle

from backbone.errors import InputError
from tasks.data.decoded import DecodedBatches
from tasks.geolocation.partition import Partition
from tasks.geolocation.shards import DUPLICATE, Member, MemberError, Shards, member, samples
from tasks.images.crops import RandomResizedCrop
from tasks.images.decoding import BatchDecoder
from tasks.images.encoded import FromFiles
from tasks.images.files import Box, NamedBytes
from tasks.images.view import View

DROPPED = "in a dropped cell"
REASONS = (
    *("no image", "image cannot be decoded", "no position", "position out of range"),
    *(DUPLICATE, DROPPED),
)
REPORTED = 3  # broken photographs that each loader process names per epoch; others are counted
MOST_WORKERS = 256


class ShardStream(FromFiles, IterableDataset[dict[str, Any]]):
    """One process's photographs of an epoch, in random order.

    The order only depends on the seed, the epoch, and the numbers of processes and workers. In each
    epoch the shards are shuffled and divided among the processes and then among their workers.
    Photographs pass through a bounded buffer, from which they are drawn at random. So each
    photograph comes once per epoch, on one process. The buffer holds encoded files.

    Items are those of LocatedImages. `image_id` is a million times the shard's number plus the
    number of the photograph within the shard.

    Args:
        shards: of all processes.
        partition: photographs outside all of its cells are left out, and counted.
        size: (h, w) in pixels.
        crop, view, seed: see LabelledImages.
        rank, world: this process's number, and how many there are.
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
        self.counting, self.reported = True, 0
        self.repeated = 0  # photographs drawn a second time in this epoch, see StreamBatches
        # how many photographs each worker left out, by reason, in memory that the workers share
        self.left_out = torch.zeros(MOST_WORKERS, len(REASONS), dtype=torch.int64).share_memory_()

    def begin(self, epoch: int, skip: int = 0, batch_size: int = 1) -> None:
        """Start an epoch with the next iteration.

        Args:
            epoch: its number.
            skip: batches to skip; their photographs are read, but not decoded.
            batch_size: of those batches.
        """
        self.epoch, self.skip, self.batch_size = epoch, skip, batch_size
        self.repeated, self.counting = 0, True
        self.left_out.zero_()

    def repeat(self) -> None:
        """Start the same epoch again with the next iteration, without counting anything."""
        self.skip, self.counting = 0, False

    @property
    def counts(self) -> Counter[str]:
        """Photographs that this process left out of the epoch, by reason, or repeated."""
        totals = zip(REASONS, self.left_out.sum(0).tolist(), strict=True)
        return +Counter(dict(totals) | {"repeated": self.repeated})

    def __iter__(self) -> Iterator[dict[str, Any]]:
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        self.reported = 0
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.shards.urls))
        # The loader takes batches from the workers' lanes in turn. After the skipped batches
        # another lane is next, and that lane goes to the first worker.
        lane = (worker + self.skip) % workers
        skip = self.batch_size * len(range(lane, self.skip, workers))
        mine = order[self.rank :: self.world][lane::workers].tolist()
        buffer = self.shards.shuffle
        rng = random.Random(f"{self.seed} {self.epoch} {self.rank} {lane}")
        drawn: Iterator[tuple[Member, int]]
        drawn = shuffle(buffer, initial=buffer, rng=rng)(self.members(mine, worker))
        for photograph, cell in islice(drawn, skip, None):
            try:
                yield self.item(photograph, cell)
            except InputError as error:
                self.leave_out(worker, "image cannot be decoded", str(error))

    def members(self, shards: list[int], worker: int) -> Iterator[tuple[Member, int]]:
        """The photographs of shards that lie in a cell, with their cells; counts the others."""
        for shard in shards:
            url = self.shards.urls[shard]
            duplicates: Counter[str] = Counter()
            for number, sample in enumerate(samples(url, duplicates)):
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
            for _ in range(duplicates[DUPLICATE]):
                self.leave_out(worker, DUPLICATE)

    def item(self, photograph: Member, cell: int) -> dict[str, Any]:
        """Decode a photograph. Raises: InputError if it is damaged."""
        size = np.zeros(2, np.int64)

        def box(width: int, height: int) -> Box:
            size[:] = height, width
            if self.crop is None:
                return self.view.region(width, height, self.size)
            key = [self.seed, self.epoch, photograph.shard, photograph.number]
            return self.crop(width, height, self.size, np.random.default_rng(key))

        image = self.read(NamedBytes(photograph.image, photograph.name), self.size, box)
        return {
            "image": image,
            "label": cell,
            "image_id": photograph.shard * 1_000_000 + photograph.number,
            "size": size,
            "position": np.array([photograph.latitude, photograph.longitude]),
        }

    def leave_out(self, worker: int, reason: str, message: str = "") -> None:
        """Count a photograph that is not used; print its name if it is among the first."""
        if not self.counting:
            return
        self.left_out[worker, REASONS.index(reason)] += 1
        self.reported += bool(message)
        if message and self.reported <= REPORTED:
            print(f"left out: {message}", file=sys.stderr)


class StreamBatches:
    """Full batches of a stream, the same number in every process.

    Processes wait for each other at each step, so all must make the same number of steps. A process
    whose shards contain fewer photographs than its share reads them again in the same epoch; one
    whose shards contain more leaves the rest out. With shards of equal size, in a multiple of the
    number of processes, every photograph is drawn once per epoch, except for the incomplete last
    batch.

    A run that is continued within an epoch skips what it has trained on without decoding it. It
    goes on with exactly the next batches if the number of workers is the same and nothing was left
    out.

    Args:
        stream: of this process.
        batch_size: photographs per batch.
        steps: batches per epoch.
        workers: loader processes.
        collate: items -> batch.
        done: what an interrupted run has trained on: (epochs, batches of the next epoch).
        decoder: of the images, if the stream does not decode them.
    """

    def __init__(
        self,
        stream: ShardStream,
        batch_size: int,
        steps: int,
        workers: int,
        collate: Callable[[list[dict[str, Any]]], dict[str, Any]],
        done: tuple[int, int] = (0, 0),
        decoder: BatchDecoder | None = None,
    ):
        self.stream, self.batch_size, self.steps, self.done = stream, batch_size, steps, done
        self.epoch = done[0]
        self.batches: Generator[dict[str, Tensor], None, None] | None = None
        self.sampler = self  # Lightning looks here for `set_epoch`
        # workers start anew each epoch, with the present state of the stream
        loader: DataLoader[dict[str, Any]] = DataLoader(
            stream,
            batch_size=batch_size,
            collate_fn=collate,
            num_workers=min(workers, MOST_WORKERS),
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator().manual_seed(stream.seed),
        )
        self.loader: Iterable[dict[str, Tensor]] = (
            loader if decoder is None else DecodedBatches(loader, decoder)
        )

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        start = self.done[1] if self.epoch == self.done[0] else 0
        if self.batches is not None:
            self.batches.close()  # otherwise its workers would count into the same memory
        self.batches = self.full_batches(start)
        yield from islice(self.batches, self.steps - start)

    def full_batches(self, start: int) -> Generator[dict[str, Tensor], None, None]:
        """Batches of the epoch from number `start` on, then those of further passes.

        Each worker ends with an incomplete batch. These are joined.
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
                    f"the shards of this process do not fill one batch of {size} photographs (left "
                    f"out: {why or 'none'}): lower data.batch_size, make more and smaller shards, "
                    "or repair what is wrong with them"
                )
            stream.repeat()

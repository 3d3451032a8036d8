"""Batches: the order in which images come, and how many are in each batch."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from torch import Tensor
from torch.utils.data import Sampler

from tasks.data.sampling import BalancedDraw, times_before

Batch = dict[str, Tensor]


class Batches(Protocol):
    """The batches of an epoch; each has the keys of its images, or is the batch itself."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


AGAIN = 2**32
"""Added to the epoch for each earlier use of an image in it, so that its crop is another one."""


class TrainBatches(Sampler[list[tuple[int, int]]]):
    """Batches of (index, epoch) in a fresh order each epoch; each batch is one process's share.

    If an image is drawn several times in an epoch, later draws have the epoch plus a multiple of
    AGAIN.

    The order only depends on the seed and the epoch, so a run that is continued within an epoch
    goes on with exactly the batches that were due. All processes draw the same order and take
    turns. An incomplete last batch is left out. If there are fewer images than processes, some
    images are used twice, so that every process has one.

    Args:
        count: images in the data set.
        batch_size: images per process and step.
        seed: the run's seed.
        rank, world: number of this process, and number of processes.
        done: what an interrupted run has trained on: whole epochs, and batches of the next epoch.
        draw: chooses the images of an epoch; None: each image once.
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
        self.sampler = self  # Lightning looks here for `set_epoch` of a batch sampler

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        step = self.batch_size * self.world
        # a data set smaller than one batch is one short batch
        return max(self.count // step, 1)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        # Only the interrupted epoch starts late. Iterating must not change anything here: Lightning
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


def limited(batches: int, limit: int | float | None) -> int:
    """The number of these batches that one of Lightning's `limit_*_batches` options leaves."""
    if limit is None:
        return batches
    return min(batches, limit) if isinstance(limit, int) else int(batches * limit)


def image_ids(batch: Mapping[str, Any], prefix: str = "") -> dict[str, Tensor]:
    """The `image_id` of a batch; for a joint task, those of the parts' batches, under `part/`."""
    if isinstance(batch.get("image_id"), Tensor):
        return {prefix: batch["image_id"]}
    return {
        key: ids for name, own in batch.items() for key, ids in image_ids(own, f"{name}/").items()
    }


def images_in(batch: Mapping[str, Any]) -> int:
    """The number of images in a batch, or in all batches of a joint task's parts."""
    return sum(map(len, image_ids(batch).values()))

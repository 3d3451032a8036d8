"""Batches: in which order images come, and how many are in one."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from torch import Tensor
from torch.utils.data import Sampler

from tasks.data.sampling import BalancedDraw, times_before

Batch = dict[str, Tensor]


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

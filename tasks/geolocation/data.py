"""Photographs and the cells that they were taken in, listed or streamed, in batches."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from backbone.errors import InputError, number_of
from tasks.data.batches import Batch
from tasks.data.checking import Listed, check_readable, copies
from tasks.data.cropped_data import CroppedData
from tasks.data.decoded import DecodedBatches
from tasks.data.labels import Labels
from tasks.geolocation.dataset import LocatedImages, collate_places
from tasks.geolocation.hierarchy import hierarchy_levels
from tasks.geolocation.names import output_id, place_name
from tasks.geolocation.partition import PARTITION, Partition
from tasks.geolocation.partitioning import Partitioning
from tasks.geolocation.photographs import Photographs, PlaceIndex
from tasks.geolocation.place_sources import PlaceSource
from tasks.geolocation.shards import Shards
from tasks.geolocation.stream import DROPPED, ShardStream, StreamBatches
from tasks.images.view import View

THUMBNAILS = 128  # per batch


class PlaceData(CroppedData):
    """Photographs labelled with the cells of a partition; those in no cell are not trained on.

    After `setup`, `partition` is the partition, and `stream` the training photographs if they come
    in shards; otherwise `indices` lists them.

    Args:
        source: of the photographs, see `place_sources`.
        partitioning: the source of the partition.
        coarser: multiples of t_max, see `hierarchy_levels`. The outputs for the cells of the
            coarser partitions follow those for the partition's own.
        cache: folder for partitions that are built, and for facts about files.
        options: see CroppedData. `limit` and `validate_on_train` need listed photographs.
    """

    partition: Partition
    val: Photographs
    indices: dict[str, PlaceIndex]
    datasets: dict[str, Any]  # a stream has no length

    def __init__(
        self,
        source: PlaceSource,
        partitioning: Partitioning,
        coarser: Sequence[float],
        cache: str | Path,
        **options: Any,
    ):
        super().__init__(cache=cache, **options)
        self.source = source
        self.partitioning, self.coarser, self.partitions = partitioning, coarser, Path(cache)
        self.collate = collate_places
        self.stream: ShardStream | None = None
        self.notes: list[str] = []

    def setup(self, stage: str) -> None:
        """List the photographs, get the partition, and label them, once."""
        if self.indices:
            return
        loaded = self.source.load()
        train = loaded.train
        if not isinstance(train, Photographs) and (self.limit or self.validate_on_train):
            raise InputError(
                "data.limit and data.validate_on_train (mode=overfit) need a list or a folder of "
                "training photographs; of shards, name fewer in data.train"
            )
        if isinstance(train, Shards) and self.balance:
            raise InputError(
                f"data.balance={self.balance}: photographs in shards come in the order of their "
                "files, and their cells are known only then; give them as a list or a folder"
            )
        listed: dict[str, Listed] = {}
        if isinstance(train, Photographs):
            train, listed["train"] = self._readable("train", train)
        val = loaded.val
        if not self.validate_on_train:
            val, listed["val"] = self._readable("val", val)
        for line in copies(listed):
            print(line)
        coordinates = None if train is None else train.coordinates()
        self.partition = self.partitioning.partition(coordinates, self.partitions)
        self.labels = labels(self.partition, self.coarser)
        names = self.labels.names[: len(self.partition)]
        indices: dict[str, PlaceIndex] = {}
        if isinstance(train, Shards):
            self.stream = ShardStream(
                train, self.partition, self.size, self.crop, self.view, self.seed
            )
            print(
                f"train: {number_of(len(train.urls), 'shard')}, "
                f"{number_of(self.photographs, 'photograph')} per epoch"
            )
        elif train is not None:
            indices["train"] = self._in_cells(train, names)
            self.datasets["train"] = LocatedImages(
                indices["train"], self.size, self.crop, self.view, self.seed
            )
            self.notes += [train.note] if train.note else []
        self.val = val
        indices["val"] = (
            indices["train"] if self.validate_on_train else self.val.index(self.partition, names)
        )
        self.datasets["val"] = LocatedImages(
            indices["val"], self.size, view=self.view, seed=self.seed
        )
        self.indices, self.note = indices, loaded.note
        if "train" in indices and (draw := self.draw()) is not None:
            print(f"train: {draw}")
        print(f"val: {self._scored()}")

    @property
    def trains(self) -> bool:
        """Whether there are training photographs, listed or in shards."""
        return self.stream is not None or super().trains

    @property
    def photographs(self) -> int:
        """Training photographs per epoch."""
        if self.stream is None:
            return len(self.indices["train"])
        stated, partition = self.stream.shards.photographs, self.partition
        return stated or partition.photographs - partition.dropped_photographs

    def batches_per_epoch(self) -> int:
        """Training batches per epoch, on each process.

        Raises:
            InputError: there are no training photographs, or fewer shards than processes.
        """
        if not self.trains:
            raise InputError(
                "data.train=null leaves nothing to train on: add mode=evaluate, or name training "
                "photographs"
            )
        if self.stream is None:
            return super().batches_per_epoch()
        shards, processes = len(self.stream.shards.urls), self.running.world_size
        if shards < processes:
            raise InputError(
                f"{number_of(shards, 'shard')} for {number_of(processes, 'process')}: each needs "
                "at least one; make more and smaller shards"
            )
        return max(self.photographs // (self.batch_size * processes), 1)

    def train_loader(self, done: tuple[int, int]) -> Iterable[Batch]:
        """A loader of this process's training batches after those that are `done`."""
        stream = self.stream
        if stream is None:
            return super().train_loader(done)
        stream.rank, stream.world = self.running.global_rank, self.running.world_size
        steps = self.batches_per_epoch()
        decoder = self.decoder()
        if decoder is not None:
            stream = self.stream = stream.undecoded()
        batches = StreamBatches(
            stream, self.batch_size, steps, self.workers, self.collate, done, decoder
        )
        if isinstance(batches.loader, DecodedBatches):
            self.decoding.add(batches.loader)
        return batches

    def thumbnails(
        self, split: str, size: tuple[int, int], count: int | None = None
    ) -> Iterable[Batch]:
        """Batches of whole photographs of a split at another size.

        Args:
            split: of the data.
            size: (h, w) in pixels.
            count: if the photographs are listed, choose this many at random; None for all.
        """
        view = View(crop_fraction=1.0)
        if split == "train" and self.stream is not None:
            stream = ShardStream(self.stream.shards, self.partition, size, None, view, self.seed)
            workers = min(self.workers, 1)
            return DataLoader(stream, THUMBNAILS, collate_fn=self.collate, num_workers=workers)
        index = self.indices[split]
        if count is not None and count < len(index):
            order = np.random.default_rng(self.seed).permutation(len(index))
            index = index.take(np.sort(order[:count]))
        images = LocatedImages(index, size, view=view, seed=self.seed)
        return self.loader(images, BatchSampler(SequentialSampler(images), THUMBNAILS, False))

    def describe(self) -> str:
        """The data of a result, in words."""
        partition = self.partition
        parts = [
            f"{number_of(len(partition), 'cell')} of at most level {partition.levels.max()} "
            f"(partition {partition.hash[:12]}, t_max {partition.t_max:,}, t_min "
            f"{partition.t_min:,})"
        ]
        if self.learned_from:
            parts += [f"trained on {number_of(self.photographs, 'photograph')}", *self.notes]
        parts += self.left_out_in_words()
        parts += [f"evaluated {self._scored()}"]
        parts += [self.note] if self.note else []
        return f"{Path(self.source.root).name}: {', '.join(parts)}"

    def _scored(self) -> str:
        if self.validate_on_train:
            return f"the {number_of(len(self.indices['val']), 'training photograph')}"
        val = self.val
        note = f" ({val.note})" if val.note else ""
        return f"{len(val):,} of {val.official:,} ({val.name}){note}"

    def _readable(self, split: str, found: Photographs) -> tuple[Photographs, Listed]:
        """The photographs that can be read; others are counted, or stop the run."""
        checked = check_readable(found.root, found.files, split, self.cache, self.skip_unreadable)
        self.left_out[split] = {**found.left_out, **checked.left_out}
        files, positions = found.files[checked.usable], found.positions[checked.usable]
        listed = Listed(found.root, files, positions, checked.digests)
        return replace(found, files=files, positions=positions), listed

    def _in_cells(self, train: Photographs, names: list[str]) -> PlaceIndex:
        """The training photographs that are inside a cell, at most `limit` of them."""
        index = train.index(self.partition, names)
        inside = np.flatnonzero(index.labels >= 0)
        dropped = len(index) - len(inside)
        if not inside.size:
            raise InputError(
                f"none of the {len(index):,} training photographs lies in a cell of the partition, "
                "which was made from others; build one with data.partition=null"
            )
        if dropped:
            self.left_out["train"][DROPPED] = dropped
        index = index.take(inside)
        if self.limit is not None:
            index = index.first(self.limit)
        print(
            f"train: {number_of(len(index), 'photograph')} in {len(np.unique(index.labels)):,} of "
            f"{number_of(len(names), 'cell')}, {dropped:,} in dropped cells left out"
        )
        return index


def labels(partition: Partition, coarser: Sequence[float] = ()) -> Labels:
    """The meaning of a network's outputs: the partition's cells, then those of coarser partitions.

    The coarsest partition comes last.

    Args:
        partition: kept in the labels' details.
        coarser: see `hierarchy_levels`.
    """
    *above, own = hierarchy_levels(partition, coarser)
    ids: list[int | str] = []
    names: list[str] = []
    for level in (own, *reversed(above)):
        ids += [output_id(partition, cell) for cell in level.cells]
        names += [place_name(*centre) for centre in level.centres]
    return Labels(len(ids), list(range(len(ids))), ids, names, {PARTITION: partition.to_dict()})

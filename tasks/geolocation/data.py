"""Photographs and the cells that they were taken in, listed or streamed, in batches."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from backbone.errors import InputError
from tasks.data.image_data import ImageData
from tasks.data.module import Labels, TrainBatches
from tasks.geolocation.dataset import LocatedImages, collate_places
from tasks.geolocation.hierarchy import hierarchy_levels
from tasks.geolocation.names import output_id, place_name
from tasks.geolocation.partition import PARTITION, Partition
from tasks.geolocation.partitioning import Partitioning
from tasks.geolocation.photographs import Photographs, PlaceIndex
from tasks.geolocation.place_sources import Places
from tasks.geolocation.shards import Shards
from tasks.geolocation.stream import ShardStream, StreamBatches
from tasks.images.view import View


class PlaceData(ImageData):
    """Photographs labelled with the cells of a partition; those in none are not trained on.

    Args:
        source: see `sources`.
        partitioning: where the partition comes from.
        coarser: multiples of t_max, see `hierarchy_levels`; the outputs of the coarser partitions'
            cells stand behind those of the partition's own.
        cache: folder for partitions that are built.
        options: see ImageData. `limit` and `validate_on_train` are for listed photographs.
    """

    def __init__(
        self,
        source: Any,
        partitioning: Partitioning,
        coarser: Sequence[float],
        cache: str,
        **options: Any,
    ):
        super().__init__(source, **options)
        self.partitioning, self.coarser, self.cache = partitioning, coarser, Path(cache)
        self.collate = collate_places
        self.loaded: Places | None = None
        self.left_out: Counter[str] = Counter()  # training photographs, by reason

    def setup(self, stage: str) -> None:
        """List the photographs, part the sphere and label them, once."""
        if self.loaded is not None:
            return
        loaded = self.source.load()
        train = loaded.train
        if not isinstance(train, Photographs) and (self.limit or self.validate_on_train):
            raise InputError(
                "data.limit and data.validate_on_train (mode=overfit) need a list or a folder of "
                "training photographs; of shards, name fewer in data.train"
            )
        coordinates = None if train is None else train.coordinates()
        self.partition = self.partitioning.partition(coordinates, self.cache)
        self.labels = labels(self.partition, self.coarser)
        names = self.labels.names[: len(self.partition)]
        options = {"size": self.size, "view": self.view, "seed": self.seed}
        if isinstance(train, Shards):
            stream = ShardStream(train, self.partition, crop=self.crop, **options)
            self.datasets["train"] = stream
            print(f"train: {len(train.urls):,} shards, {self.photographs:,} photographs an epoch")
        elif train is not None:
            self.indices["train"] = self._with_a_cell(train, names)
            self.datasets["train"] = LocatedImages(self.indices["train"], crop=self.crop, **options)
        self.indices["val"] = (
            self.indices["train"]
            if self.validate_on_train
            else loaded.val.index(self.partition, names)
        )
        self.datasets["val"] = LocatedImages(self.indices["val"], **options)
        self.loaded = loaded
        print(f"val: {self._scored()}")

    @property
    def photographs(self) -> int:
        """Training photographs of an epoch."""
        train = self.datasets["train"]
        if not isinstance(train, ShardStream):
            return len(train)
        stated, partition = train.shards.photographs, self.partition
        return stated or partition.photographs - partition.dropped_photographs

    def train_batches(self, done: tuple[int, int] = (0, 0)) -> TrainBatches | StreamBatches:
        """This process's share of the training batches."""
        if "train" not in self.datasets:
            raise InputError(
                "data.train=null leaves nothing to train on: add mode=evaluate, or name training "
                "photographs"
            )
        stream = self.datasets["train"]
        if not isinstance(stream, ShardStream):
            return super().train_batches(done)
        stream.rank, stream.world = self.trainer.global_rank, self.trainer.world_size
        if len(stream.shards.urls) < stream.world:
            raise InputError(
                f"{len(stream.shards.urls)} shards for {stream.world} processes: each needs one at "
                "least; make more and smaller shards"
            )
        steps = max(self.photographs // (self.batch_size * stream.world), 1)
        return StreamBatches(stream, self.batch_size, steps, self.workers, self.collate, done)

    def loader(self, dataset: Dataset, sampler: Sampler | StreamBatches) -> Any:
        """A loader of the batches that a sampler names; a stream's batches load themselves."""
        return sampler if isinstance(sampler, StreamBatches) else super().loader(dataset, sampler)

    def some_small(
        self, split: str, size: tuple[int, int], count: int | None = None
    ) -> DataLoader[dict[str, Tensor]]:
        """Whole photographs of a split at another size: all, or about so many by chance."""
        dataset = self.datasets[split]
        options = {"size": size, "view": View(crop_fraction=1.0), "seed": self.seed}
        if isinstance(dataset, ShardStream):
            stream = ShardStream(dataset.shards, self.partition, crop=None, **options)
            return DataLoader(
                stream, 128, collate_fn=collate_places, num_workers=min(self.workers, 1)
            )
        index = self.indices[split]
        if count is not None and count < len(index):
            order = np.random.default_rng(self.seed).permutation(len(index))
            index = index.take(np.sort(order[:count]))
        batches = [list(range(len(index)))[i : i + 128] for i in range(0, len(index), 128)]
        return self.loader(LocatedImages(index, **options), batches)

    def describe(self) -> str:
        """The data of a result, in words."""
        partition, train = self.partition, self.datasets.get("train")
        parts = [
            f"{len(partition):,} cells of at most level {partition.levels.max()} (partition "
            f"{partition.hash[:12]}, t_max {partition.t_max:,}, t_min {partition.t_min:,})"
        ]
        if train is not None:
            parts.append(f"trained on {self.photographs:,} photographs")
            source = self.loaded.train
            parts += [source.note] if isinstance(source, Photographs) and source.note else []
        parts += [f"{count:,} {why}" for why, count in self.left_out.items()]
        parts += [f"evaluated {self._scored()}"]
        parts += [self.loaded.note] if self.loaded.note else []
        return f"{Path(self.source.root).name}: {', '.join(parts)}"

    def _scored(self) -> str:
        if self.validate_on_train:
            return f"the {len(self.indices['val']):,} training photographs"
        val = self.loaded.val
        note = f" ({val.note})" if val.note else ""
        return f"{len(val):,} of official {val.official:,} ({val.name}){note}"

    def _with_a_cell(self, train: Photographs, names: list[str]) -> PlaceIndex:
        index = train.index(self.partition, names)
        inside = np.flatnonzero(index.labels >= 0)
        dropped = len(index) - len(inside)
        if not inside.size:
            raise InputError(
                f"none of the {len(index):,} training photographs lies in a cell of the partition: "
                "it was made from others; build one with data.partition=null"
            )
        if dropped:
            self.left_out["in dropped cells left out"] = dropped
        index = index.take(inside)
        if self.limit is not None:
            index = index.first(self.limit)
        print(
            f"train: {len(index):,} photographs in {len(np.unique(index.labels)):,} of "
            f"{len(names):,} cells, {dropped:,} in dropped cells left out"
        )
        return index


def labels(partition: Partition, coarser: Sequence[float] = ()) -> Labels:
    """What the outputs of a network for a partition mean: its cells, then those of each coarser
    partition, the coarsest last."""
    *above, own = hierarchy_levels(partition, coarser)
    ids, names = [], []
    for level in (own, *reversed(above)):
        ids += [output_id(partition, cell) for cell in level.cells]
        names += [place_name(*centre) for centre in level.centres]
    return Labels(len(ids), list(range(len(ids))), ids, names, {PARTITION: partition.to_dict()})

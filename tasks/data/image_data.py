"""A classifier's data: the splits of a source, listed, checked and loaded in batches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic

from backbone.errors import InputError, number_of
from tasks.data.cropped_data import CroppedData
from tasks.data.image_source import AnyIndex, ImageSource
from tasks.data.labelled_images import LabelledImages, collate_labelled
from tasks.data.labels import Labels


class ImageData(CroppedData, Generic[AnyIndex]):
    """Labelled images in any layout.

    If the source has no training images, the data can only be scored.

    Args:
        source: finds the images.
        options: see CroppedData.
    """

    fewest_classes = 2
    """With fewer classes there is nothing to learn."""

    def __init__(self, source: ImageSource[AnyIndex], **options: Any):
        super().__init__(**options)
        self.source = source
        self.collate = collate_labelled
        self.indices: Mapping[str, AnyIndex] = {}
        self.note = ""

    def setup(self, stage: str) -> None:
        """List and check all splits, once."""
        if self.indices:
            return
        loaded = self.source.load()
        self.note = loaded.note
        splits = self.used(loaded.splits)
        for split, index in splits.items():
            print(f"{split}: {index}")
        if self.note:
            print(f"{Path(self.source.root).name}: {self.note}")
        self.indices = splits
        for split, index in splits.items():
            crop = self.crop if split == "train" else None
            self.datasets[split] = LabelledImages(index, self.size, crop, self.view, self.seed)
        if "train" in splits and (draw := self.draw()) is not None:
            print(f"train: {draw}")
        if len(splits["val"].classes) < self.fewest_classes:
            print(
                f"{Path(self.source.root).name}: there is only one class, "
                f"{splits['val'].classes[0][1]}, so there is nothing to learn"
            )
        ids, names = map(list, zip(*splits["val"].classes, strict=True))
        self.labels = Labels(len(ids), list(range(len(ids))), ids, names)

    def used(self, loaded: Mapping[str, AnyIndex]) -> dict[str, AnyIndex]:
        """The splits that the run uses, of images that can be read.

        Raises:
            InputError: `limit` or `validate_on_train` is set, and there are no training images.
        """
        splits = dict(loaded)
        if "train" not in splits and (self.limit is not None or self.validate_on_train):
            raise InputError(
                "data.limit and data.validate_on_train need training images, and "
                "data.train=null leaves none: drop these options, or name training images"
            )
        if self.limit is not None:
            splits["train"] = splits["train"].first(self.limit)
        if self.validate_on_train:
            splits = self.readable({"train": splits["train"]})
            return splits | {"val": splits["train"]}
        return self.readable(splits)

    def describe(self) -> str:
        """The classes, and the numbers of images in training and scoring, in words for a result."""
        scored = self.indices[self.reported]
        parts = [number_of(len(self.labels.ids), "class")]
        if self.learned_from:
            parts.append(f"trained on {number_of(len(self.indices['train']), 'image')}")
        parts.append(
            f"scored on the {number_of(len(scored), 'training image')}"
            if self.validate_on_train
            else f"scored on {number_of(len(scored), 'image')}"
        )
        parts += self.left_out_in_words()
        if self.note:
            parts.append(self.note)
        return f"{Path(self.source.root).name}: {', '.join(parts)}"

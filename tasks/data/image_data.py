"""A classifier's data: the splits of a source, listed, checked and loaded in batches."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from backbone.errors import InputError
from tasks.data.image_index import ImageIndex
from tasks.data.image_source import ImageSource
from tasks.data.labelled_images import LabelledImages, collate_labelled
from tasks.data.module import DataModule, Labels
from tasks.images.crops import RandomResizedCrop
from tasks.images.files import image_size
from tasks.images.view import View


class ImageData(DataModule):
    """Labelled images, whatever layout they come in.

    Data whose source has no training images can only be scored.

    Args:
        source: where the images are.
        size: what images are resized to, in pixels: one number, or [height, width].
        batch_size, workers, seed: see DataModule.
        crop: whether training takes a random crop of each image.
        crop_scale: smallest and largest area of that crop, as fractions of the image.
        view: the part of an image that evaluation looks at.
        limit: train on this many images only, taken from all classes in turn.
        validate_on_train: score the training images, uncropped, instead of the validation split.

    Raises:
        InputError: a crop scale out of range, a limit below one, or a view that pads.
    """

    def __init__(
        self,
        source: ImageSource,
        size: int | list[int],
        batch_size: int,
        workers: int | None,
        seed: int,
        crop: bool,
        crop_scale: Sequence[float],
        view: View,
        limit: int | None,
        validate_on_train: bool,
    ):
        super().__init__(batch_size, workers, seed, limit, validate_on_train)
        if not (len(crop_scale) == 2 and 0 < crop_scale[0] <= crop_scale[1] <= 1):
            raise InputError(
                f"data.crop_scale={list(crop_scale)}: give the smallest and the largest share of "
                "the image's area, above 0 and up to 1, such as [0.08,1.0]"
            )
        if limit is not None and limit < 1:
            raise InputError(
                f"data.limit={limit}: train on one image or more, or give null for all"
            )
        if view.keep_aspect:
            raise InputError(
                "data.view.keep_aspect=true pads images, which only detectors are trained for: set "
                "data.view.crop_fraction=null to stretch whole images"
            )
        self.source, self.size = source, image_size(size)
        self.crop = RandomResizedCrop((crop_scale[0], crop_scale[1])) if crop else None
        self.view = view
        self.collate = collate_labelled
        self.indices: Mapping[str, ImageIndex] = {}
        self.note = ""

    def setup(self, stage: str) -> None:
        """List and check all splits, once."""
        if self.indices:
            return
        loaded = self.source.load()
        splits, self.note = dict(loaded.splits), loaded.note
        if self.limit is not None or self.validate_on_train:
            if "train" not in splits:
                raise InputError(
                    "data.limit and data.validate_on_train need training images, and "
                    "data.train=null leaves none: drop these options, or name training images"
                )
            if self.limit is not None:
                splits["train"] = splits["train"].first(self.limit)
            if self.validate_on_train:
                splits = {"train": splits["train"], "val": splits["train"]}
        for split, index in splits.items():
            print(f"{split}: {index}")
        if self.note:
            print(f"{Path(self.source.root).name}: {self.note}")
        self.indices = splits
        for split, index in splits.items():
            crop = self.crop if split == "train" else None
            self.datasets[split] = LabelledImages(index, self.size, crop, self.view, self.seed)
        ids, names = map(list, zip(*splits["val"].classes, strict=True))
        self.labels = Labels(len(ids), list(range(len(ids))), ids, names)

    def describe(self) -> str:
        """The classes and the images that were trained on and scored, in words for a result."""
        scored = self.indices[self.reported]
        parts = [f"{len(self.labels.ids):,} classes"]
        if "train" in self.indices:
            parts.append(f"trained on {len(self.indices['train']):,} images")
        parts.append(
            f"scored on the {len(scored):,} training images"
            if self.validate_on_train
            else f"scored on {len(scored):,} images"
        )
        if self.note:
            parts.append(self.note)
        return f"{Path(self.source.root).name}: {', '.join(parts)}"

"""A classifier's data: a source's splits listed, checked and handed out in batches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Generic

from backbone.errors import InputError
from tasks.data.image_source import Images, ImageSource
from tasks.data.labelled_images import LabelledImages, collate_labelled
from tasks.data.module import DataModule, Labels
from tasks.images.crops import RandomResizedCrop
from tasks.images.files import image_size
from tasks.images.view import View


class ImageData(DataModule, Generic[Images]):
    """Labelled images, whatever layout they come in.

    A source without training images gives no training data set: such data can be scored only.

    Args:
        source: where they are.
        size: one number, or [height, width]: pixels that images are resized to.
        batch_size, workers, seed: see DataModule.
        crop: random resized crop in training.
        crop_scale: least and greatest area of that crop, as fractions of the image.
        view: the part of an image that evaluation looks at.
        limit: train on so many images only, taken from all classes in turn.
        validate_on_train: score the training images, uncropped, in place of the others.

    Raises:
        InputError: a crop scale out of range, or a limit below one.
    """

    def __init__(
        self,
        source: ImageSource[Images],
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
                f"data.crop_scale={list(crop_scale)}: give the least and the greatest share of the "
                "image's area, above 0 and up to 1, such as [0.08,1.0]"
            )
        if limit is not None and limit < 1:
            raise InputError(f"data.limit={limit}: train on one image at least, or null for all")
        if view.keep_aspect:
            raise InputError(
                "data.view.keep_aspect=true pads images, which only detectors are trained for: set "
                "data.view.crop_fraction=null to stretch whole images"
            )
        self.source, self.size = source, image_size(size)
        self.crop = RandomResizedCrop((crop_scale[0], crop_scale[1])) if crop else None
        self.view = view
        self.collate = collate_labelled
        self.indices: dict[str, Images] = {}
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
                    "data.limit and data.validate_on_train are about training images, and "
                    "data.train=null: leave them out, or name training images"
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
        self.datasets = {
            split: LabelledImages(
                index, self.size, self.crop if split == "train" else None, self.view, self.seed
            )
            for split, index in splits.items()
        }
        ids, names = map(list, zip(*splits["val"].classes, strict=True))
        self.labels = Labels(len(ids), list(range(len(ids))), ids, names)

    def describe(self) -> str:
        """The data of a result, in words."""
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

"""COCO, and boxes in other layouts: both splits checked, loaded and served in batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.detection.coco.audit import told
from tasks.detection.coco.combining import check_same_categories, shared_files
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.coco.index import CocoIndex
from tasks.detection.coco.splits import BoxSets
from tasks.detection.crop import RandomCrop
from tasks.detection.evaluation.arrays import GroundTruth
from tasks.detection.scale_jitter import ScaleJitter
from tasks.images.files import image_size
from tasks.images.view import View


class CocoData(DataModule):
    """COCO, or a set of boxes in any layout that `BoxSets` reads.

    Args:
        root: contains the annotations and the image folders.
        unlabelled: a folder of photographs to train on instead of the training split; they have no
            boxes, so a teacher must provide the answers.
        size: of the network's input in pixels: one number, or [height, width].
        view: the whole image, stretched to `size` or padded.
        batch_size, workers, seed, decode: see DataModule.
        crop: apply SSD's random crop in training.
        scale_jitter: smallest and largest factor of a scale jitter that replaces the crop; None:
            none.
        limit: train on only the first images with boxes, this many; None for all images.
        validate_on_train: score the training images, uncropped, instead of the validation split.
        cache: folder for the parsed annotations.
        annotations: see `BoxSets`.

    Raises:
        InputError: a view that crops. From `setup`: files are missing, damaged, or contradict each
            other.
    """

    indices: dict[str, CocoIndex]

    def __init__(
        self,
        root: str,
        size: int | list[int],
        view: View,
        batch_size: int,
        workers: int | None,
        seed: int,
        crop: bool,
        limit: int | None,
        validate_on_train: bool,
        cache: str,
        unlabelled: str | None = None,
        decode: str = "auto",
        scale_jitter: Sequence[float] | None = None,
        **annotations: Any,
    ):
        super().__init__(batch_size, workers, seed, limit, validate_on_train, decode)
        if view.crop_fraction is not None or view.box is not None:
            raise InputError(
                "data.view.crop_fraction and data.view.box would cut objects off: a detector sees "
                "whole images; leave them null"
            )
        if unlabelled is not None and validate_on_train:
            raise InputError(
                f"data.unlabelled={unlabelled}: photographs without boxes cannot be scored: leave "
                "out data.validate_on_train and mode=overfit"
            )
        self.unlabelled = unlabelled
        self.sets = BoxSets(root, cache, seed=seed, unlabelled=unlabelled, **annotations)
        self.size = image_size(size)
        self.view, self.crop = view, RandomCrop() if crop else None
        self.jitter: ScaleJitter | None = None
        if crop and scale_jitter is not None:
            self.jitter = ScaleJitter((scale_jitter[0], scale_jitter[1]))
        self.collate = collate_detection
        self.indices = {}

    def setup(self, stage: str) -> None:
        """Load and check both splits, once."""
        if self.indices:
            return
        for split in ("train", "val"):
            if split == "val" and self.validate_on_train:
                self.indices["val"] = self.indices["train"]
                break
            index, audit = self.sets.load(split)
            self.left_out[split] = audit.left_out
            print(f"{split}: {audit}")
            if split == "train" and self.limit is not None:
                usable = np.arange(len(index))
                if self.unlabelled is None:
                    usable = np.flatnonzero(np.diff(index.offsets))
                index = index.take(usable[: self.limit])
                words = "images with boxes" if self.unlabelled is None else "images"
                print(f"train: limited to {len(index)} {words}")
            self.indices[split] = index
        train, val = self.indices["train"], self.indices["val"]
        check_same_categories(train, val)
        if not self.validate_on_train and (shared := shared_files(train, val)):
            print(
                f"val: {number_of(len(shared), 'image is', 'images are')} in train too; scores "
                f"on such images are too good: {listed_briefly(shared)}"
            )
        self.datasets = {
            "train": CocoDetection(train, self.size, self.crop, self.seed, self.view, self.jitter),
            "val": CocoDetection(val, self.size, view=self.view),
        }
        outputs = np.flatnonzero(train.output_categories >= 0).tolist()
        ids = train.output_categories[outputs].tolist()
        self.labels = Labels(train.num_classes, outputs, ids, [train.names[i] for i in ids])

    def ground_truth(self, split: str, images: int) -> GroundTruth:
        """The ground truth of the first `images` images of a split."""
        index = self.indices[split if split in self.indices else "val"]
        return index.take(np.arange(min(images, len(index)))).ground_truth()

    def describe(self) -> str:
        """The data that a run was trained and scored on, for its result."""
        train, val = len(self.indices["train"]), len(self.indices["val"])
        scored = number_of(val, "image")
        if self.validate_on_train:
            scored = f"the {number_of(val, 'training image')}"
        trained = number_of(train, "image")
        if self.unlabelled is not None:
            trained = f"{number_of(train, 'photograph')} of {self.unlabelled} without boxes"
        learned = f"trained on {trained}, " if self.learned_from else ""
        text = f"{self.sets.described}: {learned}scored on {scored}"
        for split, counts in self.left_out.items():
            if counts:
                text += f"; {split}: {told(counts)}"
        return text

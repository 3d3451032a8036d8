"""Your own images, with their folders' names as classes."""

import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.data.folders import (
    check_same_classes,
    class_folders,
    class_name,
    index_folders,
    subfolders,
)
from tasks.data.image_index import ImageIndex
from tasks.data.image_source import ImageSet, require

LAYOUT = """train/<class>/*.jpg
val/<class>/*.jpg
with other names for train and val: data.train=NAME data.val=NAME"""
ONE_FOLDER = "<class>/*.jpg: the class folders themselves; data.val_fraction of each is held out"


@dataclass(frozen=True)
class ImageFolder:
    """ROOT/{train,val}/<class>/*, or ROOT/<class>/*, a share of which is held out.

    Args:
        root: the folder.
        train: its folder of training images; None: evaluate only.
        val: its folder of validation images, with the same classes.
        test: its folder of the images that results report on, if it is another one.
        val_fraction: if set, ROOT itself holds the class folders, and this share of each class, at
            least one image, is held out for validation. Which images are held out depends on the
            seed and on the names of the classes.
        seed: of the run.
    """

    root: str
    train: str | None = "train"
    val: str = "val"
    test: str | None = None
    val_fraction: float | None = None
    seed: int = 0

    def folders(self) -> dict[str, Path]:
        """The folder of class folders of each split; with `val_fraction` only 'train' and 'test'.

        Raises:
            InputError: folders are missing, or have different classes.
        """
        root = Path(self.root)
        if self.val_fraction is None:
            if self.val is None:
                raise InputError(
                    "data.val=null: name the folder of validation images, or hold out a share of "
                    "ROOT's class folders with data.val_fraction=0.2"
                )
            named = {"train": self.train, "val": self.val, "test": self.test}
            folders = {split: root / name for split, name in named.items() if name is not None}
            layout = LAYOUT
            if not any(f.exists() for f in folders.values()):  # which would be taken for classes
                layout += "\nor the class folders themselves; then add data.val_fraction=0.2"
            require("The image folder", root, list(folders.values()), layout)
        else:
            folders = {"train": root} | ({} if self.test is None else {"test": root / self.test})
            require("The image folder", root, list(folders.values()), ONE_FOLDER)
        first, *others = folders.values()
        class_folders(first)
        for other in others:
            check_same_classes(first, other)
        return folders

    def check(self) -> None:
        """See ImageSource."""
        self.folders()

    def load(self) -> ImageSet[ImageIndex]:
        """See ImageSource."""
        splits = {}
        for split, folder in self.folders().items():
            names = sorted(subfolders(folder), key=class_name)
            number = {name: k for k, name in enumerate(dict.fromkeys(map(class_name, names)))}
            classes = [(name, name) for name in number]
            labels = [number[class_name(name)] for name in names]
            splits[split] = index_folders(folder, names, classes, labels)
        if self.val_fraction is None:
            return ImageSet(splits)
        train, val = hold_out_images(splits["train"], self.val_fraction, self.seed)
        note = f"{self.val_fraction:.0%} of each class held out with seed {self.seed}"
        return ImageSet(splits | {"train": train, "val": val}, note)


def hold_out_images(index: ImageIndex, fraction: float, seed: int) -> tuple[ImageIndex, ImageIndex]:
    """Split a set in two: (1 - fraction, fraction) of each class, at least one image on each side.

    Raises:
        InputError: a class has a single image.
    """
    single = [index.classes[k][0] for k in np.flatnonzero(index.counts < 2)]
    if single:
        raise InputError(
            f"{index.root}: class folders with a single image: {listed_briefly(single)}; training "
            "and validation need one each: add images, or remove the folders"
        )
    held = np.zeros(len(index), bool)
    starts = index.counts.cumsum() - index.counts
    for (name, _), start, count in zip(index.classes, starts, index.counts, strict=True):
        # seeded by name, not by number: other classes do not change the split of this class
        rng = np.random.default_rng([seed, zlib.crc32(name.encode(errors="surrogateescape"))])
        share = min(max(round(count * fraction), 1), count - 1)
        held[start + rng.permutation(count)[:share]] = True
    train, val = index.take(np.flatnonzero(~held)), index.take(np.flatnonzero(held))
    return train, replace(val, left_out={})

"""ImageNet's classification set (ILSVRC 2012), in its usual layouts."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.classification.ground_truth import read_labels
from tasks.data.folders import (
    check_same_classes,
    class_folders,
    contents,
    index_folders,
    subfolders,
)
from tasks.data.image_index import ImageIndex
from tasks.data.image_source import ImageSet, official_note, require
from tasks.images.listing import image_files

LAYOUT = """train/n01440764/n01440764_10026.JPEG   one folder per class (data.train=null: none)
val/ILSVRC2012_val_00000001.JPEG       flat with a list of their classes (the devkit's, Kaggle's,
                                       Caffe's or your own: data.val_labels), or class folders"""
DOWNLOADS = (
    "ILSVRC2012_img_train.tar (138 GB; unpack each of its 1,000 archives into its own folder)",
    "ILSVRC2012_img_val.tar (6.3 GB) and ILSVRC2012_devkit_t12.tar.gz (2.5 MB, its list)",
    "all from https://image-net.org/challenges/LSVRC/2012/2012-downloads.php, after registration",
)
LISTS = (
    "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt",
    "ILSVRC2012_validation_ground_truth.txt",
    "LOC_val_solution.csv",
    "val.txt",
    "labels.csv",
)
OFFICIAL = {"train": 1_281_167, "val": 50_000}
CLASSES = 1000


@dataclass(frozen=True)
class ImageNet:
    """ROOT/train/<wnid>/*.JPEG, and validation images in class folders or flat with a list.

    The classes are the training folders in sorted order. Without training images they are the
    official 1,000, some of which may have no validation images.

    Args:
        root: the folder.
        train: its folder of training images; None to evaluate only.
        val: its folder of validation images.
        val_labels: the list of the classes of a flat `val`, relative to `root` (see `read_labels`);
            None: the first of `LISTS` that exists.
    """

    root: str
    train: str | None = "train"
    val: str = "val"
    val_labels: str | None = None

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        named = [self.train, self.val, self.val_labels]
        require("ImageNet", root, [root / n for n in named if n is not None], LAYOUT, DOWNLOADS)
        if self.train is not None:
            self._check_wnids(root / self.train)
        if self._list() is not None:
            return
        self._check_wnids(root / self.val)
        if self.train is not None:
            check_same_classes(root / self.train, root / self.val)

    def _list(self) -> Path | None:
        """The list of the classes of a flat validation folder; None for class folders."""
        root = Path(self.root)
        if self.val_labels is not None:
            return root / self.val_labels
        if subfolders(root / self.val):
            return None
        for name in LISTS:
            if (root / name).is_file():
                return root / name
        raise InputError(
            f"{root / self.val} holds {contents(root / self.val)}: put a list of their classes "
            f"into {root} ({', '.join(LISTS)}), name yours with data.val_labels=, or sort the "
            "images into folders named after WordNet ids"
        )

    @staticmethod
    def _check_wnids(folder: Path) -> None:
        names = subfolders(folder)
        if not names and any(folder.glob("n*.tar")):
            raise InputError(
                f"{folder} holds one archive per class: unpack each into a folder of its name "
                "(for f in n*.tar; do mkdir ${f%.tar} && tar -xf $f -C ${f%.tar}; done)"
            )
        strange = [n for n in names or class_folders(folder) if not re.fullmatch(r"n\d{8}", n)]
        if strange:
            raise InputError(
                f"{folder}: folders whose names are not WordNet ids (n and eight digits): "
                f"{listed_briefly(strange)}; remove them, or use task=image_folder for classes "
                "with other names"
            )

    def load(self) -> ImageSet[ImageIndex]:
        """See ImageSource."""
        self.check()
        root = Path(self.root)
        wnids = official_wnids() if self.train is None else subfolders(root / self.train)
        classes = list(zip(wnids, class_names(root, wnids), strict=True))
        splits = {}
        if self.train is not None:
            splits["train"] = index_folders(root / self.train, wnids, classes, range(len(wnids)))
        splits["val"] = self._load_val(classes)
        return ImageSet(splits, official_note(splits, OFFICIAL, CLASSES))

    def _load_val(self, classes: list[tuple[str, str]]) -> ImageIndex:
        root, wnids = Path(self.root), [wnid for wnid, _ in classes]
        folder = root / self.val
        path = self._list()
        if path is None:
            names = subfolders(folder)
            strange = sorted({*names} - {*wnids})
            if strange:
                raise InputError(
                    f"{folder}: class folders that are not among the official 1,000: "
                    f"{listed_briefly(strange)}; remove them, or give training folders of these "
                    "classes"
                )
            return index_folders(folder, names, classes, np.searchsorted(wnids, names).tolist())
        files = image_files(folder)
        if not files:
            raise InputError(
                f"{folder} holds {contents(folder)}, but {path} is a list of images directly in "
                "it: leave data.val_labels=null for class folders, or correct data.val"
            )
        labels = read_labels(path, files, wnids, devkit=root)
        return ImageIndex(str(folder), np.array(files), labels, tuple(classes))


def official_wnids() -> list[str]:
    """The 1,000 classes, sorted. Imports timm and torch."""
    from timm.data import ImageNetInfo

    return sorted(ImageNetInfo("imagenet-1k").label_names())


def class_names(root: Path, wnids: list[str]) -> list[str]:
    """Names of the classes: the first synonym of each, or all synonyms if two classes share it.

    They come from `LOC_synset_mapping.txt` in `root` (Kaggle's lines of 'n01440764 tench, Tinca
    tinca') or, without it, from timm's copy of WordNet. A class in neither is named after its id.
    """
    mapping = root / "LOC_synset_mapping.txt"
    if mapping.is_file():
        lines = mapping.read_text(encoding="utf-8", errors="replace").splitlines()
        known = {wnid: words for wnid, _, words in (line.partition(" ") for line in lines)}
    else:
        from timm.data import ImageNetInfo

        info = ImageNetInfo("imagenet-22k")
        listed = {*info.label_names()}
        known = {w: info.label_name_to_description(w) for w in wnids if w in listed}
    synonyms = [known.get(wnid, wnid).strip() for wnid in wnids]
    short = [words.split(",")[0] for words in synonyms]
    shared = {name for name, count in Counter(short).items() if count > 1}
    return [
        f"{words} ({wnid})" if name in shared else name
        for wnid, words, name in zip(wnids, synonyms, short, strict=True)
    ]

"""The splits of annotated images: which files belong to one, whether they exist, and loading it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from backbone.errors import InputError, number_of
from tasks.data.folders import OTHERWISE, about_root
from tasks.detection.coco.audit import Audit, audit, check_fractions, check_pixels
from tasks.detection.coco.checking import check_images
from tasks.detection.coco.combining import concatenate
from tasks.detection.coco.index import CocoIndex, index_of
from tasks.detection.coco.subsets import MINIVAL_IMAGES, held_out, read_minival
from tasks.detection.coco.unlabelled import load_unlabelled, require_photographs
from tasks.detection.layouts.kinds import layout_of, other_layout
from tasks.detection.layouts.reading import Annotations, read_annotations

NUM_CLASSES = 91  # category ids 1..90 and background
DOWNLOADS = "http://images.cocodataset.org"
ARCHIVE_SIZES = {  # compressed, as the publisher states them
    "zips/train2017.zip": "18 GB",
    "zips/val2017.zip": "1 GB",
    "annotations/annotations_trainval2017.zip": "241 MB",
    "zips/train2014.zip": "13 GB",
    "zips/val2014.zip": "6 GB",
    "annotations/annotations_trainval2014.zip": "241 MB",
}

Split = Literal["train", "val"]


class Files(NamedTuple):
    """An annotation file and the folder of its images."""

    annotations: Path
    images: Path


def coco_files(root: Path, year: int, split: Split) -> Files:
    """The files of train2014, val2014, train2017 or val2017 when COCO is unpacked in `root`."""
    name = f"{split}{year}"
    return Files(root / "annotations" / f"instances_{name}.json", root / name)


def check_files(
    root: str | Path, year: int = 2017, minival_ids: str | Path | None = None, **options: Any
) -> None:
    """Check that a data set's files are in `root`, from their paths alone. See `BoxSets`.

    Raises:
        InputError: a file or folder is missing; the message says where to get it, or how to do
            without it.
    """
    BoxSets(root, "", year, minival_ids, **options).check()


class BoxSets:
    """The training and validation split of a set of annotated images.

    Args:
        root: the folder that the other paths are relative to.
        cache_dir: folder for the parsed annotations.
        year: of COCO, 2017 or 2014.
        minival_ids: with 2014, a text file of image ids, one per line. 'val' is then these images
            of val2014, as in the paper, and 'train' is train2014 and the rest of val2014.
        num_classes: see `load_index`.
        train, val: annotations of the splits, in any layout of `layout_of`; None: COCO's own of
            `year`.
        train_images, val_images: the folders of their images; None: they are looked for nearby.
        val_fraction: hold out this share of the training images instead of reading `val`.
        seed: chooses the images that are held out.
        skip_unreadable: leave out images that are missing, unreadable or not of the annotated size,
            rather than stop.
        unlabelled: a folder whose photographs are 'train', without boxes, for a student that learns
            only from a teacher.
    """

    def __init__(
        self,
        root: str | Path,
        cache_dir: str | Path,
        year: int = 2017,
        minival_ids: str | Path | None = None,
        num_classes: int | None = NUM_CLASSES,
        train: str | None = None,
        val: str | None = None,
        train_images: str | None = None,
        val_images: str | None = None,
        val_fraction: float | None = None,
        seed: int = 0,
        skip_unreadable: bool = False,
        unlabelled: str | None = None,
    ):
        self.root, self.cache_dir = Path(root), Path(cache_dir)
        self.year, self.minival_ids, self.num_classes = year, minival_ids, num_classes
        self.given: dict[Split, str | None] = {"train": train, "val": val}
        self.folders: dict[Split, str | None] = {"train": train_images, "val": val_images}
        self.val_fraction, self.seed, self.skip = val_fraction, seed, skip_unreadable
        self.unlabelled = None if unlabelled is None else self.root / unlabelled
        self._read: dict[Split, Annotations] = {}

    def annotations(self, split: Split) -> Path:
        """The annotations of a split."""
        given = self.given[split]
        own = coco_files(self.root, self.year, split).annotations
        return own if given is None else self.root / given

    def is_coco(self, split: Split) -> bool:
        """Whether a split is COCO's own, in COCO's own layout."""
        own = coco_files(self.root, self.year, split).annotations
        return self.folders[split] is None and self.annotations(split) == own

    @property
    def described(self) -> str:
        """The name of the set, in a word or two."""
        if all(self.is_coco(split) for split in self.splits):
            return f"{self.root.name} {self.year}"
        return " ".join([self.root.name, *dict.fromkeys(self.given[s] or "" for s in self.splits)])

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that have their own annotations."""
        if self.unlabelled is not None:
            return ("val",)
        return ("train", "val") if self.val_fraction is None else ("train",)

    def check(self) -> None:
        """Check that the files exist, from their paths alone.

        Raises:
            InputError: a file or folder is missing; the message says where to get it, or how to do
                without it.
        """
        if self.year not in (2014, 2017):
            raise InputError(
                f"COCO was published for 2014 and 2017, not {self.year}: set data.year to one of "
                "these"
            )
        if self.unlabelled is not None:
            if self.val_fraction is not None or self.minival_ids is not None:
                raise InputError(
                    "data.unlabelled names the training images: leave out data.val_fraction and "
                    "data.minival_ids, which take images out of annotated ones"
                )
            require_photographs(self.unlabelled)
        if all(self.is_coco(split) for split in self.splits):
            self._check_coco()
        else:
            for split in self.splits:
                self._check_own(split)
        self._check_minival()

    def _check_coco(self) -> None:
        root, looked_for = self.root.absolute(), {}
        for split in self.splits:
            annotations, images = coco_files(root, self.year, split)
            if not annotations.is_file():
                looked_for[annotations] = f"annotations/annotations_trainval{self.year}.zip"
            if not images.is_dir():
                looked_for[images] = f"zips/{split}{self.year}.zip"
        if looked_for:
            lines = [f"COCO {self.year} is not complete in {root}. Not found:"]
            lines += [*(f"  {path}" for path in looked_for), about_root(root)]
            if other := other_layout(root):
                lines += ["To train on the annotations that are there, add", f"  {other}"]
            lines += ["Download and unpack there:"]
            archives = dict.fromkeys(looked_for.values())
            lines += [f"  {DOWNLOADS}/{archive} ({ARCHIVE_SIZES[archive]})" for archive in archives]
            lines += [OTHERWISE]
            raise InputError("\n".join(lines))

    def _check_own(self, split: Split) -> None:
        path, images = self.annotations(split), self.folders[split]
        if not path.exists():
            advice = "give the path of the annotations, relative to data.root"
            if split == "val":
                advice += ", or hold out a share of the training images: data.val_fraction=0.2"
            raise InputError(f"{path}: no such file or folder (data.{split}); {advice}")
        if not path.is_dir() and not path.is_file():
            raise InputError(f"{path}: a pipe or a device, not a file (data.{split})")
        layout_of(path)
        if images is not None and not (self.root / images).is_dir():
            raise InputError(
                f"{self.root / images}: no such folder (data.{split}_images); give the path of the "
                "images, relative to data.root"
            )

    def _check_minival(self) -> None:
        if self.minival_ids is None:
            return
        if self.val_fraction is not None:
            raise InputError("data.minival_ids and data.val_fraction: give one of them")
        if self.year != 2014:
            raise InputError("data.minival_ids selects images of val2014: it needs data.year=2014")
        if not Path(self.minival_ids).is_file():
            raise InputError(
                f"{self.minival_ids}: no such file; data.minival_ids is a text file with one image "
                "id per line (the paper's 8,059 are mscoco_minival_ids.txt in "
                "object_detection/data of TensorFlow's models)"
            )

    def load(self, split: Split) -> tuple[CocoIndex, Audit]:
        """Load a split, and check its annotations and image files.

        Returns:
            The boxes whose numbers are finite, and counts of all boxes.

        Raises:
            InputError: files are missing, damaged, or contradict each other; or there is nothing to
                learn from.
        """
        if split == "train" and self.unlabelled is not None:
            like = self._checked("val")[0]
            index, left_out = load_unlabelled(self.unlabelled, like, self.cache_dir, self.skip)
            return index, audit(index, (), left_out)
        notes: tuple[str, ...] = ()
        if self.val_fraction is not None:
            index, left_out = self._checked("train")
            index = index.take(held_out(index, self.val_fraction, self.seed)[split])
            left_out = left_out if split == "train" else {}  # so that each is counted once
        elif self.minival_ids is None:
            index, left_out = self._checked(split)
        else:
            val, left_out = self._checked("val")
            chosen = read_minival(Path(self.minival_ids), val)
            if chosen.sum() != MINIVAL_IMAGES:
                notes = (
                    f"{self.minival_ids} names {number_of(chosen.sum(), 'image')}, but the "
                    f"paper's minival has {MINIVAL_IMAGES:,}: scores cannot be compared with the "
                    "paper's",
                )
            if split == "val":
                index, left_out = val.take(np.flatnonzero(chosen)), {}  # counted with train
            else:
                train, more = self._checked("train")
                index = concatenate(train, val.take(np.flatnonzero(~chosen)))
                left_out = {k: left_out.get(k, 0) + more.get(k, 0) for k in left_out | more}
        counts = audit(index, notes, left_out)
        if split == "train" and not counts.trainable_boxes:
            raise InputError(
                f"{self.annotations('train')}: nothing to learn, since no box can be trained on: "
                f"{counts}\nCorrect the boxes, or name other annotations: data.train"
            )
        finite = index.finite
        return index if finite.all() else index.take_boxes(finite), counts

    def _checked(self, split: Split) -> tuple[CocoIndex, dict[str, int]]:
        """A split with its images checked, and how many were left out."""
        found = self._annotations(split)
        if found.layout == "voc" and self.val_fraction is None and self.num_classes is None:
            # a class in only one split is a class of both
            other = self._annotations("val" if split == "train" else "train")
            found = found.with_names(other)
        path = self.annotations(split)
        index = index_of(found.arrays, path, found.images, self.num_classes)
        index, left_out = check_images(index, path, self.cache_dir, self.skip)
        if found.layout == "yolo":
            check_fractions(index, path)
            return index.in_pixels(), left_out
        check_pixels(index, path)
        return index, left_out

    def _annotations(self, split: Split) -> Annotations:
        """The content of the annotations of a split, which are read once."""
        if split not in self._read:
            given = self.folders[split]
            self._read[split] = read_annotations(
                self.annotations(split),
                None if given is None else self.root / given,
                split,
                self.cache_dir,
            )
        return self._read[split]

"""COCO's splits on disk: which files belong to one, checking that they exist, and loading it."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.audit import Audit, audit, check_images
from tasks.detection.coco.index import CocoIndex, concatenate, load_index
from tasks.detection.coco.unlabelled import load_unlabelled, require_photographs

NUM_CLASSES = 91  # category ids 1..90 and background
MINIVAL_IMAGES = 8059  # of the paper's detectors (arXiv 1611.10012)
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
    root: str | Path,
    year: int = 2017,
    minival_ids: str | Path | None = None,
    unlabelled: str | None = None,
) -> None:
    """Check that the data set's files are in `root`; looks at paths only.

    Args:
        unlabelled: see `load_split`; the training split's own files are not needed then.

    Raises:
        InputError: a file or folder is missing; it says where to get it and how to go on without.
    """
    root = Path(root).absolute()
    if year not in (2014, 2017):
        raise InputError(
            f"COCO was published for 2014 and 2017, not {year}: set data.year to one of these"
        )
    looked_for = {}
    splits: tuple[Split, ...] = ("train", "val")
    if unlabelled is not None:
        require_photographs(root / unlabelled)
        splits = ("val",)
    for split in splits:
        annotations, images = coco_files(root, year, split)
        if not annotations.is_file():
            looked_for[annotations] = f"annotations/annotations_trainval{year}.zip"
        if not images.is_dir():
            looked_for[images] = f"zips/{split}{year}.zip"
    if looked_for:
        lines = [f"COCO {year} is not complete in {root}. Not found:"]
        lines += [f"  {path}" for path in looked_for]
        lines += ["Download and unpack there:"]
        archives = dict.fromkeys(looked_for.values())
        lines += [f"  {DOWNLOADS}/{archive} ({ARCHIVE_SIZES[archive]})" for archive in archives]
        lines += ["or add mode=sample to use the embedded set"]
        raise InputError("\n".join(lines))
    if minival_ids is not None:
        if year != 2014:
            raise InputError("data.minival_ids selects images of val2014: it needs data.year=2014")
        if not Path(minival_ids).is_file():
            raise InputError(
                f"{minival_ids}: no such file; data.minival_ids is a text file with one image id "
                "per line (the paper's 8,059 are mscoco_minival_ids.txt in object_detection/data "
                "of TensorFlow's models)"
            )


def load_checked(
    annotations: Path, images: Path, *, cache_dir: Path, num_classes: int | None = None
) -> CocoIndex:
    """`load_index`, with a check that every image file can be read; for any set in COCO's format.

    Raises:
        InputError: annotations or image files cannot be used.
    """
    index = load_index(annotations, images, cache_dir=cache_dir, num_classes=num_classes)
    check_images(index, annotations, cache_dir)
    return index


def load_split(
    root: str | Path,
    split: Split,
    *,
    cache_dir: str | Path,
    year: int = 2017,
    minival_ids: str | Path | None = None,
    num_classes: int | None = NUM_CLASSES,
    unlabelled: str | None = None,
) -> tuple[CocoIndex, Audit]:
    """Load a split of COCO in `root`, and check its annotations and image files.

    Args:
        root: holds `annotations/` and the image folders.
        split: "train" or "val".
        cache_dir: folder for the parsed annotations.
        year: 2017 or 2014.
        minival_ids: with 2014, a text file of image ids, one per line. 'val' is then these images
            of val2014, as in the paper, and 'train' is train2014 and the rest of val2014.
        num_classes: see `load_index`.
        unlabelled: a folder, in `root` or absolute, whose photographs are 'train', without boxes.

    Raises:
        InputError: files are missing, damaged, or do not agree with each other.
    """
    root, cache_dir = Path(root), Path(cache_dir)
    check_files(root, year, minival_ids, unlabelled)

    def load(name: Split) -> CocoIndex:
        files = coco_files(root, year, name)
        return load_checked(*files, cache_dir=cache_dir, num_classes=num_classes)

    if split == "train" and unlabelled is not None:
        index = load_unlabelled(root / unlabelled, load("val"), cache_dir)
        return index, audit(index)
    if minival_ids is None:
        index = load(split)
        return index, audit(index)
    val = load("val")
    chosen = read_minival(Path(minival_ids), val)
    notes: tuple[str, ...] = ()
    if chosen.sum() != MINIVAL_IMAGES:
        notes = (
            f"{minival_ids} names {chosen.sum():,} images, the paper's minival has "
            f"{MINIVAL_IMAGES:,}: scores are not comparable with the paper's",
        )
    if split == "val":
        index = val.take(np.flatnonzero(chosen))
    else:
        index = concatenate(load("train"), val.take(np.flatnonzero(~chosen)))
    return index, audit(index, notes)


def read_minival(path: Path, val: CocoIndex) -> np.ndarray:
    """Read a file of image ids, one per line, as bool[N] over the images of val2014.

    Raises:
        InputError: a line is not an id, or an id is not in val2014.
    """
    ids = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            ids.append(int(line))
        except ValueError:
            raise InputError(
                f"{path}, line {number}: {line[:60]!r} is not an image id; write one id per line"
            ) from None
    unknown = np.setdiff1d(np.array(ids, np.int64), val.image_ids)
    if not ids:
        raise InputError(f"{path}: it has no image ids; write one id per line")
    if len(unknown):
        raise InputError(
            f"{path}: {len(unknown):,} of its {len(ids):,} image ids are not in "
            f"{val.folders[0]}: {listed_briefly(unknown)}; minival is a subset of val2014"
        )
    return np.isin(val.image_ids, ids)

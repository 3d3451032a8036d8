"""COCO's splits on disk: which files make one, whether they are there, and loading it."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.audit import Audit, audit, check_images
from tasks.detection.coco.index import CocoIndex, concatenate, load_index

NUM_CLASSES = 91  # category ids 1..90 and background
MINIVAL_IMAGES = 8059  # of the paper's detectors (arXiv 1611.10012)
DOWNLOADS = "http://images.cocodataset.org"
SIZES = {  # compressed, as the publisher gives them
    "zips/train2017.zip": "18 GB",
    "zips/val2017.zip": "1 GB",
    "annotations/annotations_trainval2017.zip": "241 MB",
    "zips/train2014.zip": "13 GB",
    "zips/val2014.zip": "6 GB",
    "annotations/annotations_trainval2014.zip": "241 MB",
}

Split = Literal["train", "val"]


class Files(NamedTuple):
    """One of COCO's own parts: an annotation file and the folder of its images."""

    annotations: Path
    images: Path


def coco_files(root: Path, year: int, split: Split) -> Files:
    """Where the publisher's zip files, unpacked in `root`, put train2014, val2014, ...2017."""
    name = f"{split}{year}"
    return Files(root / "annotations" / f"instances_{name}.json", root / name)


def check_files(root: str | Path, year: int = 2017, minival_ids: str | Path | None = None) -> None:
    """Raise InputError unless the data set's files stand in `root`; looks at paths only.

    The message names what was looked for, where to get it, and the way to go on without it.
    """
    root = Path(root).absolute()
    if year not in (2014, 2017):
        raise InputError(f"COCO has the years 2014 and 2017, not {year}; choose one of them")
    looked_for = {}
    for split in ("train", "val"):
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
        lines += [f"  {DOWNLOADS}/{archive} ({SIZES[archive]})" for archive in archives]
        lines += ["or add mode=sample to use the embedded set"]
        raise InputError("\n".join(lines))
    if minival_ids is not None:
        if year != 2014:
            raise InputError("minival_ids selects images of val2014; it needs year=2014")
        if not Path(minival_ids).is_file():
            raise InputError(
                f"{minival_ids}: no such file; minival_ids names a text file with one image id a "
                "line (the paper's 8,059 are mscoco_minival_ids.txt of the TensorFlow models' "
                "object_detection/data)"
            )


def load_checked(
    annotations: Path, images: Path, *, cache_dir: Path, num_classes: int | None = None
) -> CocoIndex:
    """`load_index`, and every image file seen to be there and whole: for sets of one's own too.

    Raises: InputError for annotations or image files that cannot be used.
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
) -> tuple[CocoIndex, Audit]:
    """Load a split of COCO in `root`, checked, its images on disk included.

    With `minival_ids` (a text file, one image id a line; year 2014) the split is the paper's:
    'train' is train2014 and what of val2014 is not in that list, 'val' is the list.

    Raises: InputError for files that are missing, damaged, or do not agree with each other.
    """
    root, cache_dir = Path(root), Path(cache_dir)
    check_files(root, year, minival_ids)

    def load(name: Split) -> CocoIndex:
        files = coco_files(root, year, name)
        return load_checked(*files, cache_dir=cache_dir, num_classes=num_classes)

    if minival_ids is None:
        index = load(split)
        return index, audit(index)
    val = load("val")
    chosen = read_minival(Path(minival_ids), val)
    notes = ()
    if chosen.sum() != MINIVAL_IMAGES:
        notes = (
            f"{minival_ids} names {chosen.sum():,} images, the paper's minival has "
            f"{MINIVAL_IMAGES:,}: scores do not compare with the paper's",
        )
    if split == "val":
        index = val.take(np.flatnonzero(chosen))
    else:
        index = concatenate(load("train"), val.take(np.flatnonzero(~chosen)))
    return index, audit(index, notes)


def read_minival(path: Path, val: CocoIndex) -> np.ndarray:
    """Read image ids, one a line, as bool[N] over the images of val2014.

    Raises: InputError for a line that is no id and for ids that val2014 does not have.
    """
    ids = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            ids.append(int(line))
        except ValueError:
            raise InputError(
                f"{path}, line {number}: {line[:60]!r} is no image id; write one id a line"
            ) from None
    strange = np.setdiff1d(np.array(ids, np.int64), val.image_ids)
    if len(strange) or not ids:
        raise InputError(
            f"{path}: {len(strange):,} of its {len(ids):,} image ids are not in "
            f"{val.folders[0]}: {listed_briefly(strange)}; minival is a part of val2014"
        )
    return np.isin(val.image_ids, ids)

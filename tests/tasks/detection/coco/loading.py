"""Sets in COCO's format, checked and loaded in one call."""

from pathlib import Path
from typing import Any

from tasks.detection.coco.audit import Audit
from tasks.detection.coco.checking import check_images
from tasks.detection.coco.index import CocoIndex, load_index
from tasks.detection.coco.splits import BoxSets, Split


def load_checked(annotations: Path, images: Path, *, cache_dir: Path) -> CocoIndex:
    index = load_index(annotations, images, cache_dir=cache_dir)
    return check_images(index, annotations, cache_dir)[0]


def load_split(
    root: Path, split: Split, *, cache_dir: Path, **options: Any
) -> tuple[CocoIndex, Audit]:
    sets = BoxSets(root, cache_dir, **options)
    sets.check()
    return sets.load(split)

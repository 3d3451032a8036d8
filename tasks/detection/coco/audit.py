"""What is wrong with a set of annotated images, found before training starts.

As a program it writes an annotation file without the images that cannot be read:

    python -m tasks.detection.coco.audit ANNOTATIONS.json IMAGE_FOLDER CLEANED.json
"""

import argparse
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.cache import cache_file, state, write
from tasks.detection.coco.index import CocoIndex
from tasks.detection.coco.json_file import parse_instances
from tasks.images.files import fault

THREADS = 16  # reading two blocks of every file waits for the disk, not for the processor
MISSING = "no such file"
CONSEQUENCES = {
    "not finite": "left out of training and evaluation",
    "without area": "left out of training",
    "outside the image": "left out of training",
    "partly outside": "clipped in training",
}


@dataclass(frozen=True)
class Fault:
    """Boxes that share a fault, by the ids of the annotation file."""

    count: int
    annotation_ids: tuple[int, ...]
    """Of the first five."""
    image_ids: tuple[int, ...]
    """Of the same five."""


@dataclass(frozen=True)
class Audit:
    """Counts of a set; `str()` of it is a few lines to print."""

    images: int
    boxes: int
    images_without_boxes: int
    crowd_boxes: int
    trainable_boxes: int
    faults: dict[str, Fault]
    """Keys as in `CocoIndex.faults`; those that no box has are absent."""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.images:,} images ({self.images_without_boxes:,} without boxes), "
            f"{self.boxes:,} boxes ({self.crowd_boxes:,} crowds; {self.trainable_boxes:,} to learn)"
        ]
        for name, flaw in self.faults.items():
            pairs = zip(flaw.annotation_ids, flaw.image_ids, strict=True)
            shown = ", ".join(f"{box} in image {image}" for box, image in pairs)
            more = ", ..." if flaw.count > len(flaw.image_ids) else ""
            lines.append(
                f"{flaw.count:,} boxes {name}, {CONSEQUENCES[name]}: annotations {shown}{more}"
            )
        return "\n  ".join([*lines, *self.notes])


def audit(index: CocoIndex, notes: tuple[str, ...] = ()) -> Audit:
    """Count what a set holds and the boxes that are not as they should be."""
    faults = {}
    for name, mask in index.faults.items():
        rows = np.flatnonzero(mask)
        if len(rows):
            boxes = index.annotation_ids[rows[:5]].tolist()
            of = index.image_ids[index.box_images[rows[:5]]].tolist()
            faults[name] = Fault(len(rows), tuple(boxes), tuple(of))
    return Audit(
        images=len(index),
        boxes=len(index.xywh),
        images_without_boxes=int((np.diff(index.offsets) == 0).sum()),
        crowd_boxes=int(index.crowd.sum()),
        trainable_boxes=int(index.trainable.sum()),
        faults=faults,
        notes=notes,
    )


def check_images(index: CocoIndex, annotations: Path, cache_dir: Path) -> None:
    """Raise InputError if image files of a freshly loaded set are missing or unreadable.

    A set that passed is not looked at again until its folder or its annotation file changes.
    """
    folder = Path(index.folders[0])
    names = [name.decode() for name in index.file_names.tolist()]
    parents = [folder / parent for parent in sorted({_parent(name) for name in names})]
    absent = [str(parent) for parent in parents if not parent.is_dir()]
    if absent:
        raise InputError(
            f"{annotations} names images in folders that do not exist: {listed_briefly(absent)}; "
            "check the paths"
        )
    passed = cache_file(annotations, cache_dir, ".images")
    key = state(annotations, *parents).encode()
    if passed.is_file() and passed.read_bytes() == key:
        return
    bad = unreadable(folder, names)
    if bad:
        missing = sum(fault == MISSING for fault in bad.values())
        listed = [f"id {index.image_ids[i]} {names[i]} ({fault})" for i, fault in bad.items()]
        raise InputError(
            f"{folder}: of the {len(index):,} images of {annotations} {missing:,} are missing and "
            f"{len(bad) - missing:,} cannot be read: {listed_briefly(listed)}. Get them again, or "
            f"go on without them: python -m tasks.detection.coco.audit {annotations} {folder} "
            "CLEANED.json writes an annotation file without them, to be put in that one's place"
        )
    write(passed, lambda file: file.write(key))


def unreadable(folder: Path, names: list[str]) -> dict[int, str]:
    """Find the files of `names` in `folder` that cannot be read: their position and the reason."""
    present = {_parent(name): set() for name in names}
    for parent, entries in present.items():
        if (folder / parent).is_dir():
            entries.update(os.listdir(folder / parent))
    bad = {
        i: MISSING
        for i, name in enumerate(names)
        if name.rpartition("/")[2] not in present[_parent(name)]
    }
    rest = [i for i in range(len(names)) if i not in bad]

    def look(part: list[int]) -> dict[int, str]:
        faults = {i: fault(folder / names[i]) for i in part}
        return {i: fault for i, fault in faults.items() if fault}

    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(look, (rest[start::THREADS] for start in range(THREADS))):
            bad |= found
    return dict(sorted(bad.items()))


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def write_without(annotations: Path, folder: Path, cleaned: Path) -> int:
    """Copy an annotation file without the images that cannot be read; return how many those are."""
    content = json.loads(annotations.read_bytes())
    bad = unreadable(folder, [image["file_name"] for image in content["images"]])
    gone = {content["images"][i]["id"] for i in bad}
    content["images"] = [row for row in content["images"] if row["id"] not in gone]
    content["annotations"] = [row for row in content["annotations"] if row["image_id"] not in gone]
    write(cleaned, lambda file: file.write(json.dumps(content).encode()))
    return len(bad)


def main() -> None:
    """Write the cleaned annotation file."""
    parser = argparse.ArgumentParser(prog="python -m tasks.detection.coco.audit")
    parser.add_argument("annotations", type=Path, help="COCO instances JSON")
    parser.add_argument("folder", type=Path, help="the folder its images stand in")
    parser.add_argument("cleaned", type=Path, help="the annotation file to write")
    given = parser.parse_args()
    try:
        parse_instances(given.annotations)  # refuses what is not COCO's before it is rewritten
    except InputError as error:
        parser.error(str(error))
    removed = write_without(given.annotations, given.folder, given.cleaned)
    print(f"{given.cleaned}: {given.annotations} without {removed:,} images")


if __name__ == "__main__":
    main()

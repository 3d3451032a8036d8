"""Finding faulty boxes and unreadable images before training starts.

As a program it writes an annotation file without the images that cannot be read:

    python -m tasks.detection.coco.audit ANNOTATIONS.json IMAGE_FOLDER CLEANED.json
"""

import argparse
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.cache import cache_file, file_state, write_cache, write_file
from tasks.detection.coco.index import CocoIndex
from tasks.detection.coco.json_file import parse_instances
from tasks.images.files import fault

THREADS = 16  # reading two blocks of every file is bound by the disk, not by the processor
MISSING = "no such file"
CONSEQUENCES = {
    "not finite": "left out of training and evaluation",
    "without area": "left out of training",
    "outside the image": "left out of training",
    "partly outside": "clipped in training",
}


@dataclass(frozen=True)
class Fault:
    """Boxes that share a fault; ids are those of the annotation file."""

    count: int
    annotation_ids: tuple[int, ...]
    """The first five boxes."""
    image_ids: tuple[int, ...]
    """The images of the same five."""


@dataclass(frozen=True)
class Audit:
    """Counts of a data set; `str()` of it is a few lines to print."""

    images: int
    boxes: int
    images_without_boxes: int
    crowd_boxes: int
    trainable_boxes: int
    faults: dict[str, Fault]
    """Keys as in `CocoIndex.faults`; faults that no box has are absent."""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.images:,} images ({self.images_without_boxes:,} without boxes), "
            f"{self.boxes:,} boxes ({self.crowd_boxes:,} crowds; "
            f"{self.trainable_boxes:,} to train on)"
        ]
        for name, found in self.faults.items():
            pairs = zip(found.annotation_ids, found.image_ids, strict=True)
            shown = ", ".join(f"{box} in image {image}" for box, image in pairs)
            more = ", ..." if found.count > len(found.image_ids) else ""
            lines.append(
                f"{found.count:,} boxes {name}, {CONSEQUENCES[name]}: annotations {shown}{more}"
            )
        return "\n  ".join([*lines, *self.notes])


def audit(index: CocoIndex, notes: tuple[str, ...] = ()) -> Audit:
    """Count a data set's images, boxes and faulty boxes.

    Args:
        index: the data set.
        notes: remarks to print with the counts.
    """
    faults = {}
    for name, mask in index.faults.items():
        rows = np.flatnonzero(mask)
        if len(rows):
            boxes = index.annotation_ids[rows[:5]].tolist()
            images = index.image_ids[index.box_images[rows[:5]]].tolist()
            faults[name] = Fault(len(rows), tuple(boxes), tuple(images))
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
    """Check that all image files of a freshly loaded data set can be read.

    A set that has passed is not checked again until its folder or its annotation file changes.

    Raises:
        InputError: image files are missing or unreadable.
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
    key = file_state(annotations, *parents).encode()
    with suppress(OSError):  # not checked yet, or the cache cannot be read
        if passed.read_bytes() == key:
            return
    bad = unreadable(folder, names)
    if bad:
        missing = sum(reason == MISSING for reason in bad.values())
        listed = [f"id {index.image_ids[i]} {names[i]} ({reason})" for i, reason in bad.items()]
        raise InputError(
            f"{folder}: of the {len(index):,} images of {annotations}, {missing:,} are missing and "
            f"{len(bad) - missing:,} cannot be read: {listed_briefly(listed)}. Get them again, or "
            "write an annotation file without them, to replace this one: "
            f"python -m tasks.detection.coco.audit {annotations} {folder} CLEANED.json"
        )
    write_cache(passed, lambda file: file.write(key))


def unreadable(folder: Path, names: list[str]) -> dict[int, str]:
    """The files that cannot be read: position in `names` -> reason, in order."""
    present: dict[str, set[str]] = {_parent(name): set() for name in names}
    for parent, entries in present.items():
        if (folder / parent).is_dir():
            entries.update(os.listdir(folder / parent))
    bad = {
        i: MISSING
        for i, name in enumerate(names)
        if name.rpartition("/")[2] not in present[_parent(name)]
    }
    rest = [i for i in range(len(names)) if i not in bad]

    def check(part: list[int]) -> dict[int, str]:
        reasons = {i: fault(folder / names[i]) for i in part}
        return {i: reason for i, reason in reasons.items() if reason}

    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(check, (rest[start::THREADS] for start in range(THREADS))):
            bad |= found
    return dict(sorted(bad.items()))


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def write_cleaned(annotations: Path, folder: Path, cleaned: Path) -> int:
    """Copy an annotation file without the images that cannot be read; returns their number."""
    content = json.loads(annotations.read_bytes())
    bad = unreadable(folder, [image["file_name"] for image in content["images"]])
    removed = {content["images"][i]["id"] for i in bad}
    content["images"] = [row for row in content["images"] if row["id"] not in removed]
    content["annotations"] = [
        row for row in content["annotations"] if row["image_id"] not in removed
    ]
    write_file(cleaned, lambda file: file.write(json.dumps(content).encode()))
    return len(bad)


def main() -> None:
    """Write the cleaned annotation file."""
    parser = argparse.ArgumentParser(prog="python -m tasks.detection.coco.audit")
    parser.add_argument("annotations", type=Path, help="COCO instances JSON")
    parser.add_argument("folder", type=Path, help="the folder of its images")
    parser.add_argument("cleaned", type=Path, help="the annotation file to write")
    given = parser.parse_args()
    try:
        parse_instances(given.annotations)  # refuses a file that is not in COCO's format
    except InputError as error:
        parser.error(str(error))
    removed = write_cleaned(given.annotations, given.folder, given.cleaned)
    print(f"{given.cleaned}: {given.annotations} without {removed:,} images")


if __name__ == "__main__":
    main()

"""Count the content of a set of annotated images, and its faulty boxes, before training starts.

As a program it writes an annotation file without the images that cannot be used:

    python -m tasks.detection.coco.audit ANNOTATIONS.json IMAGE_FOLDER CLEANED.json
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.cli.arguments import command_parser, mistakes_exit
from tasks.data.cache import write_file
from tasks.detection.coco.checking import inspect
from tasks.detection.coco.columns import FileRows
from tasks.detection.coco.index import ROUNDING, CocoIndex, decoded, index_of
from tasks.detection.coco.json_file import listed_ids, parse_instances, plain_ids
from tasks.detection.coco.json_text import read_json
from tasks.images.inputs import refuse_overwriting
from tasks.images.names import spelled_alike

CLEARLY = 10  # this many boxes are not a coincidence
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, which spreads hashes
CONSEQUENCES = {
    "not given": "left out of training and evaluation",
    "not finite": "left out of training and evaluation",
    "without area": "left out of training",
    "outside the image": "left out of training",
    "partly outside": "clipped in training",
    "of impossible area": "their width x height is used instead",
    "doubled": "equal to an earlier box, but kept",
}


@dataclass(frozen=True)
class Fault:
    """Boxes that share a fault; ids are those of the annotation file."""

    count: int
    annotation_ids: tuple[int | str, ...]
    """The first five boxes."""
    image_ids: tuple[int, ...]
    """The images of these five boxes."""


@dataclass(frozen=True)
class Audit:
    """Counts of a data set; `str()` of it is a few lines to print."""

    images: int
    boxes: int
    images_without_boxes: int
    crowd_boxes: int
    trainable_boxes: int
    faults: dict[str, Fault]
    """Keys as in CONSEQUENCES; only faults that occur."""
    notes: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    """Images that are not in the counts, by reason."""

    def __str__(self) -> str:
        lines = [
            f"{number_of(self.images, 'image')} ({self.images_without_boxes:,} without boxes), "
            f"{number_of(self.boxes, 'box')} ({number_of(self.crowd_boxes, 'crowd')}; "
            f"{self.trainable_boxes:,} to train on)"
        ]
        if self.left_out:
            lines.append(f"{told(self.left_out)}, with their boxes")
        for name, found in self.faults.items():
            pairs = zip(found.annotation_ids, found.image_ids, strict=True)
            shown = ", ".join(f"{box} in image {image}" for box, image in pairs)
            more = ", ..." if found.count > len(found.image_ids) else ""
            lines.append(
                f"{number_of(found.count, 'box')} {name}, {CONSEQUENCES[name]}: annotations "
                f"{shown}{more}"
            )
        return "\n  ".join([*lines, *self.notes])


def told(left_out: dict[str, int]) -> str:
    """How many images were left out, in words: '3 images left out (2 missing, 1 unreadable)'."""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
    return f"{number_of(sum(left_out.values()), 'image')} left out ({reasons})"


def audit(
    index: CocoIndex, notes: tuple[str, ...] = (), left_out: dict[str, int] | None = None
) -> Audit:
    """Count a data set's images, boxes and faulty boxes.

    Args:
        index: the data set.
        notes: remarks to print with the counts.
        left_out: images that were left out of it, by reason.
    """
    faults = {}
    for name, mask in (index.faults | {"doubled": doubled(index)}).items():
        rows = np.flatnonzero(mask)
        if len(rows):
            boxes = plain_ids(index.annotation_ids[rows[:5]])
            images = index.image_ids[index.box_images[rows[:5]]].tolist()
            faults[name] = Fault(len(rows), tuple(boxes), tuple(images))
    return Audit(
        images=len(index),
        boxes=len(index.xywh),
        images_without_boxes=int((np.diff(index.offsets) == 0).sum()),
        crowd_boxes=int(index.crowd.sum()),
        trainable_boxes=int(index.trainable.sum()),
        faults=faults,
        notes=(*index.remarks, *notes, *repetitions(index), *unlikely(index)),
        left_out=left_out or {},
    )


def doubled(index: CocoIndex) -> np.ndarray:
    """bool[M], the boxes that equal an earlier one in the image, in category, place and kind."""
    numbers = (index.box_images, index.box_categories, index.crowd)
    # a hash tells rows apart with one sort; only rows that share one are compared
    hashes = np.zeros(len(index.xywh), np.uint64)
    for column in (*numbers, *index.xywh.T):
        if column.dtype == np.float64:
            column = column + 0.0  # -0.0 becomes 0.0
            bits = column.view(np.uint64)
        else:
            bits = column.astype(np.uint64)
        hashes ^= bits
        hashes ^= bits >> np.uint64(29)
        hashes *= GOLDEN
    ordered = np.sort(hashes)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    result = np.zeros(len(hashes), bool)
    if len(repeated):
        rows = np.flatnonzero(np.isin(hashes, repeated))
        places = (index.xywh[rows] + 0.0).view(np.uint64)
        found = np.column_stack([*(n[rows].astype(np.uint64) for n in numbers), places])
        first = np.unique(found, axis=0, return_index=True)[1]
        result[np.setdiff1d(rows, rows[first])] = True
    return result & index.finite


def repetitions(index: CocoIndex) -> list[str]:
    """A line for each kind of thing that occurs twice in a data set but should not."""
    lines: list[str] = []
    shown: list[str] = []
    names = index.file_names.tolist()
    if len(set(names)) < len(names):  # counting takes longer, and is rarely needed
        files = Counter(zip(index.folder.tolist(), names, strict=True))
        shown = [decoded(name) for (_, name), count in files.items() if count > 1]
    if shown:
        lines.append(
            f"{number_of(len(shown), 'file')} under several image ids, each with its own boxes: "
            f"{listed_briefly(shown)}; merge the ids, or boxes of one are background in the other"
        )
    categories = Counter(index.names.values())
    if shared := [name for name, count in categories.items() if count > 1]:
        numbers = [k for k, name in index.names.items() if name in shared]
        lines.append(
            f"categories with the same name, learned as different ones: {listed_briefly(shared)} "
            f"(ids {listed_briefly(numbers)})"
        )
    spellings: dict[str, list[str]] = {}
    for name in categories:
        spellings.setdefault(spelled_alike(" ".join(name.split())), []).append(name)
    if close := [repr(name) for names in spellings.values() if len(names) > 1 for name in names]:
        lines.append(
            f"categories that differ in capitals, spaces or accents alone, learned as different "
            f"ones: {listed_briefly(close)}"
        )
    ids = np.sort(index.annotation_ids)
    again = np.unique(ids[1:][ids[1:] == ids[:-1]])
    if len(again):
        lines.append(
            f"{number_of(len(again), 'annotation id is', 'annotation ids are')} used more than "
            f"once: {listed_ids(again)}; all of their boxes are used"
        )
    return lines


def unlikely(index: CocoIndex) -> list[str]:
    """A line for a set whose boxes seem to be in another format than COCO's."""
    rows = np.flatnonzero(index.finite)
    x, y, width, height = index.xywh[rows].T
    frames = index.box_images[rows]
    right, bottom = index.widths[frames], index.heights[frames]
    beyond = (x + width > right + ROUNDING) | (y + height > bottom + ROUNDING)
    inside = (x < width) & (y < height) & (width <= right) & (height <= bottom)
    if beyond.sum() > max(CLEARLY, len(rows) / 10) and inside.all():
        return [
            f"{beyond.sum():,} boxes reach beyond their images, and none would if their numbers "
            "were left, top, right and bottom. They must be left, top, width and height: are they?"
        ]
    return []


def check_pixels(index: CocoIndex, annotations: Path) -> None:
    """Raise InputError if all boxes are so small that they must be fractions of the images."""
    rows = index.finite
    if rows.any() and index.xywh[rows].max() <= 1 and index.xywh[rows].min() >= 0:
        raise InputError(
            f"{annotations}: all boxes ({rows.sum():,}) lie within one pixel: their numbers seem "
            "to be fractions of the images' sides. Boxes are in pixels: multiply them by width "
            "and height"
        )


def check_fractions(index: CocoIndex, annotations: Path) -> None:
    """Raise InputError if all of YOLO's boxes are so large that they must be in pixels."""
    sides = index.xywh[index.finite, 2:]
    if len(sides) and sides.min() > 1:
        raise InputError(
            f"{annotations}: all boxes ({len(sides):,}) are wider and higher than their images: "
            "their numbers seem to be pixels. YOLO's are fractions: divide them by width and height"
        )


def write_cleaned(annotations: Path, folder: Path, cleaned: Path) -> int:
    """Copy an annotation file without the images that cannot be used; returns their number.

    Raises:
        InputError: no image could be used, or an input would be replaced.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder of the images")
    index = index_of(parse_instances(annotations), annotations, folder, None)
    refuse_overwriting(
        [cleaned], [annotations, *(index.path(i) for i in range(len(index)))], "file"
    )
    _, faults, _ = inspect(index)
    if len(faults) == len(index):
        raise InputError(
            f"{folder}: none of the {number_of(len(index), 'image')} of {annotations} can be used, "
            "so there is nothing to write: name the folder that holds them"
        )
    content = read_json(annotations, polygons=True).value
    removed = index.image_ids[list(faults)]
    ids = FileRows(annotations, "annotation", content["annotations"]).ids("image_id")
    content["images"] = [row for i, row in enumerate(content["images"]) if i not in faults]
    gone = np.isin(ids, removed).tolist()
    content["annotations"] = [
        row for row, left in zip(content["annotations"], gone, strict=True) if not left
    ]
    write_file(cleaned, lambda file: file.write(json.dumps(content).encode()))
    return len(faults)


def main() -> None:
    """The command line; the exit code is 2 for anything that the user can correct."""
    parser = command_parser("tasks.detection.coco.audit", __doc__)
    parser.add_argument("annotations", type=Path, help="COCO instances JSON")
    parser.add_argument("folder", type=Path, help="the folder of its images")
    parser.add_argument("cleaned", type=Path, help="the annotation file to write")
    given = parser.parse_args()
    with mistakes_exit():
        removed = write_cleaned(given.annotations, given.folder, given.cleaned)
        print(f"{given.cleaned}: {given.annotations} without {number_of(removed, 'image')}")


if __name__ == "__main__":
    main()

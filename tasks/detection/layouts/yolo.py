"""YOLO's labels: one text file per image, and a list of the classes.

A line is `class x y width height`, the centre and the sides as fractions of the image's; or, from
tools that draw polygons, `class x1 y1 x2 y2 x3 y3 ...`, of which the surrounding box is used.
If data.yaml has a `kpt_shape`, keypoints follow each box; they are not read.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.cache import cache_file, cached_arrays, files_state
from tasks.detection.coco.json_file import by_image
from tasks.detection.layouts.kinds import YOLO_LISTS, class_list
from tasks.detection.layouts.yolo_set import read_set
from tasks.images.listing import is_image

LabelFile = tuple[str, os.stat_result]
"""A path and its state."""


def parse_yolo(path: Path, split: str, cache_dir: Path) -> tuple[dict[str, np.ndarray], Path]:
    """Read YOLO's labels of a split; from a cache if they have not changed since the last time.

    Args:
        path: `data.yaml` or `obj.data`; or a folder with a list of classes, for all images in it.
        split: "train" or "val".
        cache_dir: folder for the parsed content.

    Returns:
        Arrays like those of `parse_instances`, with boxes as fractions of the images' sides, and
        the folder that file names are relative to. Images are numbered from 1, in the order of
        their names. Categories are numbered from 0, as in the labels.

    Raises:
        InputError: files are missing or not in this format; the message names the file and line.
    """
    listing = class_list(path) if path.is_dir() else path
    assert listing is not None
    listing = listing.absolute()  # since some of the paths in it may be
    classes, files, keypoints = read_set(listing, split)
    files = sorted({*files}, key=lambda file: file.split("/"))
    if not files:
        raise InputError(f"{listing}: no images for {split}")
    root = os.path.commonpath({os.path.dirname(file) for file in files})
    labels = [label_file(file) for file in files]
    names = [os.fsencode(file[len(root) :].lstrip("/")) for file in files]
    state = (found for found in labels if found is not None)
    key = files_state(state, classes, root, names, keypoints)
    cache = cache_file(listing, cache_dir, f"-{split}.npz")
    arrays = cached_arrays(cache, key, lambda: _arrays(classes, names, labels, keypoints))
    remarks = [os.fsencode(remark) for remark in _unmatched(files, labels)]
    return arrays | {"remarks": np.array(remarks, "S")}, Path(root)


def _unmatched(files: list[str], labels: list[LabelFile | None]) -> Iterator[str]:
    """Lines about images without a label file, and label files without an image."""
    bare = [file for file, found in zip(files, labels, strict=True) if found is None]
    if bare:
        yield (
            f"{number_of(len(bare), 'image')} without a label file, treated as having no "
            f"objects: there is no {_places(bare[0])[0]}"
        )
    images: dict[str, set[str]] = {}  # folder of labels -> folders of their images
    for file, found in zip(files, labels, strict=True):
        if found is not None:
            images.setdefault(os.path.dirname(found[0]), set()).add(os.path.dirname(file))
    known = {found[0] for found in labels if found is not None}
    stray = []
    for folder, beside in images.items():
        paths = [f"{folder}/{name}" for name in _names_in(folder) if name.endswith(".txt")]
        if others := [path for path in paths if path not in known and not _is_list(path)]:
            # those of another split have their images
            names = {name for place in beside for name in _names_in(place)}
            stems = {os.path.splitext(name)[0] for name in names if is_image(os.fsencode(name))}
            stray += [path for path in others if os.path.basename(path)[:-4] not in stems]
    if stray:
        yield (
            f"{number_of(len(stray), 'label file')} without an image, left out with their boxes: "
            f"{listed_briefly(sorted(stray))}"
        )


def _is_list(path: str) -> bool:
    name = os.path.basename(path)
    return name.startswith(".") or name in (*YOLO_LISTS, "train.txt", "val.txt", "test.txt")


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # a folder of listed images that are missing, which is told elsewhere
        return []


def _arrays(
    classes: list[str], names: list[bytes], labels: list[LabelFile | None], keypoints: int
) -> dict[str, np.ndarray]:
    """The content of the label files of some images."""
    lines: list[tuple[int, str, int, np.ndarray]] = []  # image, id, category, box
    for image, found in enumerate(labels, start=1):
        if found is not None:
            path = Path(found[0])
            name = os.fsencode(path.name).decode(errors="replace")
            rows = parse_labels(path, len(classes), keypoints)
            lines.extend((image, f"{name}:{line}", k, box) for line, k, box in rows)
    xywh = np.array([box for *_, box in lines], np.float64).reshape(-1, 4)
    arrays = {
        "image_ids": np.arange(1, len(names) + 1),
        "file_names": np.array(names, "S"),
        "heights": np.zeros(len(names), np.int64),
        "widths": np.zeros(len(names), np.int64),
        "annotation_ids": np.array([name.encode() for _, name, *_ in lines], "S"),
        "box_categories": np.array([k for _, _, k, _ in lines], np.int64),
        "xywh": xywh,
        "area": xywh[:, 2] * xywh[:, 3],
        "crowd": np.zeros(len(lines), bool),
        "category_ids": np.arange(len(classes)),
        "category_names": np.array([name.encode(errors="replace") for name in classes], "S"),
    }
    return by_image(arrays, np.array([image for image, *_ in lines], np.int64))


def parse_labels(
    path: Path, classes: int, keypoints: int = 0
) -> Iterator[tuple[int, int, np.ndarray]]:
    """(line from 1, class, box as float64[4]: left, top, width, height) of a label file.

    Args:
        path: the file.
        classes: how many there are.
        keypoints: how many numbers follow each box.

    Raises:
        InputError: a line is in none of the formats.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InputError(f"{path}: cannot be read ({reason}); correct or remove it") from None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            first, *values = [float(word) for word in words]
        except ValueError:
            first, values = 0.5, []
        if keypoints and len(values) == 4 + keypoints:
            values = values[:4]
        if not first.is_integer() or not (
            len(values) == 4 or (len(values) >= 6 and not len(values) % 2)
        ):
            raise InputError(
                f"{path}, line {number}: {line[:80]!r} is not 'class x y width height', nor a "
                "class and the points of a polygon: numbers with spaces between them; correct it"
            )
        if not 0 <= first < classes:
            raise InputError(
                f"{path}, line {number}: class {first:g} is not in 0..{classes - 1} of the list "
                "of classes; correct it, or add the class to the list"
            )
        if len(values) == 4:
            x, y, width, height = values
            box = np.array([x - width / 2, y - height / 2, width, height])
        else:
            points = np.array(values).reshape(-1, 2)
            low = points.min(axis=0)
            box = np.concatenate([low, points.max(axis=0) - low])
        yield number, int(first), box


def label_file(image: str) -> LabelFile | None:
    """The labels of an image: in `labels` instead of the last `images` folder, or beside it."""
    for place in _places(image):
        with suppress(OSError, ValueError):  # there is none, or no file can have this name
            status = os.stat(place)
            if stat.S_ISREG(status.st_mode):
                return place, status
    return None


def _places(image: str) -> list[str]:
    """Where the labels of an image may be."""
    stem = os.path.splitext(image)[0]
    before, images, after = f"/{stem}".rpartition("/images/")
    return [*([f"{before}/labels/{after}.txt"[1:]] if images else []), f"{stem}.txt"]

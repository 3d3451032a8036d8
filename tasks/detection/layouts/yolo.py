"""YOLO's labels: one text file per image, and a list of the classes.

A line is `class x y width height`, the centre and the sides as fractions of the image's; or, from
tools that draw polygons, `class x1 y1 x2 y2 x3 y3 ...`, of which the surrounding box is used.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from backbone.errors import InputError, listed_briefly
from tasks.data.cache import cache_file, cached_arrays, files_state
from tasks.detection.coco.json_file import by_image
from tasks.detection.layouts.kinds import class_list
from tasks.images.files import SUFFIXES
from tasks.images.listing import images_below

MOST_CLASSES = 100_000
NOTHING: tuple[Any, ...] = ("", "~", "null", [])

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
    classes, files = _read_list(listing, split)
    files = sorted({*files}, key=lambda file: file.split("/"))
    if not files:
        raise InputError(f"{listing}: no images for {split}")
    root = os.path.commonpath({os.path.dirname(file) for file in files})
    labels = [label_file(file) for file in files]
    names = [os.fsencode(file[len(root) :].lstrip("/")) for file in files]
    key = files_state((found for found in labels if found is not None), classes, root, names)
    cache = cache_file(listing, cache_dir, f"-{split}.npz")
    return cached_arrays(cache, key, lambda: _arrays(classes, names, labels)), Path(root)


def _arrays(
    classes: list[str], names: list[bytes], labels: list[LabelFile | None]
) -> dict[str, np.ndarray]:
    """The content of the label files of some images."""
    lines: list[tuple[int, str, int, np.ndarray]] = []  # image, id, category, box
    for image, found in enumerate(labels, start=1):
        if found is not None:
            path = Path(found[0])
            name = os.fsencode(path.name).decode(errors="replace")
            rows = parse_labels(path, len(classes))
            lines.extend((image, f"{name}:{line}", k, box) for line, k, box in rows)
    bare = labels.count(None)
    remarks = [f"{bare:,} images without a label file, treated as images without objects"]
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
        "remarks": np.array([remark.encode() for remark in remarks if bare], "S"),
    }
    return by_image(arrays, np.array([image for image, *_ in lines], np.int64))


def parse_labels(path: Path, classes: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """(line from 1, class, box as float64[4]: left, top, width, height) of a label file.

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
        if not first.is_integer() or not (
            len(values) == 4 or (len(values) >= 6 and not len(values) % 2)
        ):
            raise InputError(
                f"{path}, line {number}: {line[:80]!r} is not 'class x y width height', nor a "
                "class and the points of a polygon; correct it"
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
    stem = os.path.splitext(image)[0]
    before, images, after = f"/{stem}".rpartition("/images/")
    places = [f"{before}/labels/{after}.txt"[1:]] if images else []
    for place in (*places, f"{stem}.txt"):
        with suppress(OSError, ValueError):  # there is none, or no file can have this name
            status = os.stat(place)
            if stat.S_ISREG(status.st_mode):
                return place, status
    return None


def _read_list(path: Path, split: str) -> tuple[list[str], list[str]]:
    """The names of the classes, and the paths of a split's images."""
    if path.suffix.lower() in (".txt", ".names"):
        return _lines(path), _below(path.parent)
    content = _darknet(path) if path.suffix.lower() == ".data" else _yaml(path)
    names = content.get("names")
    if isinstance(names, str):
        names = _lines(_beside(path, names))
    if isinstance(names, dict):
        try:
            names = [names[str(k)] for k in range(len(names))]
        except KeyError:
            raise InputError(f"{path}: its names are not numbered 0, 1, 2, ...") from None
    if not isinstance(names, list) or not 0 < len(names) <= MOST_CLASSES:
        raise InputError(f"{path}: no list of class names under 'names'; add it")
    keys = {"train": ("train",), "val": ("val", "valid", "validation")}[split]
    given = next((content[k] for k in keys if content.get(k, "") not in NOTHING), None)
    places = given if isinstance(given, list) else [given]
    if given is None or not all(isinstance(place, str) for place in places):
        raise InputError(
            f"{path}: no images under {keys[0]!r}; add their folder, or hold out a share of the "
            "training images: data.val_fraction=0.2"
        )
    base = content.get("path")
    files: list[str] = []
    for place in places:
        found = _beside(path, str(place), base if isinstance(base, str) else None)
        files += _listed(found) if found.is_file() else _below(found)
    # nested aliases could grow without bound
    if any(isinstance(name, list | dict) for name in names):
        raise InputError(f"{path}: a name under 'names' is a list or a map, not text; correct it")
    return [str(name) for name in names], files


def _yaml(path: Path) -> dict[Any, Any]:
    try:
        content = yaml.load(path.read_bytes(), yaml.BaseLoader)  # a class may be called no, or 1
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        at = f" at line {where.line + 1}" if where is not None else ""
        raise InputError(f"{path}: not YAML{at}; correct it") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: not YOLO's data.yaml, which has train, val and names")
    return content


def _darknet(path: Path) -> dict[str, Any]:
    pairs = (line.partition("=") for line in _lines(path))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text at byte {error.start:,}; correct it") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _beside(listing: Path, name: str, base: str | None = None) -> Path:
    """The file or folder that a list names.

    Roboflow writes ../train/images for train/images, CVAT data/train.txt for train.txt, and many
    files name a folder of the computer that they were made on: leading folders are removed until
    the path exists.
    """
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    folder = listing.parent
    tried = [folder / base / name] if base is not None else []
    tried += [folder / name, *(folder.joinpath(*parts[k:]) for k in range(len(parts)))]
    for place in tried:
        try:
            if place.exists():
                return place
        except (OSError, ValueError):  # a name that no file can have
            continue
    raise InputError(
        f"{listing}: {name[:200]} does not exist (looked for "
        f"{listed_briefly(map(str, tried[:3]))}); correct the path"
    )


def _listed(path: Path) -> list[str]:
    """The images that a text file lists; missing ones keep their names in the list."""
    files = []
    for line in _lines(path):
        try:
            files.append(str(_beside(path, line)))
        except InputError:
            files.append(str(path.parent / line.replace("\\", "/")))
    return files


def _below(folder: Path) -> list[str]:
    files = [os.path.join(folder, os.fsdecode(file)) for file in images_below(folder)]
    if not files:
        raise InputError(f"{folder}: no images (of type {', '.join(sorted(SUFFIXES))})")
    return files

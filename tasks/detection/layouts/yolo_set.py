"""What YOLO's data.yaml, obj.data or list of classes names: classes, images, keypoints."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from backbone.errors import InputError, listed_briefly
from tasks.images.files import SUFFIXES
from tasks.images.listing import images_below

MOST_CLASSES = 100_000
NOTHING: tuple[Any, ...] = ("", "~", "null", [])


class YoloSet(NamedTuple):
    """A split of a data set."""

    classes: list[str]
    """Names of the classes 0, 1, 2, ..."""
    images: list[str]
    """Paths."""
    keypoints: int = 0
    """Numbers that follow each box in the labels, those of keypoints."""


def read_set(path: Path, split: str) -> YoloSet:
    """Read `data.yaml`, `obj.data`, or a list of classes, which is for all images beside it.

    Args:
        path: the file.
        split: "train" or "val".

    Raises:
        InputError: it is not in this format, or names what is not there.
    """
    if path.suffix.lower() in (".txt", ".names"):
        return YoloSet(_lines(path), _below(path.parent))
    content = _darknet(path) if path.suffix.lower() == ".data" else _yaml(path)
    names = content.get("names")
    if isinstance(names, str):
        names = _lines(_beside(path, names))
    if isinstance(names, dict):
        try:
            names = [names[str(k)] for k in range(len(names))]
        except KeyError:
            raise InputError(
                f"{path}: its names are not numbered 0, 1, 2, ...; number them so, as the labels do"
            ) from None
    if not isinstance(names, list) or not 0 < len(names) <= MOST_CLASSES:
        raise InputError(f"{path}: no list of class names under 'names'; add it")
    keypoints = _keypoints(path, content)
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
    if any(isinstance(name, list | dict) for name in names):  # nested aliases grow without bound
        raise InputError(f"{path}: a name under 'names' is a list or a map, not text; correct it")
    return YoloSet([str(name) for name in names], files, keypoints)


def _keypoints(path: Path, content: dict[Any, Any]) -> int:
    """How many numbers of keypoints follow each box: kpt_shape is [points, numbers for each]."""
    shape = content.get("kpt_shape", [])
    if shape in NOTHING:
        return 0
    if (
        not isinstance(shape, list)
        or len(shape) != 2
        or not all(isinstance(n, str) and n.isdecimal() and len(n) < 6 for n in shape)
    ):
        raise InputError(
            f"{path}: its kpt_shape is not [points, numbers for each], such as [17, 3]; correct it"
        )
    return int(shape[0]) * int(shape[1])


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
    looked = listed_briefly([*dict.fromkeys(map(str, tried))][:3])
    raise InputError(
        f"{listing}: {name[:200]} does not exist (looked for {looked}); correct the path"
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

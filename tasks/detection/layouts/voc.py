"""Pascal VOC's annotations: one XML file per image.

Coordinates are used unchanged, with a width of xmax - xmin. VOC's own files count pixels from 1 and
include the last one, so their boxes begin one pixel late; files of tools count from 0. Objects that
are marked as difficult are treated as crowds: not learned, and ignored in scoring, as in VOC.
"""

import math
import os
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.cache import cache_file, cached_arrays, files_state
from tasks.detection.coco.json_file import by_image
from tasks.detection.layouts.kinds import xml_folder
from tasks.images.files import SUFFIXES
from tasks.images.listing import image_files
from tasks.images.names import Folder


class VocObject(NamedTuple):
    """An object in an XML file; `box` is left, top, width and height in pixels."""

    name: str
    box: tuple[float, float, float, float]
    difficult: bool


def parse_voc(
    path: Path, images: Path | None, cache_dir: Path
) -> tuple[dict[str, np.ndarray], Path]:
    """Read a folder of XML files; from a cache if none has changed since the last time.

    Args:
        path: the folder, one that contains it as `Annotations`, or a list of names in `ImageSets`.
        images: the folder of the images; None: `JPEGImages` or `images` beside the folder, or the
            folder itself.
        cache_dir: folder for the parsed content.

    Returns:
        Arrays like those of `parse_instances`, and the folder of the images. Images are numbered
        from 1 in the order of the XML files' names, categories in the order of their names.

    Raises:
        InputError: files are missing or not in this format; the message names the file.
    """
    folder, files = _files(path)
    cache = cache_file(path, cache_dir, ".npz")
    arrays = cached_arrays(cache, _state(folder, files), lambda: _arrays(folder, files))
    if not len(arrays["category_ids"]):
        raise InputError(
            f"{path}: no objects in {number_of(len(files), 'XML file')}; nothing to learn"
        )
    images = images or _image_folder(folder)
    said = [os.fsdecode(name) for name in arrays["file_names"].tolist()]
    names = _image_names(images, files, said)
    # a list leaves out what it does not name; a folder is meant as a whole
    bare = sorted({*_images_in(images)} - {*names}) if path.is_dir() else []
    remarks = [
        f"{number_of(len(bare), 'image')} of {images} without an XML file in {folder}, left out: "
        f"{listed_briefly(bare)}"
    ]
    changed = {
        "file_names": np.array([*map(os.fsencode, names)], "S"),
        "remarks": np.array([*map(os.fsencode, remarks if bare else [])], "S"),
    }
    return arrays | changed, images


def _arrays(folder: Path, files: list[str]) -> dict[str, np.ndarray]:
    """The content of XML files; the names of the images are as in the files, or empty."""
    names, sizes, rows = [], [], []
    for image, file in enumerate(files, start=1):
        named, size, objects = parse_xml(folder / file)
        names.append(named)
        sizes.append(size)
        rows += [(image, f"{file} object {k}", one) for k, one in enumerate(objects, start=1)]
    classes = sorted({one.name for *_, one in rows})
    number = {name: k for k, name in enumerate(classes, start=1)}
    widths, heights = np.array(sizes, np.int64).reshape(-1, 2).T
    xywh = np.array([one.box for *_, one in rows], np.float64).reshape(-1, 4)
    arrays = {
        "image_ids": np.arange(1, len(names) + 1),
        "file_names": np.array([name.encode(errors="replace") for name in names], "S"),
        "heights": heights,
        "widths": widths,
        "annotation_ids": np.array([name.encode(errors="replace") for _, name, _ in rows], "S"),
        "box_categories": np.array([number[one.name] for *_, one in rows], np.int64),
        "xywh": xywh,
        "area": xywh[:, 2] * xywh[:, 3],
        "crowd": np.array([one.difficult for *_, one in rows], bool),
        "category_ids": np.array(list(number.values()), np.int64),
        "category_names": np.array([name.encode(errors="replace") for name in classes], "S"),
    }
    return by_image(arrays, np.array([image for image, *_ in rows], np.int64))


def _state(folder: Path, files: list[str]) -> str:
    """A text that changes with the XML files."""
    try:
        return files_state(((file, os.stat(f"{folder}/{file}")) for file in files), str(folder))
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be read ({error.strerror}); check the path"
        ) from None


def _image_names(images: Path, files: list[str], said: list[str]) -> list[str]:
    """The image of each XML file: the one that only it names, or else that with the same name."""
    entries = Folder(str(images))
    by_stem = {name.rpartition(".")[0]: name for name in _images_in(images)}
    found = [entries.find(n) if Path(n).suffix.lower() in SUFFIXES else None for n in said]
    named_by = Counter(found)
    names = []
    for file, named, place in zip(files, said, found, strict=True):
        own = by_stem.get(file[:-4])
        # a name in several files was copied together with the rest of them
        stale = named_by[place] > 1 and own is not None
        names.append((own if stale else place or own) or named or file[:-4])
    return names


def _images_in(folder: Path) -> list[str]:
    return [os.fsdecode(name) for name in image_files(folder)] if folder.is_dir() else []


def parse_xml(path: Path) -> tuple[str, tuple[int, int], list[VocObject]]:
    """File name, (width, height), or (0, 0) if they are not given, and objects of a file.

    Raises:
        InputError: the file is missing, not XML, or not in VOC's format.
    """
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InputError(f"{path}: not XML ({error}); correct or remove it") from None
    if root.tag != "annotation":
        raise InputError(
            f"{path}: its outer element is <{root.tag[:40]}>, not Pascal VOC's <annotation>"
        )
    width, height = (_side(path, root.find(f"size/{key}"), key) for key in ("width", "height"))
    if not width or not height:
        width = height = 0
    objects = [
        _object(path, number, element) for number, element in enumerate(root.findall("object"), 1)
    ]
    return _text(root.find("filename")).replace("\0", ""), (width, height), objects


def _object(path: Path, number: int, element: ElementTree.Element) -> VocObject:
    name = _text(element.find("name"))
    if not name:
        raise InputError(f"{path}: object {number} has no name; correct it")
    bounds = element.find("bndbox")
    box = (math.nan,) * 4  # only a mask or points: counted as a box that is not given
    if bounds is not None:
        try:
            left, top, right, bottom = (
                float(_text(bounds.find(key))) for key in ("xmin", "ymin", "xmax", "ymax")
            )
        except ValueError:
            raise InputError(
                f"{path}: object {number} ({name[:40]}) has no numbers as xmin, ymin, xmax "
                "and ymax; correct it"
            ) from None
        box = (left, top, right - left, bottom - top)
    return VocObject(name, box, _text(element.find("difficult")).lower() in ("1", "true"))


def _side(path: Path, element: ElementTree.Element | None, key: str) -> int:
    text = _text(element)
    try:
        side = float(text) if text else 0.0
    except ValueError:
        side = math.nan
    if not side.is_integer() or abs(side) >= 2**31:
        raise InputError(f"{path}: its {key} is {text[:40]!r}, not a number of pixels; correct it")
    return max(int(side), 0)


def _text(element: ElementTree.Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _files(path: Path) -> tuple[Path, list[str]]:
    """The folder of XML files, and the names of those to read."""
    if path.is_dir():
        folder = xml_folder(path)
        assert folder is not None
        names = [name for name in os.listdir(folder) if name.lower().endswith(".xml")]
        return folder, sorted(name for name in names if not name.startswith("."))
    places = [place / "Annotations" for place in path.parents[:3]]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise InputError(
            f"{path}: a list of Pascal VOC's images, but there is no folder Annotations in "
            f"{listed_briefly(str(place.parent) for place in places)}"
        )
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason}); check it") from None
    files = []
    for number, line in enumerate(filter(None, map(str.strip, lines)), start=1):
        # some lists have a second column: 1, -1 or 0
        choices = dict.fromkeys([line, line.rpartition(" ")[0].strip(), Path(line).stem])
        stem = next((s for s in choices if s and _is_file(folder / f"{s}.xml")), None)
        if stem is None:
            raise InputError(
                f"{path}, entry {number}: {line[:80]!r} has no XML file in {folder}; add it, or "
                "remove the line"
            )
        files.append(f"{stem}.xml")
    if not files:
        raise InputError(f"{path}: the list is empty")
    return folder, list(dict.fromkeys(files))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _image_folder(folder: Path) -> Path:
    places = [folder.parent / name for name in ("JPEGImages", "images", "Images")]
    return next((place for place in places if place.is_dir()), folder)

"""Reading and checking COCO's instances JSON; boxes only, no masks."""

import json
from collections.abc import Callable
from operator import index as as_int
from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly


def parse_instances(path: Path) -> dict[str, np.ndarray]:
    """Read an annotation file into flat arrays.

    Returns:
        Of N images, in the file's order: `image_ids` int64[N], `file_names` bytes[N] (UTF-8), and
        `heights` and `widths` int64[N] in pixels.

        Of M boxes, ordered by image: `annotation_ids` and `box_categories` int64[M], `xywh`
        float64[M, 4] in pixels as in the file, `area` float64[M] in square pixels (of the object's
        mask; width x height if the file gives none), and `crowd` bool[M]. Those of image i are rows
        offsets[i] to offsets[i + 1] of `offsets` int64[N + 1].

        Of K categories, in the file's order: `category_ids` int64[K] and `category_names` bytes[K]
        (UTF-8).

    Raises:
        InputError: the file is missing, damaged, not in COCO's format, or inconsistent.
    """
    content = _read_json(path)
    images, boxes, categories = (content[key] for key in ("images", "annotations", "categories"))

    def column(rows: list, what: str, key: str, convert: Callable, default: Any = None) -> list:
        values = []
        for number, row in enumerate(rows):
            try:
                values.append(convert(row.get(key, default)))
            except (TypeError, ValueError, AttributeError):
                raise InputError(
                    f"{path}: {what} number {number} (counting from 0) is not in COCO's format: "
                    f"its {key!r} is missing or of the wrong type in {str(row)[:200]}"
                ) from None
        return values

    def ids(rows: list, what: str, key: str = "id") -> np.ndarray:
        return np.array(column(rows, what, key, as_int), np.int64)

    image_ids, category_ids = ids(images, "image"), ids(categories, "category")
    annotation_ids = ids(boxes, "annotation")
    box_images = ids(boxes, "annotation", "image_id")
    box_categories = ids(boxes, "annotation", "category_id")
    for what, known, used in (
        ("image", image_ids, box_images),
        ("category", category_ids, box_categories),
    ):
        _check_ids(path, what, known, used, annotation_ids)

    xywh = np.array(column(boxes, "annotation", "bbox", _four), np.float64).reshape(-1, 4)
    area = np.array(column(boxes, "annotation", "area", float, np.nan), np.float64)
    crowd = np.array(column(boxes, "annotation", "iscrowd", as_int, 0), bool)
    by_id = np.argsort(image_ids)
    position = by_id[np.searchsorted(image_ids, box_images, sorter=by_id)]
    order = np.argsort(position, kind="stable")
    counts = np.bincount(position, minlength=len(images))
    return {
        "image_ids": image_ids,
        "file_names": np.array(column(images, "image", "file_name", str.encode)),
        "heights": np.array(column(images, "image", "height", _length), np.int64),
        "widths": np.array(column(images, "image", "width", _length), np.int64),
        "offsets": np.concatenate([[0], counts.cumsum()]),
        "annotation_ids": annotation_ids[order],
        "box_categories": box_categories[order],
        "xywh": xywh[order],
        "area": np.where(np.isnan(area), xywh[:, 2] * xywh[:, 3], area)[order],
        "crowd": crowd[order],
        "category_ids": category_ids,
        "category_names": np.array(column(categories, "category", "name", str.encode)),
    }


def _read_json(path: Path) -> dict:
    again = "get the file again; COCO's are in annotations_trainval2017.zip and ...2014.zip"
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not text.strip():
        raise InputError(f"{path}: the file is empty ({len(text)} bytes); {again}")
    try:
        content = json.loads(text, object_hook=_without_polygons)
    except json.JSONDecodeError as error:
        page = "a web page, " if text.lstrip().startswith(b"<") else ""
        raise InputError(
            f"{path}: {page}not JSON at line {error.lineno}, column {error.colno} (character "
            f"{error.pos:,}; the file has {len(text):,} bytes): {error.msg}; it is damaged or cut "
            f"short: {again}"
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text at byte {error.start:,}; {again}") from None
    lists = ("images", "annotations", "categories")
    missing = [
        key for key in lists if not isinstance(content, dict) or type(content.get(key)) is not list
    ]
    if missing:
        raise InputError(
            f"{path}: not a COCO instances file: it has no list {' and no list '.join(missing)}; "
            "give a file in COCO's object detection format (instances_*.json)"
        )
    for key in ("images", "categories"):
        if not content[key]:
            raise InputError(f"{path}: its list of {key} is empty; give a file that has some")
    return content


def _without_polygons(row: dict) -> dict:
    """Drop polygons while parsing: they are nine tenths of the file and take twice its memory."""
    row.pop("segmentation", None)
    return row


def _four(box: list) -> tuple[float, float, float, float]:
    x, y, width, height = box
    return float(x), float(y), float(width), float(height)


def _length(pixels: int) -> int:
    if as_int(pixels) < 1:
        raise ValueError
    return pixels


def _check_ids(
    path: Path, what: str, known: np.ndarray, used: np.ndarray, annotation_ids: np.ndarray
) -> None:
    values, counts = np.unique(known, return_counts=True)
    if (counts > 1).any():
        raise InputError(
            f"{path}: duplicate {what} ids: {listed_briefly(values[counts > 1])}; make them unique"
        )
    stray = ~np.isin(used, known)
    if stray.any():
        raise InputError(
            f"{path}: {stray.sum():,} annotations (ids {listed_briefly(annotation_ids[stray])}) "
            f"have {what} ids that the file does not list: "
            f"{listed_briefly(np.unique(used[stray]))}; remove "
            f"these annotations, or add the {what} to the file"
        )

"""Read and check COCO's instances JSON, from COCO or from tools; boxes, no masks."""

from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.cache import cache_file, cached_arrays, file_state
from tasks.detection.coco.columns import FileRows, category_name
from tasks.detection.coco.json_text import read_json


def cached_instances(path: Path, cache_dir: Path) -> dict[str, np.ndarray]:
    """`parse_instances`, from a cache if the file has not changed since the cache was written.

    A missing, damaged or outdated cache is written again. If it cannot be written, a warning says
    so.
    """
    if not path.is_file():
        return parse_instances(path)  # it raises the error
    cache = cache_file(path, cache_dir, ".npz")
    return cached_arrays(cache, file_state(path), lambda: parse_instances(path))


def parse_instances(path: Path) -> dict[str, np.ndarray]:
    """Read an annotation file into flat arrays.

    Returns:
        For N images, in the file's order: `image_ids` int64[N], `file_names` bytes[N] (UTF-8), and
        `heights` and `widths` int64[N] in pixels, both 0 if the file does not say.

        For M boxes, ordered by image: `annotation_ids` int64[M] (bytes[M] if an id is not a
        number), `box_categories` int64[M], `xywh` float64[M, 4] in pixels as in the file (without a
        box, the one around the mask; without a mask NaN), `area` float64[M] in square pixels (of
        the object's mask; width x height if the file has none), and `crowd` bool[M]. Those of image
        i are rows offsets[i] to offsets[i + 1] of `offsets` int64[N + 1].

        For K categories, in the file's order: `category_ids` int64[K] and `category_names` bytes[K]
        (UTF-8). Also `remarks` bytes[R] (UTF-8) on how the file was read.

    Raises:
        InputError: the file is missing, damaged, not in COCO's format, or inconsistent.
    """
    content, remarks, boxed = read_json(path)
    try:
        check_lists(path, content)
    except InputError as error:
        raise InputError(f"{error} ({remarks[0]})") if remarks else error from None
    if boxed:
        lacking = number_of(boxed, "annotation has", "annotations have")
        remarks.append(f"{lacking} no box: the box around the mask is used")
    images = FileRows(path, "image", content["images"])
    boxes = FileRows(path, "annotation", content["annotations"])
    categories = FileRows(path, "category", content["categories"])
    image_ids, category_ids = images.ids(), categories.ids()
    annotation_ids = boxes.labels()
    box_images, box_categories = boxes.ids("image_id"), boxes.ids("category_id")
    for what, known, used in (
        ("image", image_ids, box_images),
        ("category", category_ids, box_categories),
    ):
        _check_ids(path, what, known, used, annotation_ids)
    heights, widths = images.sides("height"), images.sides("width")
    _check_sides(images, heights, widths)
    xywh, area = boxes.boxes("bbox"), boxes.numbers("area", missing=np.nan)
    with np.errstate(over="ignore"):  # the audit reports those that are too large
        area = np.where(np.isnan(area), xywh[:, 2] * xywh[:, 3], area)
    arrays = {
        "image_ids": image_ids,
        "file_names": images.files(),
        "heights": heights,
        "widths": widths,
        "annotation_ids": annotation_ids,
        "box_categories": box_categories,
        "xywh": xywh,
        "area": area,
        "crowd": boxes.flags("iscrowd"),
        "category_ids": category_ids,
        "category_names": categories.names("name", category_name),
        "remarks": np.array([remark.encode() for remark in remarks], "S"),
    }
    return by_image(arrays, box_images)


def by_image(arrays: dict[str, Any], box_images: np.ndarray) -> dict[str, np.ndarray]:
    """Order the boxes of `arrays` by their images, and add `offsets`.

    Args:
        arrays: as `parse_instances` returns them, the boxes in any order.
        box_images: int64[M], the image id of each box.
    """
    image_ids = arrays["image_ids"]
    by_id = np.argsort(image_ids)
    position = by_id[np.searchsorted(image_ids, box_images, sorter=by_id)]
    order = np.argsort(position, kind="stable")
    per_box = ("annotation_ids", "box_categories", "xywh", "area", "crowd")
    counts = np.bincount(position, minlength=len(image_ids))
    return (
        arrays
        | {key: arrays[key][order] for key in per_box}
        | {"offsets": np.concatenate([[0], counts.cumsum()])}
    )


def check_lists(path: Path, content: Any) -> None:
    """Check that a file's content has COCO's three lists, with images and categories in them.

    Raises:
        InputError: it does not.
    """
    lists = ("images", "annotations", "categories")
    missing = [
        key for key in lists if not isinstance(content, dict) or type(content.get(key)) is not list
    ]
    if missing:
        raise InputError(
            f"{path}: not a COCO instances file: it has no list {' and no list '.join(missing)}"
            f"{_likeness(content)}; give a file in COCO's object detection format "
            "(instances_*.json)"
        )
    for key in ("images", "categories"):
        if not content[key]:
            raise InputError(f"{path}: its list of {key} is empty; use a file that has some")


def _likeness(content: Any) -> str:
    first = content[0] if isinstance(content, list) and content else content
    if isinstance(first, dict) and "data" in first and "annotations" in first:
        return " (it looks like Label Studio's own JSON: export as COCO instead)"
    if isinstance(first, dict) and "shapes" in first and "imagePath" in first:
        return " (it looks like LabelMe's JSON for one image: convert the folder to COCO)"
    if isinstance(first, dict) and "image" in first and "annotations" in first:
        return " (it looks like CreateML's JSON: export as COCO instead)"
    values = first.values() if isinstance(first, dict) else ()
    inner = next((value for value in values if isinstance(value, dict)), {})
    if "regions" in inner or (isinstance(first, dict) and "_via_img_metadata" in first):
        return " (it looks like VIA's own JSON: export as COCO instead)"
    if {"images", "annotations"} <= inner.keys():
        return " (the lists are one level too deep: take them out of the outer braces)"
    return ""


def _check_sides(images: FileRows, heights: np.ndarray, widths: np.ndarray) -> None:
    odd = np.flatnonzero((heights == 0) != (widths == 0))
    if len(odd):
        key, other = ("height", "width") if heights[odd[0]] == 0 else ("width", "height")
        raise images.refused(int(odd[0]), key, f"is unknown but its {other!r} is not")


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
            f"{path}: {number_of(stray.sum(), 'annotation')} (ids "
            f"{listed_ids(annotation_ids[stray])}) with {what} ids that the file does not list: "
            f"{listed_briefly(np.unique(used[stray]))}; remove "
            f"these annotations, or add the {what} to the file"
        )


def plain_ids(ids: np.ndarray) -> list[int | str]:
    """Annotation ids as numbers or text."""
    return [one.decode() if isinstance(one, bytes) else one for one in ids.tolist()]


def listed_ids(ids: np.ndarray) -> str:
    """The first five annotation ids and the number of the rest."""
    rest = f" and {len(ids) - 5:,} more" if len(ids) > 5 else ""
    return ", ".join(map(str, plain_ids(ids[:5]))) + rest

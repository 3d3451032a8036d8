"""Annotations in any layout, read as the same arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tasks.detection.coco.index import decoded
from tasks.detection.coco.json_file import cached_instances
from tasks.detection.layouts.kinds import SAMPLE, Layout, image_folder, layout_of
from tasks.detection.layouts.voc import parse_voc
from tasks.detection.layouts.yolo import parse_yolo


@dataclass(frozen=True)
class Annotations:
    """The content of the annotations of a split."""

    arrays: dict[str, np.ndarray]
    """As returned by `parse_instances`; YOLO's boxes are fractions of the images' sides."""
    images: Path
    """The folder of the images."""
    layout: Layout

    def with_names(self, other: Annotations) -> Annotations:
        """The annotations with the categories of both, numbered from 1 in the order of names."""
        own = self.arrays["category_names"]
        names = np.union1d(own, other.arrays["category_names"])
        number = np.searchsorted(names, own) + 1  # of each own category, whose ids are 1..K
        changed = {
            "category_ids": np.arange(1, len(names) + 1),
            "category_names": names,
            "box_categories": number[self.arrays["box_categories"] - 1],
        }
        return replace(self, arrays=self.arrays | changed)


def read_annotations(path: Path, images: Path | None, split: str, cache_dir: Path) -> Annotations:
    """Read annotations in any layout.

    Args:
        path: see `layout_of`.
        images: the folder of the images; None: it is looked for.
        split: "train" or "val", if one path names both.
        cache_dir: folder for parsed files.

    Raises:
        InputError: files are missing or cannot be read as their layout.
    """
    layout = layout_of(path)
    if layout == "yolo":
        arrays, folder = parse_yolo(path, split, cache_dir)
    elif layout == "voc":
        arrays, folder = parse_voc(path, images, cache_dir)
    else:
        arrays = cached_instances(path, cache_dir)
        if images is None:
            names = arrays["file_names"]
            shown = names[:: max(1, len(names) // SAMPLE)][:SAMPLE].tolist()
            images = image_folder(path, [*map(decoded, shown)], f"data.{split}_images")
        folder = images
    return Annotations(arrays, folder, layout)

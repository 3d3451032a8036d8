"""A set of annotated images as flat arrays, for data loaders and evaluation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.json_file import cached_instances, listed_ids
from tasks.detection.evaluation.arrays import GroundTruth

MIN_BOX_SIDE = 0.01  # pixels, the precision of COCO's coordinates: a thinner box has no area
ROUNDING = 0.05  # pixels by which rounded coordinates may exceed the image


@dataclass(frozen=True, eq=False)
class CocoIndex:
    """N images and their M boxes; the boxes of image i are rows offsets[i] to offsets[i + 1].

    The content is in arrays rather than lists of objects, so that worker processes share one copy.
    """

    folders: tuple[str, ...]
    """Image folders."""
    folder: np.ndarray
    """int64[N], position in `folders`."""
    file_names: np.ndarray
    """bytes[N], UTF-8, relative to the folder."""
    image_ids: np.ndarray
    """int64[N], as in the file."""
    heights: np.ndarray
    """int64[N], pixels."""
    widths: np.ndarray
    """int64[N], pixels."""
    offsets: np.ndarray
    """int64[N + 1], the first box of each image, and M."""
    annotation_ids: np.ndarray
    """int64[M], as in the file; bytes[M] if an id there is not a number."""
    box_categories: np.ndarray
    """int64[M], category ids."""
    xywh: np.ndarray
    """float64[M, 4], pixels, as in the file."""
    area: np.ndarray
    """float64[M], square pixels, the area of the object's mask."""
    crowd: np.ndarray
    """bool[M], True if the box is around a group of objects."""
    output_categories: np.ndarray
    """int64[num_classes], the category id of each network output; -1 for outputs without one: 0
    (background) and the gaps in COCO's ids."""
    names: dict[int, str]
    """Category id -> name, in the order of the file."""
    remarks: tuple[str, ...] = ()
    """Remarks on how the file was read."""

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def num_classes(self) -> int:
        """Number of network outputs, including the background."""
        return len(self.output_categories)

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each network output: 'background' first, '' in the gaps."""
        return ("background", *(self.names.get(int(k), "") for k in self.output_categories[1:]))

    def path(self, image: int) -> Path:
        """The file of an image, 0..N-1."""
        return Path(self.folders[self.folder[image]], decoded(self.file_names[image]))

    @cached_property
    def box_images(self) -> np.ndarray:
        """int64[M], the image (0..N-1) of each box."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def labels(self) -> np.ndarray:
        """int64[M], the network output of each box's category."""
        by_id = np.argsort(self.output_categories)
        return by_id[np.searchsorted(self.output_categories, self.box_categories, sorter=by_id)]

    @cached_property
    def boxes(self) -> np.ndarray:
        """float32[M, 4], xyxy in pixels, clipped to the image."""
        frame = np.stack([self.widths, self.heights], axis=1)[self.box_images]
        corners = np.stack([self.xywh[:, :2], self.xywh[:, :2] + self.xywh[:, 2:]], axis=1)
        return corners.clip(0, frame[:, None]).reshape(-1, 4).astype(np.float32)

    @cached_property
    def faults(self) -> dict[str, np.ndarray]:
        """Fault -> bool[M], the boxes with it; boxes with one in LEFT_OUT are not trained on."""
        x, y, width, height = self.xywh.T
        finite = self.finite
        absent = np.zeros_like(finite)
        if not finite.all():
            absent[~finite] = np.isnan(self.xywh[~finite]).all(axis=1)
        flat = finite & ((width < MIN_BOX_SIDE) | (height < MIN_BOX_SIDE))
        outside, partly = np.zeros_like(finite), np.zeros_like(finite)
        with np.errstate(invalid="ignore", over="ignore"):  # boxes may be infinite, or almost
            for start, side, frames in ((x, width, self.widths), (y, height, self.heights)):
                seen = np.minimum(start + side, frames[self.box_images]) - np.maximum(start, 0)
                outside |= seen < MIN_BOX_SIDE
                partly |= seen < side - ROUNDING
        outside &= finite & ~flat
        return {
            "not given": absent,
            "not finite": ~finite & ~absent,
            "without area": flat,
            "outside the image": outside,
            "partly outside": finite & ~flat & ~outside & partly,
            "of impossible area": finite & ~self._usable_area,
        }

    @property
    def _usable_area(self) -> np.ndarray:
        return np.isfinite(self.area) & (self.area >= 0)

    @property
    def trainable(self) -> np.ndarray:
        """bool[M], the boxes of single objects with an area inside the image."""
        return ~np.logical_or.reduce([self.crowd, *(self.faults[name] for name in LEFT_OUT)])

    @property
    def finite(self) -> np.ndarray:
        """bool[M], the boxes whose numbers are finite."""
        # by columns: along rows of four, NumPy needs five times as long
        return np.logical_and.reduce([np.isfinite(column) for column in self.xywh.T])

    def take(self, images: np.ndarray) -> CocoIndex:
        """The data set of the given images (0..N-1), in this order."""
        counts = np.diff(self.offsets)[images]
        offsets = np.concatenate([[0], counts.cumsum()])
        # row r of the result is box r - offsets[i] of its image i
        rows = np.repeat(self.offsets[:-1][images] - offsets[:-1], counts) + np.arange(offsets[-1])
        per_image = {key: getattr(self, key)[images] for key in PER_IMAGE}
        per_box = {key: getattr(self, key)[rows] for key in PER_BOX}
        return replace(self, offsets=offsets, **per_image, **per_box)

    def take_boxes(self, rows: np.ndarray) -> CocoIndex:
        """The data set with only the boxes for which bool[M] is true."""
        counts = np.bincount(self.box_images[rows], minlength=len(self))
        per_box = {key: getattr(self, key)[rows] for key in PER_BOX}
        return replace(self, offsets=np.concatenate([[0], counts.cumsum()]), **per_box)

    def in_pixels(self) -> CocoIndex:
        """The data set with boxes in pixels, if they are fractions of their images' sides."""
        sides = np.tile(np.stack([self.widths, self.heights], axis=1), 2)[self.box_images]
        xywh = self.xywh * sides
        return replace(self, xywh=xywh, area=xywh[:, 2] * xywh[:, 3])

    def ground_truth(self) -> GroundTruth:
        """The ground truth for evaluation: every finite box, as in the file.

        An area that is infinite or negative is replaced by the box's own.
        """
        rows = self.finite
        area = np.where(self._usable_area, self.area, self.xywh[:, 2] * self.xywh[:, 3])
        return GroundTruth(
            image_ids=self.image_ids,
            category_ids=np.array(list(self.names), np.int64),
            box_image=self.image_ids[self.box_images[rows]],
            box_category=self.box_categories[rows],
            boxes=self.xywh[rows],
            area=area[rows],
            crowd=self.crowd[rows],
        )


LEFT_OUT = ("not given", "not finite", "without area", "outside the image")
PER_IMAGE = ("folder", "file_names", "image_ids", "heights", "widths")
PER_BOX = ("annotation_ids", "box_categories", "xywh", "area", "crowd")


def load_index(
    annotations: Path, images: Path, *, cache_dir: Path, num_classes: int | None = None
) -> CocoIndex:
    """Read an annotation file, COCO's instances JSON.

    Args:
        annotations: the file.
        images: the folder of its images.
        cache_dir: folder for the parsed file.
        num_classes: with a number, network output k is category id k: 91 for COCO, whose ids are
            1..90 with gaps. None: the file's K categories are outputs 1..K, in its order. Output 0
            is the background.

    Raises:
        InputError: the file is not in COCO's format, or has a category id without an output.
    """
    arrays = cached_instances(annotations, cache_dir)
    return index_of(arrays, annotations, images, num_classes)


def index_of(
    arrays: dict[str, Any], annotations: Path, images: Path, num_classes: int | None
) -> CocoIndex:
    """A data set of the arrays that `parse_instances`, or a reader of another layout, returns.

    Args:
        arrays: of the annotations.
        annotations: where they are from, for messages.
        images: the folder of the images.
        num_classes: see `load_index`.

    Raises:
        InputError: a category id without an output.
    """
    arrays = dict(arrays)
    remarks = tuple(decoded(remark) for remark in arrays.pop("remarks").tolist())
    ids, names = arrays.pop("category_ids"), arrays.pop("category_names")
    lowest, limit = (0, int(ids.max()) + 1) if num_classes is None else (1, num_classes)
    unknown = (ids < lowest) | (ids > limit - 1)
    if unknown.any():
        using = arrays["annotation_ids"][np.isin(arrays["box_categories"], ids[unknown])]
        renumber = (
            ""
            if num_classes is None
            else (", or set data.num_classes=null to number the file's categories from 1")
        )
        raise InputError(
            f"{annotations}: category ids {listed_briefly(ids[unknown])} are not in "
            f"{lowest}..{limit - 1} (annotations that use them: {listed_ids(using) or 'none'})"
            f"; correct them{renumber}"
        )
    if num_classes is None:
        outputs = np.concatenate([[-1], ids])
    else:
        outputs = np.full(num_classes, -1)
        outputs[ids] = ids
    return CocoIndex(
        folders=(str(images),),
        folder=np.zeros(len(arrays["image_ids"]), np.int64),
        output_categories=outputs,
        names=dict(zip(ids.tolist(), map(decoded, names.tolist()), strict=True)),
        remarks=remarks,
        **arrays,
    )


def decoded(name: bytes) -> str:
    """A name as text, from the bytes that an index holds."""
    return name.decode(errors="surrogateescape")

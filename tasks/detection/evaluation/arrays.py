"""Ground truth and detections of a whole data set, as flat arrays."""

from dataclasses import dataclass

import numpy as np

from backbone.errors import InputError


@dataclass(frozen=True)
class GroundTruth:
    """Every evaluated image and its boxes, as listed in an annotation file.

    Raises:
        InputError: a box belongs to an image or category that is not listed, or a box or area is
            not finite.
    """

    image_ids: np.ndarray  # int64[N] all evaluated images, including those without boxes
    category_ids: np.ndarray  # int64[K]
    box_image: np.ndarray  # int64[M] image id
    box_category: np.ndarray  # int64[M] category id
    boxes: np.ndarray  # float64[M,4] xywh in pixels
    area: np.ndarray  # float64[M] square pixels, the file's `area` (of the mask, not of the box)
    crowd: np.ndarray  # bool[M]

    def __post_init__(self) -> None:
        number = len(self.box_image)
        _store(self, "image_ids", np.int64, -1)
        _store(self, "category_ids", np.int64, -1)
        _store(self, "box_image", np.int64, number)
        _store(self, "box_category", np.int64, number)
        _store(self, "boxes", np.float64, number, 4)
        _store(self, "area", np.float64, number)
        _store(self, "crowd", np.bool_, number)
        _check_listed("image", self.box_image, self.image_ids)
        _check_listed("category", self.box_category, self.category_ids)
        check_finite("ground truth", self.box_image, np.c_[self.boxes, self.area])


@dataclass(frozen=True)
class Detections:
    """Detections in any number of images; equal scores in an image keep their order.

    Raises:
        InputError: a box or score is not finite.
    """

    image: np.ndarray  # int64[D] image id
    category: np.ndarray  # int64[D] category id; ids that the ground truth lacks are ignored
    boxes: np.ndarray  # float64[D,4] xywh in pixels
    scores: np.ndarray  # float64[D]

    def __post_init__(self) -> None:
        number = len(self.image)
        _store(self, "image", np.int64, number)
        _store(self, "category", np.int64, number)
        _store(self, "boxes", np.float64, number, 4)
        _store(self, "scores", np.float64, number)
        check_finite("detections", self.image, np.c_[self.boxes, self.scores])


def check_finite(kind: str, image: np.ndarray, rows: np.ndarray) -> None:
    """Check that all boxes are finite.

    Args:
        kind: "ground truth" or "detections".
        image: int64[M], the image id of each row.
        rows: float64[M, 5]: x, y, w, h and area or score.

    Raises:
        InputError: a row is not finite; the message names the image.
    """
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        at = np.flatnonzero(~finite)[0]
        raise InputError(
            f"{kind}: a box of image id {image[at]} is not finite (x, y, w, h and "
            f"{'area' if kind == 'ground truth' else 'score'}: {rows[at].tolist()}); "
            + ("correct the annotation" if kind == "ground truth" else "has training diverged?")
        )


def _store(owner: GroundTruth | Detections, name: str, dtype: type, *shape: int) -> None:
    # if an array does not fit the others, numpy's own error names both sizes
    value: np.ndarray = np.asarray(getattr(owner, name), dtype).reshape(shape)
    object.__setattr__(owner, name, value)


def _check_listed(kind: str, ids: np.ndarray, listed: np.ndarray) -> None:
    unknown = ids[~np.isin(ids, listed)]
    if unknown.size:
        raise InputError(
            f"ground truth: a box has {kind} id {unknown[0]}, which is not among the "
            f"{listed.size} {kind} ids; add it to these, or leave its boxes out"
        )

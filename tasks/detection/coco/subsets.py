"""Subsets of annotated images: a share held out for validation, and the paper's minival."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.index import CocoIndex

MINIVAL_IMAGES = 8059  # of the paper's detectors (arXiv 1611.10012)


def held_out(index: CocoIndex, fraction: float, seed: int) -> dict[str, np.ndarray]:
    """Split -> its images, in order, if a share of all files is held out for validation.

    A file with two ids is in only one split.

    Raises:
        InputError: there is only one file.
    """
    files = np.unique(index.file_names, return_inverse=True)[1]
    count = files.max() + 1
    if count < 2:
        raise InputError(
            f"{index.folders[0]}: one image cannot be split; leave out data.val_fraction and name "
            "validation images: data.val"
        )
    number = min(max(1, round(fraction * count)), count - 1)
    chosen = np.isin(files, np.random.default_rng(seed).permutation(count)[:number])
    return {"train": np.flatnonzero(~chosen), "val": np.flatnonzero(chosen)}


def read_minival(path: Path, val: CocoIndex) -> np.ndarray:
    """Read a file of image ids, one per line, as bool[N] over the images of val2014.

    Raises:
        InputError: a line is not an id, or an id is not in val2014.
    """
    ids = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            ids.append(int(line))
        except ValueError:
            raise InputError(
                f"{path}, line {number}: {line[:60]!r} is not an image id; write one id per line"
            ) from None
    unknown = np.setdiff1d(np.array(ids, np.int64), val.image_ids)
    if not ids:
        raise InputError(f"{path}: it has no image ids; write one id per line")
    if len(unknown):
        raise InputError(
            f"{path}: {len(unknown):,} of its {len(ids):,} image ids are not in "
            f"{val.folders[0]}: {listed_briefly(unknown)}; minival is a subset of val2014"
        )
    return np.isin(val.image_ids, ids)

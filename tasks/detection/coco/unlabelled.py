"""Photographs without boxes, for a student that learns only from a teacher."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.data.cache import cache_file, file_state, keep_arrays, read_arrays
from tasks.data.checking import ways_on
from tasks.detection.coco.checking import UNREADABLE
from tasks.detection.coco.index import CocoIndex
from tasks.images.headers import THREADS, turned_size
from tasks.images.listing import images_below


def require_photographs(folder: Path) -> None:
    """Check that the folder exists, and nothing else.

    Raises:
        InputError: it does not exist.
    """
    if not folder.is_dir():
        raise InputError(
            f"data.unlabelled: {folder.absolute()} is not a folder; name a folder of photographs, "
            "inside data.root or by its full path, or data.unlabelled=null to train on the "
            "annotated ones"
        )


def load_unlabelled(
    folder: Path, like: CocoIndex, cache_dir: Path, skip: bool = False
) -> tuple[CocoIndex, dict[str, int]]:
    """All photographs in a folder and below as a data set without boxes.

    Args:
        folder: of the photographs; hidden files are left out.
        like: a set with the categories that the result gets.
        cache_dir: folder for the sizes, which are read again only if a file is new or has changed.
        skip: leave out photographs that cannot be read, rather than stop.

    Returns:
        The data set, and how many photographs were left out, by reason.

    Raises:
        InputError: the folder does not exist or has no images, or files cannot be read.
    """
    require_photographs(folder)
    files = images_below(folder)
    if not files:
        raise InputError(
            f"data.unlabelled: there are no images in {folder.absolute()}; name the folder of your "
            "photographs"
        )
    names = [os.fsdecode(file) for file in files]
    sizes, faults = measured(folder, names, cache_dir)
    if faults and (not skip or len(faults) == len(files)):
        raise InputError(
            f"data.unlabelled: {len(faults):,} of the {len(names):,} photographs in {folder} "
            f"cannot be read: {listed_briefly(faults)}. {ways_on(skip, 'move them away')}"
        )
    readable = np.flatnonzero(sizes[:, 0])
    index = replace(
        like.take(np.zeros(0, np.int64)),
        folders=(str(folder),),
        folder=np.zeros(len(readable), np.int64),
        file_names=np.array(files)[readable],
        image_ids=np.arange(1, len(readable) + 1),
        heights=sizes[readable, 0],
        widths=sizes[readable, 1],
        offsets=np.zeros(len(readable) + 1, np.int64),
    )
    return index, {UNREADABLE: len(faults)} if faults else {}


def measured(folder: Path, names: list[str], cache_dir: Path) -> tuple[np.ndarray, list[str]]:
    """(height, width) of each turned picture, int64[N, 2], and what is wrong with some of them.

    A picture that cannot be read has 0, 0.
    """
    cache = cache_file(folder, cache_dir, ".sizes")
    parents = sorted({(folder / name).parent for name in names})
    key = json.dumps([file_state(*parents), names])
    if (stored := read_arrays(cache, key)) is not None:
        return stored["sizes"], []
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(_size_or_fault, (folder / name for name in names)))
    faults = [entry for entry in found if isinstance(entry, str)]
    sizes = np.array([(0, 0) if isinstance(entry, str) else entry for entry in found], np.int64)
    if not faults:  # repairing a file in place would not change the state of its folder
        keep_arrays(cache, key, {"sizes": sizes})
    return sizes, faults


def _size_or_fault(path: Path) -> tuple[int, int] | str:
    try:
        return turned_size(path)
    except InputError as error:
        return str(error)

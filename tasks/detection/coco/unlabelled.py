"""Photographs without boxes, for a student that learns from a teacher alone."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.detection.coco.cache import cache_file, file_state, write_cache
from tasks.detection.coco.index import CocoIndex
from tasks.images.headers import turned_size
from tasks.images.listing import images_below

THREADS = 16  # reading the ends of every file is bound by the disk, not by the processor


def require_photographs(folder: Path) -> None:
    """Check that the folder exists; looks at nothing else.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            f"data.unlabelled: {folder.absolute()} is no folder; name a folder of photographs, "
            "inside data.root or by its whole path, or data.unlabelled=null to train on the "
            "annotated ones"
        )


def load_unlabelled(folder: Path, like: CocoIndex, cache_dir: Path) -> CocoIndex:
    """All photographs in a folder and below as a data set without boxes.

    Args:
        folder: of the photographs; hidden files are left out.
        like: any set with these categories, which the result takes over.
        cache_dir: folder for the sizes, which are read again only if a file is new or has changed.

    Raises:
        InputError: no such folder, no image in it, or files that cannot be read.
    """
    require_photographs(folder)
    files = images_below(folder)
    if not files:
        raise InputError(
            f"data.unlabelled: there is no image in {folder.absolute()}; name the folder of your "
            "photographs"
        )
    names = [os.fsdecode(file) for file in files]
    sizes = cached_sizes(folder, names, cache_dir)
    return replace(
        like.take(np.zeros(0, np.int64)),
        folders=(str(folder),),
        folder=np.zeros(len(files), np.int64),
        file_names=np.array(files),
        image_ids=np.arange(1, len(files) + 1),
        heights=sizes[:, 0],
        widths=sizes[:, 1],
        offsets=np.zeros(len(files) + 1, np.int64),
    )


def cached_sizes(folder: Path, names: list[str], cache_dir: Path) -> np.ndarray:
    """(height, width) of each picture as it is turned, int64[N, 2].

    Raises:
        InputError: names the files that cannot be read.
    """
    cache = cache_file(folder, cache_dir, ".sizes")
    parents = sorted({(folder / name).parent for name in names})
    key = json.dumps([file_state(*parents), names])
    try:
        with np.load(cache, allow_pickle=False) as stored:
            if str(stored["key"]) == key:
                return np.asarray(stored["sizes"])
    except (OSError, ValueError, KeyError, EOFError):
        pass  # not read yet, or damaged
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(_size_or_fault, (folder / name for name in names)))
    faults = [entry for entry in found if isinstance(entry, str)]
    if faults:
        raise InputError(
            f"data.unlabelled: {len(faults):,} of the {len(names):,} photographs in {folder} "
            f"cannot be read: {listed_briefly(faults)}. Get them again, or move them away"
        )
    sizes = np.array(found, np.int64)
    write_cache(cache, lambda file: np.savez(file, key=np.array(key), sizes=sizes))
    return sizes


def _size_or_fault(path: Path) -> tuple[int, int] | str:
    try:
        return turned_size(path)
    except InputError as error:
        return str(error)

"""Check the image files of a set before training: each exists, is complete and has its size."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from backbone.files import keep
from backbone.npz import NPZ_ERRORS, read_npz
from tasks.data.cache import cache_file, file_state, write_file
from tasks.data.checking import ways_on
from tasks.detection.coco.index import CocoIndex, decoded
from tasks.images.headers import look_at, turned
from tasks.images.names import Folder, match_names, split

ABSENT, UNREADABLE, RESIZED = "missing", "unreadable", "not of the annotated size"

Faults = dict[int, tuple[str, str]]  # image -> one of the three kinds, and what is wrong


def check_images(
    index: CocoIndex, annotations: Path, cache_dir: Path, skip: bool = False
) -> tuple[CocoIndex, dict[str, int]]:
    """Find the image files of a freshly loaded data set, and check that all can be trained on.

    A set that has passed is not checked again until a folder or its annotation file changes.

    Args:
        index: the data set, of one folder.
        annotations: the file that it was read from.
        cache_dir: keeps the results.
        skip: leave out images that cannot be used, rather than stop.

    Returns:
        The data set with the actual names of the files, and with the sizes of images for which the
        annotations give none; and how many images were left out, by kind.

    Raises:
        InputError: image files are missing, cannot be read or are not those that were annotated.
    """
    passed = cache_file(Path(index.folders[0], annotations.name), cache_dir, ".images")
    stored = _passed(passed, index, annotations)
    if stored is not None:
        return replace(index, **dict[str, Any](stored)), {}
    found, faults, parents = inspect(index)
    if not faults:
        content: dict[str, Any] = {key: getattr(found, key) for key in STORED}
        content["parents"] = np.array([str(parent) for parent in parents])
        content["state"] = _state(index, annotations, parents)
        keep(passed, lambda path: write_file(path, lambda file: np.savez(file, **content)))
        return found, {}
    kept = np.setdiff1d(np.arange(len(index)), list(faults))
    if not skip or not len(kept):
        raise InputError(_complaint(index, annotations, faults, skip))
    return found.take(kept), counted(faults)


STORED = ("file_names", "heights", "widths")


def counted(faults: Faults) -> dict[str, int]:
    """The number of images with each kind of fault; only kinds that occur."""
    kinds = [kind for kind, _ in faults.values()]
    return {kind: kinds.count(kind) for kind in (ABSENT, UNREADABLE, RESIZED) if kind in set(kinds)}


def inspect(index: CocoIndex) -> tuple[CocoIndex, Faults, list[Path]]:
    """Check every image file of a data set with one folder.

    Returns:
        The data set with the files' names and sizes; the unusable images, in order; and the
        folders that contain the files.
    """
    root = index.folders[0]
    names = [decoded(name) for name in index.file_names.tolist()]
    files, missing = match_names(Folder(root), names)
    faults: Faults = {i: (ABSENT, reason) for i, reason in missing.items()}
    rest = np.setdiff1d(np.arange(len(names)), list(missing))
    looks = look_at([Path(root, files[i]) for i in rest])
    heights, widths = index.heights.copy(), index.widths.copy()
    for i, seen in zip(rest.tolist(), looks, strict=True):
        if seen.fault is not None:
            faults[i] = (UNREADABLE, seen.fault)
            continue
        annotated = int(widths[i]), int(heights[i])
        if annotated == (seen.width, seen.height):
            continue
        # annotation tools saw the picture either turned or as stored
        shown = (seen.width, seen.height)
        if annotated in ((0, 0), shown[::-1]) and turned(Path(root, files[i])):
            shown = shown[::-1]
        if annotated == (0, 0):
            widths[i], heights[i] = shown
        elif annotated != shown:
            faults[i] = (
                RESIZED,
                f"the file is {seen.width} x {seen.height} pixels (width x height), but annotated "
                f"as {annotated[0]} x {annotated[1]}",
            )
    names_found = np.array([file.encode(errors="surrogateescape") for file in files], "S")
    parents = sorted({Path(root, split(files[i])[0]) for i in rest.tolist()})
    found = replace(index, file_names=names_found, heights=heights, widths=widths)
    return found, dict(sorted(faults.items())), parents


def _state(index: CocoIndex, annotations: Path, parents: list[Path]) -> str:
    """A text that changes with the files of a data set, or with what is said about them."""
    said = hashlib.sha256()
    for key in STORED:
        said.update(getattr(index, key).tobytes())
    return file_state(annotations, *parents) + said.hexdigest()


def _passed(cache: Path, index: CocoIndex, annotations: Path) -> dict[str, np.ndarray] | None:
    """The results of an earlier check, if nothing has changed since."""
    try:
        arrays = read_npz(cache)
        parents = [Path(parent) for parent in arrays["parents"].tolist()]
        if str(arrays["state"]) == _state(index, annotations, parents):
            return {key: arrays[key] for key in STORED}
    except NPZ_ERRORS:
        pass  # not checked yet, a folder has disappeared, or the cache is damaged
    return None


def _complaint(index: CocoIndex, annotations: Path, faults: Faults, skip: bool) -> str:
    folder = Path(index.folders[0])
    names = {i: decoded(index.file_names[i]) for i in faults}
    absent = {folder / split(name)[0] for i, name in names.items() if faults[i][0] == ABSENT}
    absent = {parent for parent in absent if not parent.is_dir()}
    if absent and counted(faults) == {ABSENT: len(faults)}:
        return (
            f"{annotations} names images in folders that do not exist: "
            f"{listed_briefly(sorted(map(str, absent)))}; check the paths, or name the folder that "
            "holds the images: data.train_images, data.val_images"
        )
    counts = counted(faults)
    listed = [f"id {index.image_ids[i]} {names[i]} ({faults[i][1]})" for i in faults]
    verbs = {
        ABSENT: ("is missing", "are missing"),
        UNREADABLE: ("cannot be read", "cannot be read"),
        RESIZED: (f"is {RESIZED}", f"are {RESIZED}"),
    }
    lines = " and ".join(number_of(count, *verbs[kind]) for kind, count in counts.items())
    advice = ways_on(skip)
    if annotations.suffix == ".json" and not skip:
        advice += (
            ". Or write an annotation file without them, to replace this one: "
            f"python -m tasks.detection.coco.audit {annotations} {folder} CLEANED.json"
        )
    return (
        f"{folder}: of the {number_of(len(index), 'image')} of {annotations}, {lines}: "
        f"{listed_briefly(listed)}. {advice}"
    )

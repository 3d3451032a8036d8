"""Image files in a folder and below: which of many are missing, and all there are."""

import os
from collections.abc import Sequence
from pathlib import Path

from tasks.images.files import SUFFIXES


def absent(folder: Path, files: Sequence[bytes]) -> list[int]:
    """Which of these files, given as paths relative to the folder, are missing: their positions.

    Each folder is listed once, because looking at 200,000 files one by one takes minutes on a
    network disk.
    """
    listings: dict[bytes, set[bytes]] = {}
    missing = []
    for i, file in enumerate(files):
        place, _, name = file.rpartition(b"/")
        if place not in listings:
            inside = os.path.join(os.fsencode(folder), place)
            listings[place] = set(os.listdir(inside)) if os.path.isdir(inside) else set()
        if name not in listings[place]:
            missing.append(i)
    return missing


def images_below(folder: Path) -> list[bytes]:
    """Paths in the folder of all image files in it and below, sorted; hidden ones left out."""
    found, top = [], os.fsencode(folder)
    suffixes = tuple(os.fsencode(suffix) for suffix in SUFFIXES)
    for place, folders, names in os.walk(top, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(b".")]
        prefix = b"" if place == top else os.path.relpath(place, top) + b"/"
        found += [
            prefix + name
            for name in names
            if not name.startswith(b".") and name.lower().endswith(suffixes)
        ]
    return sorted(found)

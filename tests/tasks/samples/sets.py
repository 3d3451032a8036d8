"""Every drawn set, as small as the tests can do with."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from tasks.samples import coco, dogs, faces, imagenet, places


class DrawnSet(NamedTuple):
    module: ModuleType
    draw: Callable[..., None]
    small: dict[str, Any]
    """Options of a small set."""
    impossible: list[dict[str, Any]]
    """Options that are refused in place of these."""


SETS = {
    "coco": DrawnSet(
        coco,
        coco.draw_coco,
        {"train": 6, "val": 3, "size": (96, 72), "workers": 1},
        [{"train": 0}, {"val": 0}, {"size": (320, 20)}],
    ),
    "dogs": DrawnSet(
        dogs,
        dogs.draw_dogs,
        {"train": 30, "val": 12, "size": (72, 64), "workers": 1},
        [{"train": 11}, {"val": 11}, {"size": (200, 60)}],
    ),
    "faces": DrawnSet(
        faces,
        faces.draw_faces,
        {"train": 12, "val": 5, "test": 5, "people": 20, "size": (89, 109), "workers": 1},
        [{"train": 0}, {"test": 0}, {"people": 10}, {"people": 25}, {"size": (178, 60)}],
    ),
    "imagenet": DrawnSet(
        imagenet,
        imagenet.draw_imagenet,
        {"train": 30, "val": 26, "size": (72, 64), "workers": 1},
        [{"train": 23}, {"val": 23}, {"size": (60, 200)}],
    ),
    "places": DrawnSet(
        places,
        places.draw_places,
        {"train": 15, "val": 6, "size": (72, 64), "workers": 1},
        [{"train": 0}, {"val": 0}, {"size": (200, 60)}],
    ),
}


def digests(root: Path) -> dict[str, str]:
    """Of the content of each file; the head of a Matlab file is the time at which it was made."""
    return {
        str(path.relative_to(root)): hashlib.sha256(
            path.read_bytes()[128 if path.suffix == ".mat" else 0 :]
        ).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }

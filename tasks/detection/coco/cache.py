"""A cache of parsed annotation files, valid until the file changes."""

from pathlib import Path

import numpy as np

from tasks.data.cache import cache_file, cached_arrays, file_state
from tasks.detection.coco.json_file import parse_instances


def cached_instances(path: Path, cache_dir: Path) -> dict[str, np.ndarray]:
    """`parse_instances`, from a cache if the file has not changed since the cache was written.

    A missing, damaged or outdated cache is written again. If it cannot be written, a warning says
    so.
    """
    if not path.is_file():
        return parse_instances(path)  # it raises the error
    cache = cache_file(path, cache_dir, ".npz")
    return cached_arrays(cache, file_state(path), lambda: parse_instances(path))

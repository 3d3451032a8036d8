"""A cache of parsed annotation files, valid until the file changes."""

from pathlib import Path

import numpy as np

from tasks.data.cache import cache_file, file_state, keep_arrays, read_arrays
from tasks.detection.coco.json_file import parse_instances


def cached_instances(path: Path, cache_dir: Path) -> dict[str, np.ndarray]:
    """`parse_instances`, from a cache if the file has not changed since the cache was written.

    A missing, damaged or outdated cache is written again. Where it cannot be written, a warning
    says so.
    """
    if not path.is_file():
        return parse_instances(path)  # it raises the error
    key, cache = file_state(path), cache_file(path, cache_dir, ".npz")
    arrays = read_arrays(cache, key)
    if arrays is None:
        arrays = parse_instances(path)
        keep_arrays(cache, key, arrays)
    return arrays

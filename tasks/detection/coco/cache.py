"""A cache of parsed annotation files, valid until the file changes."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from backbone.files import keep, write_atomically
from tasks.detection.coco.json_file import parse_instances

FORMAT = 2  # increase it whenever the arrays of parse_instances change


def cached_instances(path: Path, cache_dir: Path) -> dict[str, np.ndarray]:
    """`parse_instances`, from a cache if the file has not changed since the cache was written.

    A missing, damaged or outdated cache is written again. Where it cannot be written, a warning
    says so.
    """
    if not path.is_file():
        return parse_instances(path)  # it raises the error
    key = file_state(path)
    cache = cache_file(path, cache_dir, ".npz")
    try:
        with np.load(cache, allow_pickle=False) as stored:
            arrays = dict(stored)
        if str(arrays.pop("key")) == key:
            return arrays
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
        pass  # no cache yet, or one that is damaged: these are what numpy and zipfile raise
    arrays = parse_instances(path)
    stored_arrays: dict[str, Any] = {"key": key, **arrays}
    write_cache(cache, lambda file: np.savez(file, **stored_arrays))
    return arrays


def file_state(*paths: Path) -> str:
    """A text that changes when a file is written to, or a folder gains or loses an entry."""
    rows = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return json.dumps([FORMAT, *rows])


def cache_file(path: Path, cache_dir: Path, suffix: str) -> Path:
    """The cache file of `path`: always the same one, so that outdated ones do not accumulate."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    return cache_dir / f"{path.stem}-{digest}{suffix}"


def write_file(path: Path, content: Callable[[BinaryIO], object]) -> None:
    """Let `content` write a file, which appears at `path` only when it is complete."""
    with write_atomically(path) as partial, partial.open("wb") as file:
        content(file)


def write_cache(path: Path, content: Callable[[BinaryIO], object]) -> None:
    """`write_file`; where the file cannot be written a warning says so, and the run goes on."""
    keep(path, lambda path: write_file(path, content))

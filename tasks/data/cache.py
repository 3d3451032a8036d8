"""Facts about files, kept in the cache folder until the files change."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from backbone.files import keep, write_atomically
from backbone.npz import NPZ_ERRORS, read_npz

FORMAT = 4  # increase it whenever the content of a cache changes


def file_state(*paths: Path) -> str:
    """A text that changes when a file is written to, or a folder gains or loses an entry."""
    rows = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return json.dumps([FORMAT, *rows])


def files_state(files: Iterable[tuple[str, os.stat_result]], *said: object) -> str:
    """A text that changes when one of many files is written to, or when `said` changes.

    Args:
        files: paths, and the results of `os.stat` for them.
        said: any values whose `repr` is their content.
    """
    digest = hashlib.sha256(repr([FORMAT, *said]).encode(errors="surrogateescape"))
    for path, status in files:
        row = f"{path}\0{status.st_size} {status.st_mtime_ns}\0"
        digest.update(row.encode(errors="surrogateescape"))
    return digest.hexdigest()


def cache_file(path: Path, cache_dir: Path, suffix: str) -> Path:
    """The cache file of `path`, always the same one, so that outdated ones do not accumulate."""
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
    return cache_dir / f"{path.stem}-{digest}{suffix}"


def read_arrays(cache: Path, key: str) -> dict[str, np.ndarray] | None:
    """The arrays that were kept under a key; None if there are none, or those of another key."""
    try:
        arrays = read_npz(cache)
        return arrays if str(arrays.pop("key")) == key else None
    except NPZ_ERRORS:
        return None


def cached_arrays(
    cache: Path, key: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The arrays that were kept under a key; if there are none, new ones, which are then kept."""
    arrays = read_arrays(cache, key)
    if arrays is None:
        arrays = make()
        keep_arrays(cache, key, arrays)
    return arrays


def keep_arrays(cache: Path, key: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep arrays under a key; if they cannot be written, a warning says so."""
    content: dict[str, Any] = {"key": key, **arrays}
    keep(cache, lambda path: write_file(path, lambda file: np.savez(file, **content)))


def write_file(path: Path, content: Callable[[BinaryIO], object]) -> None:
    """Let `content` write a file, which appears at `path` once it is complete."""
    with write_atomically(path) as partial, partial.open("wb") as file:
        content(file)

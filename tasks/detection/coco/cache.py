"""What was found out about an annotation file, kept until the file changes."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from backbone.files import write_atomically
from tasks.detection.coco.json_file import parse_instances

FORMAT = 1  # one more whenever the arrays of parse_instances change


def cached_instances(path: Path, cache_dir: Path) -> dict[str, np.ndarray]:
    """`parse_instances`, read from its cache if the file is as it was when that was written.

    A missing, damaged or outdated cache is written anew.
    """
    if not path.is_file():
        return parse_instances(path)  # which says what is wrong
    key = state(path)
    cache = cache_file(path, cache_dir, ".npz")
    try:
        with np.load(cache, allow_pickle=False) as stored:
            arrays = dict(stored)
        if str(arrays.pop("key")) == key:
            return arrays
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
        pass  # none yet, or damaged: these are what numpy and zipfile raise then
    arrays = parse_instances(path)
    write(cache, lambda file: np.savez(file, key=key, **arrays))
    return arrays


def state(*paths: Path) -> str:
    """Text that changes when a file is written to, or a folder gains or loses an entry."""
    rows = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return json.dumps([FORMAT, *rows])


def cache_file(path: Path, cache_dir: Path, suffix: str) -> Path:
    """Name the cache of `path`: always the same one, so that outdated ones do not pile up."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    return cache_dir / f"{path.stem}-{digest}{suffix}"


def write(path: Path, content: Callable[[BinaryIO], object]) -> None:
    """Let `content` fill a file that appears at `path` only when it is whole."""
    with write_atomically(path) as partial, partial.open("wb") as file:
        content(file)

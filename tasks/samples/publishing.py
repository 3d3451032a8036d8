"""Draws a set in several processes and publishes it once, complete or not at all.

`sample.json` in its folder records what was drawn, so that a second call has nothing to do.
"""

import json
import logging
import multiprocessing
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from backbone.errors import InputError
from backbone.files import hold, make_folder, naming_what_was_written
from tasks.runs.processes import usable_cores

STAMP = "sample.json"
_FEW = 64  # pictures that one process draws before others have started

Record = dict[str, Any]
T = TypeVar("T")


def publish(
    root: Path | str, name: str, stamp: Record, draw_set: Callable[[Path], None], classes: int = 1
) -> None:
    """Have `draw_set` draw into a fresh folder and move it to `root`, unless it is there already.

    `name` is the set's name in messages. `stamp` says what is drawn: `sample`, its `version`,
    `seed`, counts and `size`. The set is moved to `root` in one step once it is complete. An older
    drawing of the same sample is replaced; anything else is left alone. Each of the train and
    validation splits needs at least `classes` pictures.

    Raises:
        InputError: `root` holds something else or cannot be written, a split has fewer than
            `classes` pictures, or a side of the pictures is below 64 pixels.
    """
    root = Path(root).absolute()
    if min(stamp["train"], stamp["val"]) < classes:
        least = "one picture each" if classes == 1 else f"{classes} pictures each, one per class"
        raise InputError(f"train={stamp['train']}, val={stamp['val']}: ask for at least {least}.")
    if min(stamp["size"]) < 64:
        raise InputError(f"size={stamp['size']}: ask for a width and height of at least 64 pixels.")
    if _drawn(root, name, stamp) == stamp:
        return
    count = sum(stamp.get(split, 0) for split in ("train", "val", "test"))
    logging.getLogger(__name__).info("Drawing %d pictures into %s; this happens once.", count, root)
    make_folder(root.parent)
    _remove_leftovers(root)
    fresh = root.with_name(f".{root.name}-{uuid.uuid4().hex[:12]}")  # a sibling: atomic to move
    claim = fresh.with_name(f"{fresh.name}.lock")
    lock = hold(claim)
    try:
        with naming_what_was_written(root, within=fresh):
            draw_set(fresh)
            (fresh / STAMP).write_text(json.dumps(stamp) + "\n")
            _move(fresh, root, name, stamp)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        claim.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


def _remove_leftovers(root: Path) -> None:
    """Remove what killed processes had drawn for `root`; a living one holds the lock of its own."""
    drawing = re.compile(rf"\.{re.escape(root.name)}-[0-9a-f]{{12}}\.lock")
    for claim in root.parent.iterdir():
        if drawing.fullmatch(claim.name) and (lock := hold(claim)) is not None:
            fresh = claim.with_suffix("")
            for folder in (fresh, fresh.with_name(f"{fresh.name}-old")):
                shutil.rmtree(folder, ignore_errors=True)
            claim.unlink(missing_ok=True)
            os.close(lock)


def _drawn(root: Path, name: str, stamp: Record) -> Record | None:
    """Return the stamp of the finished set at `root`; None if there is nothing yet."""
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return None
    with suppress(OSError, ValueError):  # no stamp, or not one of ours
        found = json.loads((root / STAMP).read_text())
        if isinstance(found, dict) and found.get("sample") == stamp["sample"]:
            return found
    raise InputError(
        f"{root} holds something other than a drawn {name} sample. "
        "Name a new or empty folder for the sample, or move its content elsewhere."
    )


def _move(fresh: Path, root: Path, name: str, stamp: Record) -> None:
    """Move a finished set to `root`, unless another process has just put the same set there."""
    found = _drawn(root, name, stamp)
    if found == stamp:
        return
    stale = fresh.with_name(fresh.name + "-old")
    if found is not None:
        with suppress(FileNotFoundError):  # another process may be replacing it too
            os.rename(root, stale)
    try:
        os.rename(fresh, root)
    except OSError:  # another process has filled it since
        if _drawn(root, name, stamp) != stamp:
            raise
    shutil.rmtree(stale, ignore_errors=True)


def draw_all(
    draw_one: Callable[..., T], jobs: list[tuple[Any, ...]], workers: int | None
) -> Iterator[T]:
    """Yield `draw_one(*job)` for each job, in order, drawn by `workers` processes.

    By default there is one process per core, at most 8; fewer than 64 pictures are drawn in the
    calling process. The processes are spawned, so a script that calls this needs the usual
    `if __name__ == "__main__"` guard.
    """
    if workers is None:
        workers = 1 if len(jobs) < _FEW else min(usable_cores(), 8)
    if workers == 1:
        yield from (draw_one(*job) for job in jobs)
        return
    # spawned, not forked: the caller may run threads (torch's), and a fork would copy their locks
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(draw_one, *zip(*jobs, strict=True), chunksize=16)

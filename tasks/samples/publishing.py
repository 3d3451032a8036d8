"""How a drawn set appears: once, whole or not at all, drawn by a process a core.

`sample.json` in its folder says what was drawn, so that a second call has nothing to do.
"""

import json
import logging
import multiprocessing
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from backbone.errors import InputError

STAMP = "sample.json"
_FEW = 64  # pictures that one process draws sooner than others start

Record = dict[str, Any]
T = TypeVar("T")


def publish(
    root: Path | str,
    name: str,
    stamp: Record,
    draw_set: Callable[[Path], None],
    classes: int = 1,
) -> None:
    """Have `draw_set` draw into a fresh folder and move it to `root`, unless the set is there.

    `name` is for people; `stamp` says what is drawn: `sample`, its `version`, `seed`, counts and
    `size`. The set appears under `root` in one move when it is complete; an older drawing of the
    same sample is replaced, anything else is never touched. `classes` pictures are the least.

    Raises:
        InputError: `root` holds something else, or a count or size is not possible.
    """
    root = Path(root).absolute()
    if min(stamp["train"], stamp["val"]) < classes:
        least = "one picture" if classes == 1 else f"{classes} pictures, one a class,"
        raise InputError(
            f"train={stamp['train']}, val={stamp['val']}: draw at least {least} for each."
        )
    if min(stamp["size"]) < 64:
        raise InputError(f"size={stamp['size']}: a picture needs at least 64 pixels each way.")
    if _drawn(root, name, stamp) == stamp:
        return
    count = sum(stamp.get(split, 0) for split in ("train", "val", "test"))
    logging.getLogger(__name__).info("Drawing %d pictures into %s, once.", count, root)
    fresh = root.with_name(f".{root.name}-{uuid.uuid4().hex[:12]}")  # a sibling: the move is atomic
    try:
        draw_set(fresh)
        (fresh / STAMP).write_text(json.dumps(stamp) + "\n")
        _move(fresh, root, name, stamp)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _drawn(root: Path, name: str, stamp: Record) -> Record | None:
    """Return the stamp of the finished set at `root`; None where there is nothing yet."""
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return None
    if (root / STAMP).is_file():
        found = json.loads((root / STAMP).read_text())
        if found.get("sample") == stamp["sample"]:
            return found
    raise InputError(
        f"{root} holds something other than a drawn {name} sample. "
        "Name a new or an empty folder for the sample, or move away what is there."
    )


def _move(fresh: Path, root: Path, name: str, stamp: Record) -> None:
    """Move a finished set to `root`; where another process was first with the same, keep that."""
    found = _drawn(root, name, stamp)
    if found == stamp:
        return
    stale = fresh.with_name(fresh.name + "-old")
    if found is not None:
        with suppress(FileNotFoundError):  # another process may be replacing it as well
            os.rename(root, stale)
    try:
        os.rename(fresh, root)
    except OSError:  # filled since
        if _drawn(root, name, stamp) != stamp:
            raise
    shutil.rmtree(stale, ignore_errors=True)


def draw_all(
    draw_one: Callable[..., T], jobs: list[tuple[Any, ...]], workers: int | None
) -> Iterator[T]:
    """Call `draw_one` with the arguments of each job, in order, in `workers` processes.

    By default one a core, 8 at most, and a few pictures are drawn right here. They are spawned, so
    a script that calls this needs the usual `if __name__ == "__main__"`.
    """
    if workers is None:
        workers = 1 if len(jobs) < _FEW else min(_cores(), 8)
    if workers == 1:
        yield from (draw_one(*job) for job in jobs)
        return
    # spawned, not forked: the caller may run threads (torch's), and a fork would copy their locks
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(draw_one, *zip(*jobs, strict=True), chunksize=16)


def _cores() -> int:
    """How many cores this process may use, which a container or a job limits."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

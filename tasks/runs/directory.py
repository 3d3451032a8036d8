"""The run directory: one folder a configuration, which a repeated command finds again.

    runs/<task>/<short name>-<8 hex of the resolved configuration>/
        config.yaml  status.json  metrics.csv  last.ckpt  best.ckpt  result.json  plots/

Every file appears whole: it is written to a temporary name and renamed.
"""

import copy
import errno
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from backbone.files import (
    PARTIAL,
    WriteError,
    make_folder,
    naming_what_was_written,
    write_atomically,
)
from tasks.runs.names import at, named
from tasks.runs.processes import is_main_process
from tasks.runs.result import read_result

# Keys without influence on the result: the same run, whatever they are.
NO_INFLUENCE = (
    "fresh",
    "trust",
    "paths",
    "data.workers",
    "data.module.workers",
    "data.module.cache",
    "trainer.enable_progress_bar",
    "trainer.checkpoint_minutes",
)


def write_whole(path: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it."""
    with write_atomically(path) as partial:
        partial.write_text(text)


def short_name(config: DictConfig) -> str:
    """What tells runs of a task apart at a glance: trunk, alpha, size, mode."""
    trunk = config.backbone.get("name") or config.backbone._target_.rpartition(".")[2]
    size = config.size if isinstance(config.size, int) else "x".join(map(str, config.size))
    parts = [
        trunk,
        config.backbone.get("alpha"),
        size,
        None if config.mode == "full" else config.mode,
    ]
    return "-".join(str(part) for part in parts if part is not None).lower()


def influential(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration, in plain values, without the keys that have no influence on the result."""
    left = copy.deepcopy(dict(config))
    for key in NO_INFLUENCE:
        *parents, leaf = key.split(".")
        parent = at(left, parents)
        if isinstance(parent, dict):
            parent.pop(leaf, None)
    return left


def fingerprint(config: DictConfig) -> str:
    """Eight hex digits of everything in a resolved configuration that can change the result."""
    plain = influential(OmegaConf.to_container(config))  # type: ignore[arg-type]
    # by names: a module that moves is still the same run's
    text = json.dumps(named(plain), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def set_aside(path: Path) -> None:
    """Rename what cannot be used to `NAME.damaged`, and say so on stderr."""
    for number in itertools.count(1):
        aside = path.with_name(f"{path.name}.damaged{'' if number == 1 else f'-{number}'}")
        if not os.path.lexists(aside):
            break
    with naming_what_was_written(path):
        path.rename(aside)
    print(f"warning: {path} is damaged: it is set aside as {aside.name}", file=sys.stderr)


class RunDirectory:
    """The folder of one configuration's run.

    Args:
        config: resolved; names the folder.
    """

    def __init__(self, config: DictConfig):
        name = f"{short_name(config)}-{fingerprint(config)}"
        self.config = config
        self.path = Path(config.paths.runs) / config.task.name / name
        self.last, self.best = self.path / "last.ckpt", self.path / "best.ckpt"
        self.plots = self.path / "plots"

    def result(self) -> dict[str, Any] | None:
        """What a finished run reported; None where none has finished.

        Raises:
            InputError: result.json is damaged.
        """
        return read_result(self.path / "result.json")

    def state(self) -> str | None:
        """What `status` last said of the run; None before it began, or where that is damaged."""
        try:
            return str(json.loads((self.path / "status.json").read_text())["state"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None

    def finish(self, result: dict[str, Any]) -> None:
        """Write the result; from now on the run is finished."""
        write_whole(self.path / "result.json", json.dumps(result, indent=2) + "\n")

    def status(self, state: str, **facts: Any) -> None:
        """Say in status.json how the run stands: running, finished, interrupted or failed."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        facts = {"state": state, "updated": now, "pid": os.getpid(), **facts}
        write_whole(self.path / "status.json", json.dumps(facts, indent=2) + "\n")

    @contextmanager
    def open(self, fresh: bool) -> Iterator[None]:
        """Hold the folder while a run is in it; leave the right status behind, whatever happens.

        The main process holds it for all of the run's processes. Of them the first to fail goes on
        with its error, and the others, which fail because of it, end without a word.

        Args:
            fresh: remove what an earlier run left.

        Raises:
            InputError: another process is running in it, or it cannot be written to.
        """
        if not is_main_process():
            with self.told_once():
                yield
            return
        with self.locked():
            with naming_what_was_written(self.path):
                self.clear(fresh)
            self.repair()
            write_whole(self.path / "config.yaml", OmegaConf.to_yaml(self.config))
            self.status("running")
            with self.told_once():
                yield
            self.status("finished")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and keep other processes out of it."""
        make_folder(self.path)
        with naming_what_was_written(self.path):
            lock = (self.path / ".lock").open("w")
        with lock:
            try:
                # lockf, not flock: loader processes that outlive a killed run by some seconds would
                # inherit the latter, and keep the folder shut
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EAGAIN):
                    reason = "another process is running this very run"
                else:
                    reason = (
                        f"it cannot be locked ({error.strerror}): set paths.runs to a folder on "
                        "another file system"
                    )
                raise InputError(f"{self.path}: {reason}") from error
            yield

    def clear(self, fresh: bool) -> None:
        """Remove what killed processes left half-written; all that there is for a fresh start."""
        stale = [*self.path.rglob(f".*{PARTIAL}"), *self.path.glob(".failed")]
        for path in self.path.iterdir() if fresh else stale:
            if path.name != ".lock":
                folder = path.is_dir() and not path.is_symlink()
                shutil.rmtree(path) if folder else path.unlink()

    def repair(self) -> None:
        """Set aside what stands where a run writes its record and loses nothing by it.

        Raises:
            InputError: a folder stands in the place of a checkpoint.
        """
        for name in ("config.yaml", "status.json", "metrics.csv"):
            path = self.path / name
            if path.exists() and not path.is_file():
                set_aside(path)
        if self.plots.exists() and not self.plots.is_dir():
            set_aside(self.plots)
        for path in (self.last, self.best):
            if path.exists() and not path.is_file():
                raise InputError(
                    f"{path} is no file, but a checkpoint belongs there: move it away, and the "
                    "same command goes on without it"
                )

    @contextmanager
    def told_once(self) -> Iterator[None]:
        """Let the first of the run's processes that fails write the status; end the others."""
        try:
            yield
        except BaseException as error:
            if not self.first_to_fail():
                sys.exit(2)
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            with suppress(WriteError):  # a full disk may be what it failed of
                self.status("interrupted" if stopped else "failed", error=str(error)[:2000])
            raise

    def first_to_fail(self) -> bool:
        """Whether no other of the run's processes has failed before this one.

        It keeps `.failed` locked until it is gone, and so has said all that it has to say.
        """
        try:
            descriptor = os.open(self.path / ".failed", os.O_RDWR | os.O_CREAT)  # left to the exit
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_size:
                return False
            os.write(descriptor, f"{os.getpid()}\n".encode())
        except OSError:  # nothing can be written there
            pass
        return True

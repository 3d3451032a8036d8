"""The run directory: one folder per configuration, which a repeated command finds again.

    runs/<task>/<short name>-<8 hex of the resolved configuration>/
        config.yaml  status.json  metrics.csv  last.ckpt  best.ckpt  result.json  resamples.npz
        card.md  plots/

Every file appears complete: it is written under a temporary name and renamed.
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
from tasks.runs.names import at, without_paths
from tasks.runs.parts import PARTS
from tasks.runs.plain_files import json_in
from tasks.runs.processes import is_main_process
from tasks.runs.result import read_result, result_text

# Keys that do not influence the result, and so do not make another run.
NO_INFLUENCE = (
    "fresh",
    "extend",  # at this point it has been added to trainer.max_epochs
    "trust",
    "logger",
    "paths",
    "data.workers",
    "data.module.workers",
    "data.module.cache",
    "trainer.enable_progress_bar",
    "trainer.checkpoint_minutes",
)
# Options that version 0.1.0 did not have, with the values that keep its behaviour: a run with these
# values has the same directory as before.
SINCE_0_1_0 = {
    "task.head.weights": None,
    "data.keep_classes": False,
    "early_stop": {"patience": None},
    "optimizer.freeze_trunk": False,
    "resume": "auto",
    "data.module.balance": 0.0,  # listed before the one that it repeats
    "data.balance": 0.0,
    "task.module.class_weights": None,
    "task.module.focal": 0.0,
    "task.module.monitor": "top1",
    "task.module.positive_weights": None,
    "task.module.cutmix": 0.0,
    "task.module.mosaic": 0.0,
    "task.module.mosaic_until": 0.9,
    "data.module.scale_jitter": None,  # listed before the one that it repeats
    "data.scale_jitter": None,
    "preprocess.operations": 0,
    "preprocess.magnitude": 9.0,
    "preprocess.erase": 0.0,
    "trainer.benchmark": True,  # another speed, on a GPU only
}


def write_whole(path: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it.

    Bytes of a file name that are not valid text are written as escapes.
    """
    with write_atomically(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")


def short_name(config: DictConfig) -> str:
    """A readable name for a run: trunk, variant, alpha, size and mode."""
    trunk = config.backbone.get("name") or config.backbone._target_.rpartition(".")[2]
    size = config.size if isinstance(config.size, int) else "x".join(map(str, config.size))
    parts = [
        trunk,
        config.backbone.get("variant"),
        config.backbone.get("alpha"),
        size,
        None if config.mode == "full" else config.mode,
    ]
    return "-".join(str(part) for part in parts if part is not None).lower()


def influential(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration, in plain values, without the keys that do not influence the result."""
    left = copy.deepcopy(dict(config))
    if left.get("resume") == "none":
        left["resume"] = "auto"  # an existing run is continued with any value
    for key in NO_INFLUENCE:
        *parents, leaf = key.split(".")
        parent = at(left, parents)
        if isinstance(parent, dict):
            parent.pop(leaf, None)
    for key, earlier in SINCE_0_1_0.items():
        *parents, leaf = key.split(".")
        parent = at(left, parents)
        if isinstance(parent, dict) and leaf in parent and parent[leaf] == earlier:
            del parent[leaf]
    for name, part in left.get(PARTS, {}).items():  # if it is a joint task
        left[PARTS][name] = influential(part)
    return left


def fingerprint(config: DictConfig) -> str:
    """Eight hex digits of everything in a resolved configuration that can change the result."""
    # names instead of paths, so that it stays the same when a module moves
    plain = influential(without_paths(OmegaConf.to_container(config)))
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def is_held(folder: Path) -> bool:
    """Whether a process is working in a run directory; False after one was killed."""
    try:
        with (folder / ".lock").open("r+") as lock:
            fcntl.lockf(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # it is held, or cannot be asked for
        return True
    return False


def set_aside(path: Path) -> None:
    """Rename a damaged file to `NAME.damaged`, and say so on stderr."""
    for number in itertools.count(1):
        aside = path.with_name(f"{path.name}.damaged{'' if number == 1 else f'-{number}'}")
        if not os.path.lexists(aside):
            break
    with naming_what_was_written(path):
        path.rename(aside)
    print(f"warning: {path} is damaged: it was renamed to {aside.name}", file=sys.stderr)


class RunDirectory:
    """The folder of one configuration's run.

    Args:
        config: resolved; the name of the folder is made from it.
    """

    def __init__(self, config: DictConfig):
        name = f"{short_name(config)}-{fingerprint(config)}"
        self.config = config
        self.path = Path(config.paths.runs) / config.task.name / name
        self.last, self.best = self.path / "last.ckpt", self.path / "best.ckpt"
        self.plots = self.path / "plots"

    def result(self) -> dict[str, Any] | None:
        """The result of the finished run; None if it has not finished.

        Raises:
            InputError: result.json is damaged.
        """
        return read_result(self.path / "result.json")

    def state(self) -> str | None:
        """The state that `status` wrote last; None before the run started, or if it is damaged."""
        try:
            return str(json_in(self.path / "status.json")["state"])
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def finish(self, result: dict[str, Any]) -> None:
        """Write the result; the run then counts as finished."""
        write_whole(self.path / "result.json", result_text(result))

    def settle(self, config: DictConfig) -> None:
        """Add to the configuration what was found out while the run was built.

        The folder keeps its name, which stands for the command as it was given.
        """
        if config == self.config:
            return
        self.config = config
        if is_main_process():
            write_whole(self.path / "config.yaml", OmegaConf.to_yaml(config))

    def status(self, state: str, **facts: Any) -> None:
        """Write the run's state to status.json: running, finished, interrupted or failed."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        facts = {"state": state, "updated": now, "pid": os.getpid(), **facts}
        write_whole(self.path / "status.json", json.dumps(facts, indent=2) + "\n")

    @contextmanager
    def open(self, fresh: bool) -> Iterator[None]:
        """Lock the folder for a run, and write its state at the start and at the end.

        The main process holds the lock for all processes of the run. The first process to fail
        raises its error; the others fail because of it, and end silently.

        Args:
            fresh: remove the files of an earlier run.

        Raises:
            InputError: another process is working in the folder, or it cannot be written to.
        """
        if not is_main_process():
            with self._first_error():
                yield
            return
        with self._locked():
            with naming_what_was_written(self.path):
                self._clear(fresh)
            self._repair()
            write_whole(self.path / "config.yaml", OmegaConf.to_yaml(self.config))
            self.status("running")
            with self._first_error():
                yield
            self.status("finished")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Make the folder, and keep other processes out of it."""
        make_folder(self.path)
        with naming_what_was_written(self.path):
            lock = (self.path / ".lock").open("w")
        with lock:
            try:
                # lockf, not flock: loader processes outlive a killed run by some seconds, and would
                # keep an inherited flock
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                reason = "another process is running this run"
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    reason = f"it cannot be locked ({error.strerror}): choose another paths.runs"
                raise InputError(f"{self.path}: {reason}") from error
            yield

    def _clear(self, fresh: bool) -> None:
        """Remove the half-written files of killed processes; for a fresh start, all files."""
        stale = [*self.path.rglob(f".*{PARTIAL}"), *self.path.glob(".failed")]
        for path in list(self.path.iterdir()) if fresh else stale:
            if path.name != ".lock":
                folder = path.is_dir() and not path.is_symlink()
                shutil.rmtree(path) if folder else path.unlink()

    def _repair(self) -> None:
        """Rename anything that is in the place of the run's records, if nothing is lost by it.

        Raises:
            InputError: a folder has the name of a checkpoint.
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
                    f"{path} is not a file, but the run's checkpoint belongs there: move it away, "
                    "and the same command continues without it"
                )

    @contextmanager
    def _first_error(self) -> Iterator[None]:
        """Let only the first process of the run that fails write its state and raise its error."""
        try:
            yield
        except BaseException as error:
            if not is_main_process():
                time.sleep(0.5)  # if the main process was killed, this one is killed now, too
            if not self._is_first_to_fail():
                sys.exit(2)
            ended = isinstance(error, KeyboardInterrupt | SystemExit)  # its text is an exit code
            said = {} if ended else {"error": str(error)[:2000]}
            stopped = ended or isinstance(error, BrokenPipeError)
            with suppress(WriteError):  # the error may be a full disk
                self.status("interrupted" if stopped else "failed", **said)
            raise

    def _is_first_to_fail(self) -> bool:
        """Whether this is the first process of the run to fail.

        The first one holds a lock on `.failed` until it ends. The others wait for it, and exit.
        """
        try:
            descriptor = os.open(self.path / ".failed", os.O_RDWR | os.O_CREAT, 0o666)
            fcntl.lockf(descriptor, fcntl.LOCK_EX)  # held for as long as the process lives
            if os.fstat(descriptor).st_size:
                return False
            os.write(descriptor, f"{os.getpid()}\n".encode())
        except OSError:  # nothing can be written there
            pass
        return True

"""The run directory: one folder per configuration, which a repeated command finds again.

    runs/<task>/<short name>-<8 hex of the resolved configuration>/
        config.yaml  status.json  metrics.csv  last.ckpt  best.ckpt  result.json  plots/

Every file appears complete: it is written under a temporary name and renamed.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError
from backbone.files import write_atomically
from tasks.runs.names import at, without_paths
from tasks.runs.processes import is_main_process

# Keys that do not influence the result, and so do not make it another run.
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
    """A run's name for people: trunk, alpha, size and mode."""
    trunk = config.backbone.get("name") or config.backbone._target_.rpartition(".")[2]
    size = config.size if isinstance(config.size, int) else "x".join(map(str, config.size))
    parts = [
        trunk,
        config.backbone.get("alpha"),
        size,
        None if config.mode == "full" else config.mode,
    ]
    return "-".join(str(part) for part in parts if part is not None).lower()


def fingerprint(config: DictConfig) -> str:
    """Eight hex digits of everything in a resolved configuration that can change the result."""
    # with names in place of paths, so that it stays the same when a module moves
    plain = without_paths(OmegaConf.to_container(config))
    for key in NO_INFLUENCE:
        *parents, leaf = key.split(".")
        node = at(plain, parents)
        if isinstance(node, dict):
            node.pop(leaf, None)
    text = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class RunDirectory:
    """The folder of one configuration's run.

    Args:
        config: resolved; it gives the folder its name.
    """

    def __init__(self, config: DictConfig):
        name = f"{short_name(config)}-{fingerprint(config)}"
        self.config = config
        self.path = Path(config.paths.runs) / config.task.name / name
        self.last, self.best = self.path / "last.ckpt", self.path / "best.ckpt"
        self.plots = self.path / "plots"

    def result(self) -> dict[str, Any] | None:
        """What the finished run reported; None if it has not finished.

        Raises:
            InputError: result.json is damaged.
        """
        path = self.path / "result.json"
        if not path.exists():
            return None
        try:
            result: dict[str, Any] = json.loads(path.read_text())
        except ValueError as error:
            raise InputError(
                f"{path} is damaged ({error}): remove it, or run with fresh=true"
            ) from error
        return result

    def state(self) -> str | None:
        """The run's state as `status` last wrote it; None before it started."""
        path = self.path / "status.json"
        return str(json.loads(path.read_text())["state"]) if path.exists() else None

    def finish(self, result: dict[str, Any]) -> None:
        """Write the result, by which the run counts as finished."""
        write_whole(self.path / "result.json", json.dumps(result, indent=2) + "\n")

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
            fresh: remove what an earlier run left.

        Raises:
            InputError: another process is running in the folder.
        """
        if not is_main_process():
            with self._first_error():
                yield
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            try:
                # lockf, not flock: loader processes outlive a killed run by some seconds, and would
                # keep an inherited flock
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(f"{self.path}: another process is running this run") from error
            for path in self.path.iterdir():
                stale = path.name == ".failed" or path.name.endswith(".partial")
                if path.name != ".lock" and (fresh or stale):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            write_whole(self.path / "config.yaml", OmegaConf.to_yaml(self.config))
            self.status("running")
            with self._first_error():
                yield
            self.status("finished")

    @contextmanager
    def _first_error(self) -> Iterator[None]:
        """Let only the first process of the run that fails write its state and raise its error.

        That process holds a lock on `.failed` until it ends. The others wait for it, and exit.
        """
        try:
            yield
        except BaseException as error:
            if not is_main_process():
                time.sleep(0.5)  # where the main process was killed, this one ends here with it
            descriptor = os.open(self.path / ".failed", os.O_RDWR | os.O_CREAT)  # never closed
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_size:
                sys.exit(2)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            self.status("interrupted" if stopped else "failed", error=str(error)[:2000])
            raise

"""The run directory: one folder a configuration, which a repeated command finds again.

    runs/<task>/<short name>-<8 hex of the resolved configuration>/
        config.yaml  status.json  metrics.csv  last.ckpt  best.ckpt  result.json  plots/

Every file appears whole: it is written to a temporary name and renamed.
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
from tasks.runs.names import named
from tasks.runs.processes import is_main_process

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


def fingerprint(config: DictConfig) -> str:
    """Eight hex digits of everything in a resolved configuration that can change the result."""
    config = OmegaConf.create(OmegaConf.to_container(config))
    for key in NO_INFLUENCE:
        parent, _, leaf = key.rpartition(".")
        (OmegaConf.select(config, parent) if parent else config).pop(leaf, None)
    # by names: a module that moves is still the same run's
    text = json.dumps(named(OmegaConf.to_container(config)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


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
        path = self.path / "result.json"
        if not path.exists():
            return None
        try:
            return json.loads(path.read_text())
        except ValueError as error:
            raise InputError(
                f"{path} is damaged ({error}): remove it, or run with fresh=true"
            ) from error

    def state(self) -> str | None:
        """What `status` last said of the run; None before it began."""
        path = self.path / "status.json"
        return json.loads(path.read_text())["state"] if path.exists() else None

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
            InputError: another process is running in it.
        """
        if not is_main_process():
            with self.told_once():
                yield
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            try:
                # lockf, not flock: loader processes that outlive a killed run by some seconds would
                # inherit the latter, and keep the folder shut
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"{self.path}: another process is running this very run"
                ) from error
            for path in self.path.iterdir():
                stale = path.name == ".failed" or path.name.endswith(".partial")
                if path.name != ".lock" and (fresh or stale):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            write_whole(self.path / "config.yaml", OmegaConf.to_yaml(self.config))
            self.status("running")
            with self.told_once():
                yield
            self.status("finished")

    @contextmanager
    def told_once(self) -> Iterator[None]:
        """Let the first of the run's processes that fails write the status; end the others.

        It keeps `.failed` locked until it is gone, and so has said all that it has to say.
        """
        try:
            yield
        except BaseException as error:
            descriptor = os.open(self.path / ".failed", os.O_RDWR | os.O_CREAT)  # left to the exit
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_size:
                sys.exit(2)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            stopped = isinstance(error, KeyboardInterrupt | SystemExit)
            self.status("interrupted" if stopped else "failed", error=str(error)[:2000])
            raise

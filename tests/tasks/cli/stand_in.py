"""A job for the sweep's tests that starts at once: it trains nothing, but keeps a run directory."""

import time
from pathlib import Path

from omegaconf import DictConfig

from backbone.errors import InputError
from tasks.cli.command import run_command
from tasks.runs.directory import RunDirectory


def job(config: DictConfig) -> None:
    """Fail with seed 13; leave no result with seed 5; at first hang with seed 2.

    It notes that it began.
    """
    directory = RunDirectory(config)
    if not config.fresh and directory.result() is not None:
        return
    with directory.open(config.fresh):
        began = directory.path / "began"
        times = len(began.read_text()) if began.exists() else 0
        began.write_text("x" * (times + 1))
        if config.seed == 13:
            raise InputError("thirteen is unlucky")
        if config.seed == 2 and times == 0 and Path(config.paths.data).name == "hang":
            time.sleep(100)
        if config.seed == 5:
            return
        directory.finish({"metrics": {"top1": config.seed / 10}, "paper": None})


if __name__ == "__main__":
    run_command(job)

"""Finished runs as a run leaves them, without the training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from tasks.runs.directory import RunDirectory, write_whole
from tasks.tables.counting import compose_row
from tests.conftest import Answer, call


@pytest.fixture
def runs(tmp_path) -> Path:
    path = tmp_path / "runs"
    path.mkdir()
    return path


@pytest.fixture
def finish(runs) -> Callable[..., Path]:
    """A run directory of a configuration, finished with these metrics on this many images."""

    def write(
        *overrides: str,
        metrics: dict[str, float],
        images: int,
        at: str = "2026-11-22T07:00:00+0000",
        data: str = "somewhere: scored",
        **more: Any,
    ) -> Path:
        config = compose_row(*overrides)
        config.paths.runs = str(runs)
        directory = RunDirectory(OmegaConf.create(OmegaConf.to_container(config, resolve=True)))
        directory.path.mkdir(parents=True)
        write_whole(directory.path / "config.yaml", OmegaConf.to_yaml(directory.config))
        result: dict[str, Any] = {"metrics": metrics, "data": data, "scored_images": images}
        directory.finish(result | {"seed": config.seed, "finished": at} | more)
        return directory.path

    return write


@pytest.fixture
def tables() -> Callable[..., Answer]:
    """`python -m tasks.tables ...`, see `call`."""
    from tasks.tables.__main__ import main
    from tasks.tables.finding import finished

    def tables(*arguments: object, code: int = 0) -> Answer:
        finished.cache_clear()  # a process reads each run once
        return call(main, *arguments, code=code)

    return tables

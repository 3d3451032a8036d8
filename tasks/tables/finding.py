"""The finished run that a row's metric is taken from."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import conf
from backbone.errors import InputError
from tasks.runs.legacy import upgrade_config
from tasks.runs.plain_files import json_in, yaml_in
from tasks.tables.counting import compose_row, network_of
from tasks.tables.differences import differences
from tasks.tables.reading import Row, Table

# Modes that only test the software.
NO_RESULT = ("smoke", "overfit")


@dataclass(frozen=True)
class FinishedRun:
    """A finished run: its folder, result.json, config.yaml, and when it finished."""

    path: Path
    result: dict[str, Any]
    config: DictConfig
    date: datetime


@dataclass(frozen=True)
class Found:
    """A run of a row.

    Args:
        run: the run.
        metric: in percent; None if the result does not have it, or if it is undefined.
        same_data: whether it was measured on all images that the paper scores.
        differences: from the row's configuration, as `key=value`; empty if it is exactly that one.
    """

    run: FinishedRun
    metric: float | None
    same_data: bool
    differences: list[str]

    @property
    def data(self) -> str:
        """The data that it was measured on, in words."""
        mode = self.run.config.mode
        return f"{self.run.result['data']}{'' if mode == 'full' else f' (mode={mode})'}"


def find(row: Row, table: Table, runs: Path) -> Found | None:
    """The run that a row shows, among those with the row's task and network.

    A run on the paper's data is preferred to one on other data; then a run with exactly the row's
    configuration to one that differs; then the newest.
    """
    if row.overrides is None:
        return None
    given = row.overrides
    task = compose_row(*given).task.name
    found = [compared(run, row, given, table) for run in finished(runs, task) if fills(run, given)]
    return max(found, key=lambda f: (f.same_data, not f.differences, f.run.date), default=None)


def fills(run: FinishedRun, overrides: Sequence[str]) -> bool:
    """Whether a run's network is that of a row's overrides, in the run's mode.

    A mode may change a task's head, and the run still fills the row.
    """
    if run.config.mode in NO_RESULT:
        return False
    wanted = compose_row(*overrides, f"mode={run.config.mode}")
    return network_of(wanted) == network_of(run.config)


def compared(run: FinishedRun, row: Row, overrides: Sequence[str], table: Table) -> Found:
    """A run compared with a row of these overrides."""
    mode = run.config.mode
    # a sample brings its own data set
    real_data = () if mode == "sample" else table.real_data
    wanted = compose_row(*overrides, *real_data, f"mode={mode}")
    different = [] if mode == "full" else [f"mode={mode}"]
    value = run.result["metrics"].get(row.metric)
    defined = isinstance(value, int | float) and math.isfinite(value) and value >= 0
    return Found(
        run=run,
        metric=round(100 * value, 4) if defined else None,
        same_data=on_papers_data(run, table),
        differences=different + differences(wanted, run.config),
    )


def on_papers_data(run: FinishedRun, table: Table) -> bool:
    """Whether a run was scored on all images of the paper's data set."""
    config = run.config
    return (
        table.data is not None
        and config.mode != "sample"
        and config.data.name == table.data.name
        and config.data.get("limit") is None
        and config.trainer.limit_test_batches is None
        and run.result.get("scored_images") == table.data.images
    )


@cache
def finished(runs: Path, task: str) -> list[FinishedRun]:
    """A task's finished runs. Damaged ones are reported on stderr and left out."""
    found = []
    for path in sorted(runs.glob(f"{task}/*/result.json")):
        try:
            found.append(read_run(path.parent))
        except InputError as error:
            print(f"warning: {error}", file=sys.stderr)
    return found


def read_run(path: Path) -> FinishedRun:
    """The finished run in a folder.

    Raises:
        InputError: a file is damaged, or was written by something else.
    """
    file = path / "result.json"
    result = read_runs(file, json_in, {"metrics": dict, "data": str, "seed": int})
    parts = dict.fromkeys(("task", "backbone", "data", "trainer"), dict)
    config = read_runs(path / "config.yaml", yaml_in, parts | {"mode": str})
    if "${" in str(config):
        raise InputError(
            f"{path / 'config.yaml'} holds an interpolation, which a run never writes: it was "
            "changed; left out"
        )
    if not (Path(conf.__file__).parent / "mode" / f"{config['mode']}.yaml").is_file():
        raise InputError(f"{path / 'config.yaml'}: mode={config['mode']} is not known; left out")
    try:
        date = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        if "finished" in result:  # an earlier release did not write it
            date = datetime.fromisoformat(result["finished"]).astimezone(UTC)
        made = OmegaConf.create(upgrade_config(config))
    except (OSError, ValueError, TypeError, OverflowError, OmegaConfBaseException) as error:
        raise InputError(f"{path}: this run is damaged ({error}); left out") from error
    return FinishedRun(path, result, made, date)


def read_runs(path: Path, read: Callable[[Path], Any], wanted: dict[str, type]) -> dict[str, Any]:
    """The mapping in a file, which must have at least these keys.

    Raises:
        InputError: the file is damaged, or lacks a key.
    """
    try:
        content = read(path)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} is damaged ({reason}); left out") from error
    for key, kind in wanted.items():
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise InputError(
                f"{path} has no proper {key}: it is not such a file of a run; left out"
            )
    mapping: dict[str, Any] = content
    return mapping

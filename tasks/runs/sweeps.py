"""The runs below a folder side by side: how they differ, their scores, and which ones failed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backbone.errors import InputError, number_of
from tasks.runs.directory import is_held
from tasks.runs.options import recorded_options, varying
from tasks.runs.plain_files import json_in
from tasks.runs.report import OF_0_1_0, aligned, format_interval, format_score
from tasks.runs.result import read_result

COLUMNS = 8  # most options in a table; further ones are named below it


@dataclass(frozen=True)
class FoundRun:
    """A run directory.

    Args:
        path: of the folder.
        task: its task's name.
        options: dotted key -> value in JSON; see `option_texts`.
        state: finished; killed, while status.json still says that it is running; or what
            status.json says: running, interrupted, failed ...
        error: why it failed, or what is damaged in it.
        result: if it has finished.
    """

    path: Path
    task: str
    options: dict[str, str]
    state: str
    error: str
    result: dict[str, Any] | None

    def score(self, name: str) -> float | None:
        """A score of its result; None if there is none, or it is undefined."""
        value = None if self.result is None else self.result["metrics"].get(name)
        return value if isinstance(value, int | float) and value >= 0 else None


def runs_below(folder: Path) -> list[FoundRun]:
    """Every run directory in a folder and below it, sorted by path.

    Raises:
        InputError: there is no such folder, or no run in it.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; name a folder of run directories, such as runs/"
        )
    found = [read_found(path.parent) for path in sorted(folder.rglob("config.yaml"))]
    runs = [run for run in found if run is not None]
    if not runs:
        raise InputError(
            f"{folder} holds no run directory; runs are written to paths.runs, by default runs/"
        )
    return runs


def read_found(path: Path) -> FoundRun | None:
    """The run in a folder; None if its config.yaml is not that of a run."""
    options = recorded_options(path) or {}
    task = _value(options.get("task.name", "null"))
    if not isinstance(task, str):
        return None
    try:
        status = json_in(path / "status.json")
        state, error = str(status["state"]), str(status.get("error", ""))
    except (OSError, ValueError, LookupError, TypeError):
        state, error = "unknown", ""
    try:
        result = read_result(path / "result.json")
    except InputError as damage:
        return FoundRun(path, task, options, "damaged", str(damage), None)
    if result is not None:
        state, error = "finished", ""
    elif state == "finished":
        state = "without a result"
    elif state == "running" and not is_held(path):
        state = "killed"
    return FoundRun(path, task, options, state, error, result)


def leading(runs: Sequence[FoundRun]) -> tuple[str, bool] | None:
    """The score that ranks runs, and whether a lower one is better; None without results."""
    result = next((run.result for run in runs if run.result is not None), None)
    return None if result is None else leading_score_of(result)


def leading_score_of(result: Mapping[str, Any]) -> tuple[str, bool]:
    """The score that ranks a run, and whether a lower one is better.

    It is the score that the paper reports, or else the monitored one, or else the first.
    """
    metrics, paper = result["metrics"], result.get("paper")
    names = [paper["metric"]] if paper else []
    names += [result.get("monitor"), *metrics]
    name = next(name for name in names if name in metrics)
    falling = result.get("lower_is_better", [*result.get("units", OF_0_1_0)])
    return name, name in falling


def best_first(runs: Sequence[FoundRun]) -> list[FoundRun]:
    """Runs by their leading score, then those without one."""
    name, falls = leading(runs) or ("", False)

    def rank(run: FoundRun) -> tuple[bool, float]:
        score = run.score(name)
        return score is None, 0.0 if score is None else score if falls else -score

    return sorted(runs, key=rank)


def sweep_table(runs: Sequence[FoundRun]) -> str:
    """A page on one task's runs, with one row each: best first, then those without a score."""
    name, _ = leading(runs) or ("", False)
    keys = varying([run.options for run in runs])
    shown = keys[:COLUMNS]
    ordered = best_first(runs)
    rows = [(name or "state", "95% interval" if name else "", *shown, "run")]
    for run in ordered:
        options = [_plain(run.options.get(key, "-")) for key in shown]
        rows.append((*_score_cells(run, name), *options, run.path.name))
    finished = sum(run.result is not None for run in runs)
    number = number_of(len(runs), "run")
    lines = [f"task={runs[0].task}: {number}, {finished} finished", *aligned(rows, "<")]
    if len(keys) > COLUMNS:
        lines.append(f"they also differ in {len(keys) - COLUMNS} more: {', '.join(keys[COLUMNS:])}")
    lines += [
        f"{run.state}: {run.path.name}: {' '.join(run.error.split())[:300]}"
        for run in ordered
        if run.error
    ]
    return "\n".join(lines)


def _score_cells(run: FoundRun, name: str) -> tuple[str, str]:
    """A run's score and its interval, or its state."""
    if run.result is None:
        return run.state, ""
    score = run.score(name)
    if score is None:
        return "undefined", ""
    unit = run.result.get("units", OF_0_1_0).get(name)
    ends = run.result.get("intervals", {}).get(name)
    return format_score(score, unit), format_interval(ends, unit)


def sweep_records(runs: Sequence[FoundRun]) -> list[dict[str, Any]]:
    """The same content as plain values, for programs; the runs of a task are ordered best first."""
    records = []
    for task in dict.fromkeys(run.task for run in runs):
        own = [run for run in runs if run.task == task]
        keys = varying([run.options for run in own])
        records += [
            {
                "task": task,
                "run": str(run.path),
                "state": run.state,
                "error": run.error or None,
                "options": {key: _value(run.options[key]) for key in keys if key in run.options},
                "metrics": None if run.result is None else run.result["metrics"],
                "intervals": None if run.result is None else run.result.get("intervals", {}),
            }
            for run in best_first(own)
        ]
    return records


def _value(text: str) -> Any:
    """An option's value; the name of a class is not JSON and stays a string."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain(text: str) -> str:
    """An option's value as written on a command line."""
    value = _value(text)
    return value if isinstance(value, str) else text

"""The result of a run: the content of result.json."""

import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import torch
from omegaconf import OmegaConf

from backbone.errors import number_of
from tasks.data.module import DataModule
from tasks.runs.card import is_drawn, tasks_of
from tasks.runs.resamples import Drawn, bootstrap_facts, draw_all, intervals
from tasks.training.early_stop import stopped_early
from tasks.training.fit import Run


def resamples_of(run: Run) -> list[Drawn]:
    """The scores of the reported split on its resamples; only in the main process, else none.

    If this fails, a warning says so, and the scores have no intervals.
    """
    if not run.trainer.is_global_zero:
        return []
    drawn: list[Drawn] = []
    try:
        for prefix, result, data in run.task.results(run.data):
            drawn += drawn_for(prefix, result, data)
    except Exception as error:
        print(f"warning: the scores have no intervals: {error}", file=sys.stderr)
        return []
    return drawn


def drawn_for(prefix: str, result: Any, data: DataModule) -> list[Drawn]:
    """A result's scores on resamples of the reported split of its data.

    Args:
        prefix: the beginning of the scores' names.
    """
    index = data.indices.get(data.reported)
    files = [] if index is None else [index.path(row) for row in range(len(index))]
    return [
        replace(one, scores={prefix + name: values for name, values in one.scores.items()})
        for one in draw_all(getattr(result, "resamplings", ()), files)
    ]


def result_of(run: Run, metrics: dict[str, float], drawn: Sequence[Drawn] = ()) -> dict[str, Any]:
    """The content of result.json, as plain values.

    Args:
        metrics: the scores of the reported split, by their names in the literature.
        drawn: these scores on resamples of the split.

    Returns:
        `metrics` as given, their `intervals` [low, high] and how these were computed (`bootstrap`),
        the `units` of scores that are not shares, the scores that are `lower_is_better`, the
        `monitor`, and the same scores of `baselines`; further results of the task's presenter, see
        `Presenter.findings`; `cost`, `throughput`, `data`, the number of files that were `left_out`
        of each split and why, how many images were scored, `seed`, `versions`, and when the run
        `finished`.
    """
    task, data, trainer = run.task, run.data, run.trainer
    falling = {*task.falling, *([task.monitor] if task.mode == "min" else [])}
    return {
        "task": run.config.task.name,
        "metrics": metrics,
        "intervals": intervals(drawn),
        "bootstrap": bootstrap_facts(drawn),
        "units": dict(task.units),
        "lower_is_better": [name for name in metrics if name in falling],
        "monitor": task.monitor,
        "baselines": task.baselines(data) if trainer.is_global_zero else {},
        **(task.present().findings(task.result, data) if trainer.is_global_zero else {}),
        "cost": {"mult_adds": run.cost.mult_adds, "parameters": run.cost.parameters},
        "throughput": {
            "train_images_per_second": run.throughput.train,
            "test_images_per_second": run.throughput.test,
            "device": _device(trainer.strategy.root_device),
            "precision": trainer.precision,
            "compile_seconds": run.throughput.compile_seconds,
        },
        "data": described_data(run),
        "left_out": {split: dict(counts) for split, counts in data.left_out.items() if counts},
        "scored_images": data.scored_images,
        "teacher": task.describe_teacher(),
        "trunk": run.origin,
        "seed": run.config.seed,
        "steps": trainer.global_step,
        "continued_from": None if data.lineage is None else data.lineage.source,
        "stopped_early_after_epochs": stopped_early(trainer),
        "seconds": time.perf_counter() - run.started,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "torchvision", "lightning", "timm")},
    }


def described_data(run: Run) -> str:
    """What the run learned from and was scored on, in words."""
    plain: Any = OmegaConf.to_container(run.config)
    drawn = all(map(is_drawn, tasks_of(plain).values()))
    return f"{'drawn pictures, ' if drawn else ''}{run.data.describe()}{run.data.limits()}"


def _device(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {number_of(torch.get_num_threads(), 'thread')}"

"""What a run reports: result.json's content."""

import platform
import time
from importlib.metadata import version
from typing import Any

import torch

from tasks.training.fit import Run


def result_of(run: Run, metrics: dict[str, float]) -> dict[str, Any]:
    """What result.json holds, as plain values.

    Args:
        metrics: the scores of the reported split, by their names in the literature.

    Returns:
        `metrics` as given, the `units` of those that are not shares, and the same scores of
        `baselines`; what else the task's presenter finds, see `Presenter.findings`; `cost`,
        `throughput`, `data`, how many of its files were `left_out` of each split and why, how many
        images were scored, `seed`, `versions`, and when the run `finished`.
    """
    task, data, trainer = run.task, run.data, run.trainer
    return {
        "task": run.config.task.name,
        "metrics": metrics,
        "units": dict(task.units),
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
        "data": data.describe(),
        "left_out": {split: dict(counts) for split, counts in data.left_out.items() if counts},
        "scored_images": len(data.datasets[data.reported]),
        "teacher": None if task.teaching is None else dict(task.teaching.describe()),
        "trunk": run.origin,
        "seed": run.config.seed,
        "steps": trainer.global_step,
        "seconds": time.perf_counter() - run.started,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "torchvision", "lightning", "timm")},
    }


def _device(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads"

"""Small checkpoints of parts on one trunk, as runs write them, without training."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import OmegaConf
from torch import nn

from tasks.cli.configuration import check_config, compose_config
from tasks.data.labels import Labels
from tasks.geolocation.cells import build_partition
from tasks.geolocation.coordinates import Coordinates
from tasks.geolocation.data import labels as cell_labels
from tasks.runs.names import described
from tasks.training.build import build_task
from tasks.training.checkpoints import FORMAT
from tasks.training.saving import AtomicCheckpointIO
from tasks.training.task import Task
from tests.tasks.geolocation.conftest import TOWNS

SIZE = 64
TRUNK = ["backbone.alpha=0.25", f"size={SIZE}"]


def named(count: int, background: bool = False) -> Labels:
    outputs = list(range(background, count))
    return Labels(count, outputs, [100 + k for k in outputs], [f"thing {k}" for k in outputs])


def places() -> Labels:
    towns = np.repeat(TOWNS, 9, axis=0)
    return cell_labels(build_partition([Coordinates(None, *towns.T)], 9, 1, 6))


LABELS = {
    "ssd_coco": lambda: named(4, background=True),
    "image_folder": lambda: named(3),
    "face_attributes": lambda: named(5),
    "planet": places,
    "faster_rcnn_coco": lambda: named(4, background=True),
    "face_embedding": lambda: named(6),
}


def write_part(path: Path, name: str, seed: int = 0, *options: str) -> Path:
    """A checkpoint of a task with random weights; trunks of one seed are the same."""
    config = check_config(compose_config([f"task={name}", *TRUNK, *options]), [])
    torch.manual_seed(seed)
    task, _ = build_task(config, LABELS[name]())
    torch.manual_seed(seed)
    shake(task.head.trunk)
    return write_task(path, task, described(OmegaConf.to_container(config)))


def shake(trunk: nn.Module) -> None:
    """Batch norm that does something, as after a training."""
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)


def write_task(path: Path, task: Task[Any], config: dict[str, Any]) -> Path:
    content = {
        "format": FORMAT,
        "config": config,
        "labels": task.labels.to_dict(),
        "state_dict": task.state_dict(),
        "scores": {task.monitor: 0.5},
        "chosen": {"threshold": 0.25},
    }
    AtomicCheckpointIO().save_checkpoint(content, path)
    return path

"""Both sides through torch.compile."""

import importlib.util
from typing import Any

import torch
from omegaconf import DictConfig
from torch import nn

from tasks.training.compiling import Compilation
from tasks.training.progress import Throughput
from tasks.training.task import Task

OURS_COMPILED = "this suite, compiled"


def compiles(config: DictConfig, device: torch.device) -> bool:
    """Whether a benchmark compiles too: with compile=true, and with compile=auto on a GPU."""
    if config.compile == "auto":
        return device.type == "cuda" and importlib.util.find_spec("triton") is not None
    return bool(config.compile)


def compile_both(task: Task[Any], peer: nn.Module, name: str) -> str:
    """Compile a task as a run does, and its peer as torch's users do, with the same mode.

    Args:
        name: of the peer.

    Returns:
        `name`.
    """
    Compilation(True, Throughput()).install(task)
    on_gpu = next(peer.parameters()).is_cuda
    peer.compile(mode="reduce-overhead" if on_gpu else None)
    return name

"""Both sides through torch.compile."""

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import torch
from omegaconf import DictConfig
from torch import nn

from tasks.benchmarks.timing import Figures, images_per_second
from tasks.training.compiling import Compiled, in_one_line
from tasks.training.learner import Learner

OURS_COMPILED = "this suite, compiled"


def compiles(config: DictConfig, device: torch.device) -> bool:
    """Whether a benchmark compiles too: with compile=true, and on a GPU also with compile=auto."""
    if config.compile == "auto":
        return device.type == "cuda" and importlib.util.find_spec("triton") is not None
    return bool(config.compile)


def compile_both(
    task: Learner[Any], answering: Learner[Any], peer: nn.Module, graphs: bool
) -> None:
    """Compile a task as a run does, and its peer as torch's users do.

    Args:
        task: the copy that learns.
        answering: the copy that answers.
        graphs: whether the peer has fixed shapes, so that CUDA graphs can replay it.
    """
    for owner, name in ((task, "learn"), (answering, "predict")):
        setattr(owner, name, Compiled(getattr(owner, name), owner, name, refuse))
    on_gpu = next(peer.parameters()).is_cuda
    peer.compile(mode="reduce-overhead" if on_gpu and graphs else None)


def refuse(name: str, seconds: float, reason: str | None) -> None:
    """Raise RuntimeError if a trial has failed: what then runs is not compiled, and not timed."""
    if reason is not None:
        raise RuntimeError(f"torch.compile failed on {name}: {reason}")


def time_compiled(
    contenders: Mapping[str, Callable[[], object]], images: int, rounds: int
) -> Figures:
    """`images_per_second` of the contenders that compile; a line says why another one does not."""
    working = {}
    for name, step in contenders.items():
        try:
            step()
            working[name] = step
        except Exception as error:  # a compiler fails in many ways
            print(f"{name}: not measured: {in_one_line(error)}")
    return images_per_second(working, images, rounds)

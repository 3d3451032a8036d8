"""What a GPU does in a step: the kernels it runs, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

STEPS = 3  # profiled steps, after the timed ones
COPIES = ("Memcpy", "Memset")


@dataclass(frozen=True)
class Load:
    """The work of a GPU in one step.

    Args:
        seconds: in which at least one kernel or copy ran.
        kernels: number of kernels launched, without copies.
    """

    seconds: float
    kernels: int


def profiled_load(step: Callable[[], object]) -> Load | None:
    """Profile a step; None without CUDA."""
    if not torch.cuda.is_available():
        return None
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(STEPS):
            step()
        torch.cuda.synchronize()
    spans = [
        (event.name, event.time_range.start, event.time_range.end)
        for event in profiler.events() or ()
        if event.device_type.name == "CUDA" and not event.is_user_annotation
    ]
    return load_of(spans, STEPS)


def load_of(spans: list[tuple[str, float, float]], steps: int) -> Load:
    """The load of one step.

    Args:
        spans: (name, start, end) in microseconds of what ran on the GPU, in any order.
        steps: the number of steps that they belong to.
    """
    busy, until = 0.0, -float("inf")
    for _, start, end in sorted(spans, key=lambda span: span[1]):
        busy += max(end - max(start, until), 0.0)  # kernels of several streams may overlap
        until = max(until, end)
    kernels = sum(not name.startswith(COPIES) for name, _, _ in spans)
    return Load(busy / 1e6 / steps, round(kernels / steps))

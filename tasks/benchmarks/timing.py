"""Timing contenders side by side."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn


def images_per_second(
    contenders: Mapping[str, Callable[[], object]], images: int, rounds: int, warmup: int = 3
) -> dict[str, list[float]]:
    """Images per second of each contender, one figure per round.

    Contenders take turns within a round, so that a machine whose speed drifts affects all alike.
    The first calls of each are not timed: memory is still being allocated and kernels chosen.

    Args:
        contenders: name -> one step over a batch.
        images: number of images in that batch.
        rounds: number of figures.
        warmup: calls of each contender that are not timed.
    """

    def wait() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    for step in contenders.values():
        for _ in range(warmup):
            step()
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, step in contenders.items():
            wait()
            started = time.perf_counter()
            step()
            wait()
            figures[name].append(images / (time.perf_counter() - started))
    return figures


def steps(
    model: nn.Module, loss: Callable[[], Tensor], answer: Callable[[], Any], device: str, bf16: bool
) -> dict[str, Callable[[], object]]:
    """One training step and one inference of a model."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)

    def train() -> None:
        model.train()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            value = loss()
        value.backward()
        optimizer.step()

    def infer() -> None:
        model.eval()
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16):
            answer()

    return {"training": train, "inference": infer}


def about(batch_size: int, size: tuple[int, int], kept: bool, bf16: bool) -> str:
    """The machine and the settings of a benchmark, in words.

    Args:
        kept: whether the C library keeps freed memory, see `tasks.training.memory`.
    """
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    text = f"{name}, {torch.get_num_threads()} threads, batch {batch_size}, {size[0]}x{size[1]}"
    text += ", kept memory" if kept else ""
    return text + (", bf16" if bf16 else ", fp32: this hardware does not compute in bf16")


def comparison_table(about: str, figures: Mapping[str, Mapping[str, list[float]]]) -> str:
    """Medians of each kind of work, and the last contender's speed relative to each."""
    lines = [about]
    for kind, rows in figures.items():
        medians = {name: median(values) for name, values in rows.items()}
        ours = list(medians.values())[-1]
        lines += ["", f"{kind:<58}{'images/s':>10}{'this / it':>11}"]
        lines += [f"{n:<58}{v:>10.1f}{ours / v:>10.2f}x" for n, v in medians.items()]
    return "\n".join(lines)

"""Timing contenders in turns, and the table of the results."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from backbone.errors import number_of
from tasks.benchmarks.gpu import Load, profiled_load
from tasks.training.memory import keep_freed_memory

NOT_APPLICABLE = "-"
STREAMED = 10  # largest number of steps that a GPU gets at once, as in a training
AT_ONCE = 0.5  # s, the longest time for them


class Figures(dict[str, list[float]]):
    """Images per second of each contender, one figure per round; the last is this suite.

    Args:
        images: number of images in a step.

    Attributes:
        loads: what a GPU did in a step of each contender; empty without CUDA.
    """

    def __init__(self, images: int):
        super().__init__()
        self.images = images
        self.loads: dict[str, Load] = {}

    def join(self, others: "Figures") -> None:
        """Add other contenders."""
        self.update(others)
        self.loads |= others.loads

    def milliseconds(self, name: str) -> float:
        """The median time of a step."""
        return 1000 * self.images / median(self[name])

    def busy(self, name: str) -> float | None:
        """The share of a step's time in which the GPU computed or copied, 0..1."""
        if name not in self.loads:
            return None
        return min(self.loads[name].seconds / (self.milliseconds(name) / 1000), 1.0)


def images_per_second(
    contenders: Mapping[str, Callable[[], object]], images: int, rounds: int, warmup: int = 3
) -> Figures:
    """Images per second of each contender, one figure per round, and its load on a GPU.

    Contenders take turns within a round, so that a machine whose speed drifts affects all alike.
    The first calls of each are not timed: memory is still being allocated and kernels chosen. On a
    GPU a figure is measured over up to ten steps in a row, and only the last of them is waited for.

    Args:
        contenders: name -> one step over a batch.
        images: number of images in that batch.
        rounds: number of figures.
        warmup: calls of each contender that are not timed.
    """
    for step in contenders.values():
        for _ in range(warmup):
            step()
    figures = Figures(images)
    figures.update({name: [] for name in contenders})
    counts = {name: in_a_row(step) for name, step in contenders.items()}
    for _ in range(rounds):
        for name, step in contenders.items():
            figures[name].append(counts[name] * images / seconds(step, counts[name]))
    for name, step in contenders.items():
        measured = profiled_load(step)
        if measured is not None:
            figures.loads[name] = measured
    return figures


def seconds(step: Callable[[], object], count: int) -> float:
    """The time of `count` steps in a row, with the device's work."""
    wait()
    started = time.perf_counter()
    for _ in range(count):
        step()
    wait()
    return time.perf_counter() - started


def in_a_row(step: Callable[[], object]) -> int:
    """How many steps to give the device at once; one on a CPU, which is never ahead of its work."""
    if not torch.cuda.is_available():
        return 1
    return max(1, min(STREAMED, int(AT_ONCE / seconds(step, 1))))


def wait() -> None:
    """Wait until the GPU has finished its work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def steps(
    model: nn.Module, loss: Callable[[], Tensor], answer: Callable[[], Any], device: str, bf16: bool
) -> dict[str, Callable[[], object]]:
    """One training step and one inference of a model."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)

    def train() -> None:
        if not model.training:  # going through all modules takes as long as a small step
            model.train()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            value = loss()
        value.backward()
        optimizer.step()

    def infer() -> None:
        if model.training:
            model.eval()
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16):
            answer()

    return {"training": train, "inference": infer}


def as_a_run(config: DictConfig) -> bool:
    """Set up torch as in a run; return whether the C library keeps freed memory from now on."""
    torch.backends.cudnn.benchmark = bool(config.trainer.benchmark)
    return keep_freed_memory()


@contextmanager
def keeping_threads() -> Iterator[None]:
    """Restore PyTorch's number of threads afterwards."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def about(batch_size: int, size: tuple[int, int], kept: bool, bf16: bool) -> str:
    """The machine and the settings of a benchmark, in words.

    Args:
        kept: whether the C library keeps freed memory, see `tasks.training.memory`.
    """
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    threads = number_of(torch.get_num_threads(), "thread")
    text = f"{name}, {threads}, batch {batch_size}, {size[0]}x{size[1]}"
    text += ", kept memory" if kept else ""
    return text + (", bf16" if bf16 else ", fp32: this hardware does not compute in bf16")


def comparison_table(about: str, figures: Mapping[str, Figures]) -> str:
    """Medians of each kind of work, and the last contender's speed relative to each."""
    lines = [about, "GPU busy: share of the step in which it computed or copied; kernels: per step"]
    if not any(rows.loads for rows in figures.values()):
        lines[1] += ". Neither applies to a CPU"
    for kind, rows in figures.items():
        if not rows:
            continue
        heads = f"{'images/s':>10}{'ms':>9}{'this / it':>11}{'GPU busy':>10}{'kernels':>9}"
        lines += ["", f"{kind:<58}{heads}"]
        ours = median(list(rows.values())[-1])
        for name, values in rows.items():
            speed, busy = median(values), rows.busy(name)
            share = NOT_APPLICABLE if busy is None else f"{busy:.0%}"
            kernels = f"{rows.loads[name].kernels:,}" if busy is not None else NOT_APPLICABLE
            numbers = f"{speed:>10.1f}{rows.milliseconds(name):>9.1f}{ours / speed:>10.2f}x"
            lines.append(f"{name:<58}{numbers}{share:>10}{kernels:>9}")
    return "\n".join(lines)


def timed_result(about: str, figures: Mapping[str, Figures]) -> dict[str, Any]:
    """A benchmark's result as plain values, its table included.

    Returns:
        `about`; `images_per_second`, kind of work -> contender -> figures; `milliseconds`,
        `gpu_busy` and `kernels`, kind -> contender -> number, the latter two None without CUDA; and
        `table`.
    """
    return {
        "about": about,
        "images_per_second": {kind: dict(rows) for kind, rows in figures.items()},
        "milliseconds": {k: {n: rows.milliseconds(n) for n in rows} for k, rows in figures.items()},
        "gpu_busy": {k: {n: rows.busy(n) for n in rows} for k, rows in figures.items()},
        "kernels": {
            k: {n: rows.loads[n].kernels if n in rows.loads else None for n in rows}
            for k, rows in figures.items()
        },
        "table": comparison_table(about, figures),
    }

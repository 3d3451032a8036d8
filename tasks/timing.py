"""Timing contenders side by side."""

import time
from collections.abc import Callable, Mapping
from statistics import median

import torch


def images_per_second(
    contenders: Mapping[str, Callable[[], object]], images: int, rounds: int, warmup: int = 3
) -> dict[str, list[float]]:
    """Images a second of each contender, one figure a round.

    Contenders take turns within a round, so that a machine whose speed drifts slows all alike;
    the first calls of each are not counted: memory is still being claimed, kernels chosen.

    Args:
        contenders: name -> one step over a batch.
        images: images in that batch.
        rounds: figures wanted.
        warmup: calls of each before that.
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


def summary(figures: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each contender's rounds."""
    return {name: median(values) for name, values in figures.items()}

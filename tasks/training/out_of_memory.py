"""Memory that runs out in a step: how to recognise it, and advice for the user."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from omegaconf import DictConfig

from backbone.errors import InputError
from tasks.data.module import DataModule

# From libraries that raise a plain RuntimeError: torch on a CPU, CUDA outside torch's allocator,
# cuBLAS and cuDNN, and Apple's GPUs.
SAID = (
    "DefaultCPUAllocator",
    "CUDA error: out of memory",
    "STATUS_ALLOC_FAILED",
    "backend out of memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on whatever device."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in SAID)


@contextmanager
def naming_exhausted_memory(data: DataModule, config: DictConfig) -> Iterator[None]:
    """Say what was tried, and how to train with less memory, if memory runs out.

    Args:
        data: of the run; its batch size is the one that was tried.
        config: of the run.

    Raises:
        InputError: instead of the library's error.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"memory ran out at data.batch_size={data.batch_size} ({reason(error)}). "
            f"{with_less(data.batch_size, config.trainer.accumulate_grad_batches)}. What "
            "the run has saved is kept: with more memory, the same command continues"
        ) from error


def reason(error: BaseException) -> str:
    """The library's own words, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # an error from a loader process contains a traceback, whose last line is the message
    line = next((s for s in lines if any(words in s for words in SAID)), "")
    line = line or (lines[-1] if "DataLoader worker" in str(error) else "".join(lines[:1]))
    return line[:300].rstrip(".") or type(error).__name__


def with_less(batch: int, accumulated: int) -> str:
    """The options for the same effective batch in less memory, in words."""
    if batch == 1:
        return "Choose a smaller size, or a smaller network such as backbone.alpha=0.5"
    # an odd batch is divided exactly if possible
    parts = next((k for k in (2, 3, 5) if batch % k == 0), 2)
    smaller, more = batch // parts, accumulated * parts
    same = "the same" if smaller * parts == batch else "nearly the same"
    return (
        f"Give data.batch_size={smaller} trainer.accumulate_grad_batches={more} for {same} "
        "effective batch, or data.batch_size=auto for the largest that fits; each of these is "
        "a new run"
    )

"""Memory that runs out in a step: how to tell, and what a user may do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from omegaconf import DictConfig

from backbone.errors import InputError
from tasks.data.module import DataModule

# Of libraries that raise a plain RuntimeError: torch on a CPU, CUDA outside torch's allocator,
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
    """Say what was tried, and how to train with less, where memory runs out.

    Args:
        data: of the run; its batch size is the one that was tried.
        config: of the run.

    Raises:
        InputError: in place of the library's error.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"memory ran out at data.batch_size={data.batch_size} ({reason(error)}). "
            f"{with_less(data.batch_size, config.trainer.accumulate_grad_batches)}. What "
            "the run has saved is kept: where there is more memory, the same command goes on"
        ) from error


def reason(error: BaseException) -> str:
    """The library's own words, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # a loader process sends a traceback along, whose last line is the error
    line = next((s for s in lines if any(words in s for words in SAID)), "")
    line = line or (lines[-1] if "DataLoader worker" in str(error) else "".join(lines[:1]))
    return line[:300].rstrip(".") or type(error).__name__


def with_less(batch: int, accumulated: int) -> str:
    """The options for the same effective batch in less memory, in words."""
    if batch == 1:
        return "Choose a smaller size, or a smaller network such as backbone.alpha=0.5"
    # an odd batch is shared out exactly if it can be
    parts = next((k for k in (2, 3, 5) if batch % k == 0), 2)
    smaller, more = batch // parts, accumulated * parts
    same = "the same" if smaller * parts == batch else "nearly the same"
    return (
        f"Give data.batch_size={smaller} trainer.accumulate_grad_batches={more} for {same} "
        "effective batch, or data.batch_size=auto for the largest that fits; either is a run of "
        "its own"
    )

"""How the C library manages the memory of a run on the CPU."""

import ctypes
import sys

# mallopt's parameters, from malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Have the C library reuse large blocks instead of returning them to the system.

    By default glibc maps memory for every activation and unmaps it when it is freed, so the kernel
    has to clear every page again in each step. With this setting a training step of a MobileNet on
    a CPU is about twice as fast. The memory stays with the process until it ends.

    Returns:
        Whether it was done: False if the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(
        mallopt(parameter, value)
        for parameter, value in (
            (M_MMAP_MAX, 0),
            (M_TRIM_THRESHOLD, 2**31 - 1),
            (M_TOP_PAD, 256 * 2**20),
        )
    )

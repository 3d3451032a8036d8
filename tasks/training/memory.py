"""Memory of a CPU run."""

import ctypes
import sys

# mallopt's parameters, from malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Have the C library reuse large blocks instead of returning them to the system.

    By default glibc maps every activation afresh and unmaps it when freed, so that each step
    touches each page for the first time, and the kernel clears it. Kept memory makes a training
    step of a MobileNet on a CPU about twice as fast; it stays with the process until it ends.

    Returns:
        Whether it was done: False where the C library is not glibc.
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

"""The memory of a device that a step takes, and how much there is."""

import resource
import sys
from pathlib import Path

import torch

MARGIN = 0.9  # share of the memory; the rest is for fragmentation and for work outside a trial step


class DeviceMemory:
    """Measures steps one after the other, each with twice as many images.

    A GPU raises an error if memory runs out. On a CPU the system kills the process, so a step is
    not tried if the previous, smaller one shows that it would not fit.

    Args:
        device: the one that computes.
    """

    def __init__(self, device: torch.device):
        self.device = device
        self.peaks: list[int] = []
        self.release()
        self.total = self.free() + self.held()

    def start(self) -> None:
        """Begin to measure a step."""
        self.release()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def suffices(self) -> bool:
        """Whether the last step left a margin."""
        self.peaks.append(self.peak())
        return self.device.type != "cuda" or self.peaks[-1] <= MARGIN * self.total

    def allows_twice(self) -> bool:
        """Whether a step with twice as many images will fit, judging by the last steps."""
        if self.device.type != "cpu" or len(self.peaks) < 2:
            return True
        growth = self.peaks[-1] - self.peaks[-2]  # the memory of half of the last step's images
        return 2 * growth <= MARGIN * self.free()

    def release(self) -> None:
        """Give memory that is not in use back to the device."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def peak(self) -> int:
        """The most bytes in use since `start`; on a CPU, since the process began."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def held(self) -> int:
        """Bytes that this process has allocated on the device."""
        return torch.cuda.memory_reserved(self.device) if self.device.type == "cuda" else 0

    def free(self) -> int:
        """Bytes that are free; more than exist if the system does not say."""
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0]
        return min(system_free(), container_free())


def system_free() -> int:
    """Bytes that Linux can allocate without swapping; on other systems no limit is known."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return sys.maxsize


def container_free() -> int:
    """Bytes up to the limit of this process's container (cgroup v2), if it has one."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = int((folder / "memory.max").read_text())
        return limit - int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return sys.maxsize

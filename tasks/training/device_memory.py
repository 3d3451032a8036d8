"""How much of a device's memory a step takes, and how much there is."""

import resource
import sys
from pathlib import Path

import torch

MARGIN = 0.9  # of the memory; the rest is for fragments, and for what a trial step does not do


class DeviceMemory:
    """Measures steps one after the other, each of twice as many images.

    A GPU raises an error where memory runs out. On a CPU the system kills the process, so that a
    step is not tried if its half says that it would not fit.

    Args:
        device: that computes.
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
        """Whether the step that ended just now leaves a margin."""
        self.peaks.append(self.peak())
        return self.device.type != "cuda" or self.peaks[-1] <= MARGIN * self.total

    def allows_twice(self) -> bool:
        """Whether a step of twice as many images fits, by what the last ones have taken."""
        if self.device.type != "cpu" or len(self.peaks) < 2:
            return True
        growth = self.peaks[-1] - self.peaks[-2]  # what half of the last step's images took
        return 2 * growth <= MARGIN * self.free()

    def release(self) -> None:
        """Give memory that is not in use back to the device."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def peak(self) -> int:
        """The most bytes that were in use since `start`; on a CPU since the process began."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def held(self) -> int:
        """Bytes that this process has taken from the device."""
        return torch.cuda.memory_reserved(self.device) if self.device.type == "cuda" else 0

    def free(self) -> int:
        """Bytes that nobody has taken; where the system does not say, more than there are."""
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0]
        return min(system_free(), container_free())


def system_free() -> int:
    """Bytes that Linux can give without swapping; elsewhere no limit is known."""
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

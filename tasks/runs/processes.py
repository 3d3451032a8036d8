"""The processes of one run, and which of them is the main one.

Nothing here imports torch, so that a command knows it before anything heavy is loaded.
"""

import ctypes
import os
import signal
import sys

from backbone.errors import InputError


def number_of_launcher(name: str, default: int = 0) -> int:
    """The number in an environment variable with which a launcher tells a process its place.

    Raises:
        InputError: it is not a whole number.
    """
    value = os.environ.get(name, default)
    try:
        return int(value)
    except ValueError as error:
        raise InputError(
            f"the environment variable {name} is {value!r}, but torchrun and srun set it to a "
            f"whole number: start the command with one of them, or remove the variable first: "
            f"unset {name}"
        ) from error


def tasks_of_srun() -> int:
    """The number of processes that srun started together.

    It is 1 in a batch script and in the shell of an allocation, where SLURM_NTASKS is the number of
    processes that could be started.
    """
    return number_of_launcher("SLURM_STEP_NUM_TASKS", 1)


def is_main_process() -> bool:
    """Whether this process prints and writes for the run: rank zero of its launcher."""
    if "RANK" in os.environ:  # set by torchrun, which srun may have started
        return number_of_launcher("RANK") == 0
    if tasks_of_srun() > 1:
        return number_of_launcher("SLURM_PROCID") == 0
    return all(number_of_launcher(name) == 0 for name in ("NODE_RANK", "LOCAL_RANK"))


def reports_errors() -> bool:
    """Whether this process prints its errors.

    Until the processes have met, all of them do what the main one does, and fail in the same way.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_initialized():
        return True
    try:
        return is_main_process()
    except InputError:
        return True


def end_with_parent() -> None:
    """Have this process killed when the process that started it ends; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def usable_cores() -> int:
    """The number of cores that this process may use; a container or a batch job limits them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

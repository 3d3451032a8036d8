"""The processes of one run, and which of them speaks for it.

Nothing here imports torch: a command knows its place before anything heavy is loaded.
"""

import ctypes
import os
import signal
import sys


def tasks_of_srun() -> int:
    """Processes that srun started side by side; 1 in a batch script or an allocation's shell too,
    where SLURM_NTASKS only says for how many there is room."""
    return int(os.environ.get("SLURM_STEP_NUM_TASKS", 1))


def is_main_process() -> bool:
    """Whether this process speaks for the run: rank zero under torchrun, srun and Lightning."""
    if "RANK" in os.environ:  # torchrun's, which srun may have started
        return int(os.environ["RANK"]) == 0
    if tasks_of_srun() > 1:
        return int(os.environ["SLURM_PROCID"]) == 0
    return all(int(os.environ.get(name, 0)) == 0 for name in ("NODE_RANK", "LOCAL_RANK"))


def reports_errors() -> bool:
    """Whether an error of this process is told: until the others have met the main one, they only
    repeat what that does, and all would say the same."""
    torch = sys.modules.get("torch")
    return is_main_process() or (torch is not None and torch.distributed.is_initialized())


def end_with_parent() -> None:
    """Have this process killed when the one that started it is gone; on Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG

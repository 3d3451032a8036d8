"""Memory that runs out: said with the batch size and how to halve it, and nothing is lost."""

import pytest
import torch
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.training.out_of_memory import naming_exhausted_memory, with_less
from tasks.training.task import Task
from tests.tasks.training.every_task import built, task_options, train

ALLOCATOR = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 9 bytes. Error code 12 (Cannot allocate memory)"
)
IN_A_LOADER = (
    "Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback (most recent call "
    f'last):\n  File "fetch.py", line 54, in fetch\nRuntimeError: {ALLOCATOR}\n'
)
ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has 1 GiB"),
    RuntimeError(ALLOCATOR),
    RuntimeError(IN_A_LOADER),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    MemoryError(),
]


class Data:
    batch_size = 16


CONFIG = OmegaConf.create({"trainer": {"accumulate_grad_batches": 2}})


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error)[:20])
def test_every_kind_is_said_in_a_line(error):
    with pytest.raises(InputError) as caught, naming_exhausted_memory(Data, CONFIG):
        raise error
    said = str(caught.value)
    assert "memory ran out at data.batch_size=16" in said
    assert "data.batch_size=8 trainer.accumulate_grad_batches=4 for the same" in said
    assert "\n" not in said
    assert "Traceback" not in said


def test_other_errors_pass():
    with pytest.raises(RuntimeError, match="shapes"), naming_exhausted_memory(Data, CONFIG):
        raise RuntimeError("shapes differ")


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (32, "data.batch_size=16 trainer.accumulate_grad_batches=2 for the same"),
        (9, "data.batch_size=3 trainer.accumulate_grad_batches=3 for the same"),
        (7, "data.batch_size=3 trainer.accumulate_grad_batches=2 for nearly the same"),
        (1, "smaller network"),
    ],
)
def test_what_takes_less_memory_is_said(batch, said):
    assert said in with_less(batch, 1)


@pytest.mark.slow
def test_a_run_loses_nothing(run, sample, tmp_path, monkeypatch):
    options = task_options("ssd_coco", tmp_path, sample)
    usual = Task.training_step

    def step(self, batch, number):
        if self.trainer.global_step == 3:
            raise ERRORS[0]
        return usual(self, batch, number)

    with monkeypatch.context() as patch:
        patch.setattr(Task, "training_step", step)
        answer = run(*options, code=2)
    assert "data.batch_size=2 trainer.accumulate_grad_batches=2 for the same" in answer.err
    assert "Traceback" not in answer.err
    assert train(built(options)).trainer.global_step == 4

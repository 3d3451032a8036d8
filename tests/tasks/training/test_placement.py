"""Every tensor of a task follows its device, and a training step never waits for it.

There need be no GPU: torch's fake tensors claim a device without memory on it. They refuse to work
with a tensor of another device, and to give a value to Python.
"""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    FakeTensor,
    FakeTensorMode,
)

from tests.tasks.training.every_task import TASKS, built, task_options

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("every-task")


def claiming(tensor: torch.Tensor, mode: FakeTensorMode, device: str) -> torch.Tensor:
    """A tensor of the same shape that claims to be on a device."""
    fake = tensor if isinstance(tensor, FakeTensor) else mode.from_tensor(tensor.detach())
    with mode:
        return fake.detach().to(device)


def move(module: nn.Module, mode: FakeTensorMode, device: str) -> None:
    """Have parameters and buffers claim to be elsewhere, as `module.to` moves them."""
    for part in module.modules():
        for tensors in (part._parameters, part._buffers):
            for name, tensor in tensors.items():
                if tensor is not None:
                    fake = claiming(tensor, mode, device)
                    tensors[name] = fake if tensors is part._buffers else nn.Parameter(fake)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_follows_its_device(name, root, sample, tmp_path, monkeypatch):
    """To a GPU for training, and back to the CPU, where Lightning leaves it."""
    run = built([*task_options(name, root, sample), f"paths.runs={tmp_path}"])
    task, few = run.task.train(), run.data.batch("train", range(2))
    mode = FakeTensorMode()
    for device in ("cuda", "cpu"):
        move(task, mode, device)
        batch = {name: claiming(tensor, mode, device) for name, tensor in few.items()}
        if device == "cpu":  # where the suppression of boxes asks whether it changed anything
            monkeypatch.setattr(torch, "equal", lambda one, two: True)
        with mode:
            terms = task.train().loss(batch)
            assert {term.device.type for term in terms.values()} == {device}
            with torch.no_grad():
                answer = task.eval().predict(batch)
            assert {values.device.type for values in answer.values()} == {device}


class Forgetful(nn.Module):
    """Keeps a tensor outside its buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.ones(3)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values * self.scale


def test_a_tensor_that_stays_behind_is_found():
    mode, module = FakeTensorMode(), Forgetful()
    values = claiming(torch.ones(3), mode, "cuda")
    with mode, pytest.raises(AssertionError, match="convert all Tensors to FakeTensors"):
        module(values)


def test_a_step_that_waits_for_the_device_is_found():
    mode = FakeTensorMode()
    values = claiming(torch.ones(3), mode, "cuda")
    with mode, pytest.raises(DataDependentOutputException):
        values.sum().item()

"""What this machine lacks is said in a line, before Lightning says it in its own words."""

import pytest
import torch
from omegaconf import OmegaConf

from backbone.errors import InputError
from tasks.training.devices import check_devices
from tasks.training.trainer import precision


@pytest.fixture
def machine(monkeypatch):
    """A machine of so many GPUs, of an old kind or not."""

    def made(gpus: int, bf16: bool = True, capability: tuple[int, int] = (9, 0)) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bf16)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    return made


def trainer(**options):
    return OmegaConf.create({"accelerator": "auto", "devices": 1, "precision": "auto"} | options)


@pytest.mark.parametrize(
    ("gpus", "options"),
    [
        (0, {}),
        (0, {"devices": "auto"}),
        (0, {"devices": 2, "accelerator": "cpu"}),
        (0, {"precision": "bf16-mixed"}),
        (2, {"devices": 2}),
        (2, {"devices": -1}),
        (2, {"devices": [1], "precision": "16-mixed"}),
        (2, {"devices": "0,1", "accelerator": "gpu"}),
        (2, {"devices": 8, "accelerator": "cpu"}),
    ],
)
def test_what_is_there_is_taken(machine, gpus, options):
    machine(gpus)
    check_devices(trainer(**options))


@pytest.mark.parametrize(
    ("gpus", "options", "said"),
    [
        (0, {"accelerator": "gpu"}, "trainer.accelerator=gpu"),
        (0, {"accelerator": "mps"}, "trainer.accelerator=mps"),
        (0, {"devices": [1]}, "this machine has no GPU"),
        (0, {"devices": -1}, "this machine has no GPU"),
        (0, {"precision": "16-mixed"}, "does not train in float16"),
        (0, {"precision": 16}, "does not train in float16"),
        (0, {"precision": "transformer-engine"}, "needs an NVIDIA GPU"),
        (2, {"devices": 3}, "has 2 GPUs, number 0 to 1"),
        (1, {"devices": [1]}, "has 1 GPU, number 0"),
        (2, {"devices": "0,2"}, "has 2 GPUs"),
    ],
)
def test_what_is_not_there_is_said(machine, gpus, options, said):
    machine(gpus)
    with pytest.raises(InputError, match=said):
        check_devices(trainer(**options))


def test_a_gpu_without_bfloat16_is_said(machine):
    machine(1, bf16=False)
    with pytest.raises(InputError, match="bfloat16"):
        check_devices(trainer(precision="bf16-mixed"))


@pytest.mark.parametrize(
    ("gpus", "bf16", "capability", "amx", "wanted", "found"),
    [
        (1, True, (9, 0), False, "auto", "bf16-mixed"),
        (1, False, (7, 5), False, "auto", "16-mixed"),  # T4
        (1, False, (7, 0), True, "auto", "16-mixed"),  # V100
        (1, False, (6, 1), True, "auto", "32-true"),
        (1, False, (7, 5), False, "32-true", "32-true"),
        (0, True, (9, 0), False, "auto", "32-true"),
        (0, True, (9, 0), True, "auto", "bf16-mixed"),
    ],
)
def test_auto_is_what_the_hardware_gains_by(
    machine, monkeypatch, gpus, bf16, capability, amx, wanted, found
):
    machine(gpus, bf16, capability)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert precision(wanted) == found


def test_a_cpu_that_is_asked_for_counts_alone(machine, monkeypatch):
    machine(1)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert precision("auto", "cpu") == "32-true"

"""Whether this machine has the devices and the precision that a run asks for."""

import importlib.util
from typing import Literal

import torch
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError, number_of

Kind = Literal["cuda", "mps", "cpu", "tpu"]
HALF = ("16", "16-mixed", "16-true")


def check_devices(trainer: DictConfig) -> None:
    """Check `trainer.*` against the machine, before Lightning does so with messages of its own.

    Raises:
        InputError: this machine lacks the accelerator, the devices or the precision.
    """
    kind = accelerator(trainer.accelerator)
    devices = trainer.devices
    if OmegaConf.is_list(devices):
        devices = list(devices)
    if kind == "cpu":
        if not (devices == "auto" or (str(devices).isdecimal() and int(devices) > 0)):
            raise InputError(
                f"trainer.devices={devices}: this machine has no GPU, and on a CPU give a number "
                "of processes, at least 1, or auto"
            )
    elif kind == "cuda":
        check_numbers(devices, torch.cuda.device_count())
    check_precision(str(trainer.precision), kind)


def accelerator(wanted: str) -> Kind:
    """The kind of device that `trainer.accelerator` means on this machine.

    Raises:
        InputError: this machine does not have such a device.
    """
    there: dict[str, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "tpu": importlib.util.find_spec("torch_xla") is not None,
        "cpu": True,
    }
    kinds: dict[str, tuple[Kind, ...]] = {
        "auto": ("tpu", "cuda", "mps", "cpu"),
        "gpu": ("cuda", "mps"),
        "cuda": ("cuda",),
        "mps": ("mps",),
        "tpu": ("tpu",),
        "cpu": ("cpu",),
    }
    for kind in kinds[wanted]:
        if there[kind]:
            return kind
    raise InputError(
        f"trainer.accelerator={wanted}: torch {torch.__version__} finds no such device on this "
        "machine; use trainer.accelerator=cpu or auto"
    )


def check_numbers(devices: int | str | list[int], there: int) -> None:
    """Raise InputError if more or other GPUs are requested than there are."""
    if devices in ("auto", -1, "-1"):
        return
    if isinstance(devices, str) and "," not in devices:
        devices = int(devices)
    if isinstance(devices, str):
        devices = [int(number) for number in devices.split(",")]
    missing = devices > there if isinstance(devices, int) else max(devices) >= there
    if missing:
        numbers = f"number 0 to {there - 1}" if there > 1 else "number 0"
        raise InputError(
            f"trainer.devices={devices}: this machine has {number_of(there, 'GPU')}, {numbers}"
        )


def check_precision(precision: str, kind: Kind) -> None:
    """Raise InputError if the devices cannot compute in a precision."""
    if kind == "cpu" and precision in HALF:
        raise InputError(
            f"trainer.precision={precision}: a CPU does not train in float16; use bf16-mixed, "
            "32-true or auto"
        )
    if (
        kind == "cuda"
        and precision.startswith("bf16")
        and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        raise InputError(
            f"trainer.precision={precision}: this GPU does not compute in bfloat16; use 16-mixed, "
            "32-true or auto"
        )
    if precision.startswith("transformer-engine") and (
        kind != "cuda" or importlib.util.find_spec("transformer_engine") is None
    ):
        raise InputError(
            f"trainer.precision={precision} needs an NVIDIA GPU and the package "
            "transformer_engine; use bf16-mixed or auto"
        )

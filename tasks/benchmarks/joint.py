"""One pass of a joint network compared with its parts as separate networks, pixels to answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from backbone.errors import InputError
from backbone.forms import NO_WEIGHTS
from tasks.benchmarks.timing import about, as_a_run, images_per_second, timed_result
from tasks.data.batches import Batch
from tasks.training.build import trusted_modules
from tasks.training.checkpoints import read_checkpoint
from tasks.training.model import Model
from tasks.training.restore import restore


def benchmark_joint(config: DictConfig, batch_size: int = 1, rounds: int = 9) -> dict[str, Any]:
    """Time the answers of the checkpoint that `task.head.weights` names.

    Raises:
        InputError: no checkpoint is named, or it is not a joint network's.
    """
    source = config.task.head.weights
    checkpoint = None if source in NO_WEIGHTS else read_checkpoint(source)
    if checkpoint is None or not checkpoint.parts:
        raise InputError(
            f"task.head.weights={source}: name the joint checkpoint to be timed, as python -m "
            "tasks.join or a run of task=joint wrote it"
        )
    kept = as_a_run(config)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    trust = trusted_modules(config)
    joint = Model(restore(checkpoint, trust), checkpoint, device)
    alone = {
        name: Model(restore(part, trust), part, device) for name, part in checkpoint.parts.items()
    }
    batch = noise(batch_size, checkpoint.size, device)

    def answer(*models: Model) -> Callable[[], None]:
        def step() -> None:
            with torch.inference_mode():
                for model in models:
                    model.task.predict(batch)

        return step

    contenders = {f"{name} alone": answer(model) for name, model in alone.items()}
    contenders["all parts, one after the other"] = answer(*alone.values())
    contenders["one pass"] = answer(joint)
    figures = images_per_second(contenders, batch_size, rounds)
    words = about(batch_size, checkpoint.size, kept, bf16=False)
    return timed_result(f"{Path(source).name}: {words}", {"inference": figures})


def noise(count: int, size: tuple[int, int], device: str) -> Batch:
    """A batch of uint8 noise as prediction makes it."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, 3, *size), dtype=torch.uint8, generator=generator)
    sizes = torch.tensor([size] * count)
    return {
        "image": pixels.to(device, memory_format=torch.channels_last),
        "size": sizes.to(device),
        "extent": sizes.float().to(device),
    }

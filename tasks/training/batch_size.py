"""data.batch_size=auto: the largest batch that fits, found by trial steps without lasting effects.

The search doubles the batch until a step does not fit, or until a larger batch makes no sense. The
number then replaces `auto` in the configuration: the checkpoints, and the run if it is continued,
use the number that was found at the start.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from backbone.errors import InputError, number_of
from tasks.data.batches import Batch
from tasks.data.module import DataModule
from tasks.runs.directory import RunDirectory
from tasks.runs.options import with_options
from tasks.training.batch_norm import check_batch_norm
from tasks.training.checkpoints import read_checkpoint
from tasks.training.device_memory import DeviceMemory
from tasks.training.learner import Learner
from tasks.training.out_of_memory import is_out_of_memory, with_less

AUTO = "auto"
FIRST = 4  # images of the first step that is tried
UNTIL_FOUND = 32  # images of a batch before that, for example when a teacher is scored
# Larger batches are no faster on a CPU, nor on a GPU beyond some hundreds of images. The learning
# rate, which grows with the batch, would become too large.
MOST_ON_A_CPU, MOST = 64, 1024
STEPS = 8  # an epoch keeps at least so many, if the data set has enough images


def is_auto(config: DictConfig) -> bool:
    """Whether the batch size of a configuration must still be found."""
    return bool(config.data.get("batch_size") == AUTO)  # a joint task does not have one


def with_batch_size(config: DictConfig, size: int) -> DictConfig:
    """A copy in which a number replaces `auto`."""
    keys = ("data.batch_size", "data.module.batch_size")
    return with_options(config, {k: size for k in keys if OmegaConf.select(config, k) == AUTO})


def take_up_batch_size(directory: RunDirectory, source: Path | None) -> None:
    """Give a run that is continued the batch size that was found before.

    Args:
        source: the checkpoint that it continues from; None if it begins from nothing.

    Raises:
        InputError: the checkpoint is damaged.
    """
    if is_auto(directory.config) and source is not None:
        found = read_checkpoint(source).config.get("data", {}).get("batch_size")
        if isinstance(found, int):
            directory.settle(with_batch_size(directory.config, found))


class BatchSizeSearch(pl.Callback):
    """Finds the batch size of a run just before it starts, on its device.

    Args:
        directory: of the run; the number is added to its configuration.
    """

    def __init__(self, directory: RunDirectory):
        self.directory = directory

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Search once, in all processes together."""
        if not is_auto(self.directory.config):
            return
        assert isinstance(pl_module, Learner)
        data: DataModule = trainer.datamodule  # type: ignore[attr-defined]
        device = trainer.strategy.root_device
        pl_module.to(device)
        most, limit = largest_sensible(data, trainer, device, trains=stage == "fit")
        with untouched(pl_module), torch.compiler.set_stance("force_eager"):
            step = trial_step(pl_module, data, trainer, trains=stage == "fit")
            memory = DeviceMemory(device)
            size = largest_that_fits(step, most, memory)
        memory.release()
        if size < most:
            limit = "fits into memory"
        # the smallest answer of all processes
        found = trainer.strategy.reduce(torch.tensor(float(size), device=device), reduce_op="min")
        size = int(found)
        data.batch_size = size
        self.directory.settle(with_batch_size(self.directory.config, size))
        images = number_of(size, "image")
        print(f"data.batch_size=auto: {images} per device and step, the most that {limit}")


def largest_sensible(
    data: DataModule, trainer: pl.Trainer, device: torch.device, trains: bool
) -> tuple[int, str]:
    """The largest power of two that is tried, and the reason for this limit, to end a sentence."""
    most, limit = MOST, f"is tried ({MOST:,})"
    if device.type == "cpu":
        most, limit = MOST_ON_A_CPU, "a CPU gains by"
    if trains:
        if "train" in data.datasets:
            images = len(data.datasets["train"]) // trainer.world_size
        else:  # a stream
            images = data.batches_per_epoch() * data.batch_size
        if images < most * STEPS:
            most, limit = max(images // STEPS, 2), f"leaves an epoch {STEPS} steps"
    return 2 ** (most.bit_length() - 1), limit


def largest_that_fits(step: Callable[[int], None], most: int, memory: DeviceMemory) -> int:
    """The largest power of two, up to `most`, for which a step fits into memory.

    Args:
        step: makes a step with so many images.
        most: a power of two.

    Raises:
        InputError: not even a single image fits.
    """

    def fits(size: int) -> bool:
        memory.start()
        try:
            step(size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            return memory.suffices()
        gc.collect()  # the error kept the step's tensors alive
        return False

    size = min(FIRST, most)
    if fits(size) and fits(size):  # the first step allocates what later ones find in place
        while size < most and memory.allows_twice() and fits(2 * size):
            size *= 2
        return size
    while size > 1:
        size //= 2
        if fits(size):
            return size
    raise InputError(f"memory runs out with a single image per step. {with_less(1, 1)}")


def trial_step(
    task: Learner[Any], data: DataModule, trainer: pl.Trainer, trains: bool
) -> Callable[[int], None]:
    """A step of a run for any number of images, which are a few of the data set's, repeated."""
    split = "train" if trains and "train" in data.datasets else data.reported
    few = data.batch(split, range(min(FIRST, len(data.datasets[split]))))
    autocast = trainer.precision_plugin.forward_context

    def repeated(size: int) -> Batch:
        count = len(few["image"])
        rows = torch.arange(size) % count
        batch = {name: value[rows] for name, value in few.items()}
        moved: Batch = trainer.strategy.batch_to_device(batch)
        return moved

    def answer(size: int) -> None:
        with torch.inference_mode(), autocast():
            task.eval().predict(repeated(size))

    if not trains:
        return answer
    task.begin_teaching()
    task.train()
    task.recipe.set_trunk_mode(task.head.trunk, task.recipe.freeze_trunk_epochs)  # all of it learns
    optimizer, _ = task.recipe.build(task, FIRST, 1)

    def learn(size: int) -> None:
        if size == 1:
            height, width = few["image"].shape[-2:]
            _check_one_image(task, (height, width))
        try:
            with autocast():
                total = task.total(task.loss(repeated(size)))
            total.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        finally:
            optimizer.zero_grad(set_to_none=True)

    return learn


def _check_one_image(task: Learner[Any], size: tuple[int, int]) -> None:
    """Raise InputError if the network cannot learn from a single image, and no second one fits."""
    try:
        check_batch_norm(task, 1, size)
    except InputError as error:
        raise InputError(
            f"memory runs out with two images per step, and one is too few. {with_less(1, 1)}. "
            f"{error}"
        ) from error


@contextmanager
def untouched(task: Learner[Any]) -> Iterator[None]:
    """Restore everything afterwards: weights, batch statistics, modes, and random numbers."""
    tensors: dict[str, Tensor] = {**dict(task.named_parameters()), **dict(task.named_buffers())}
    kept = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    modes = [(module, module.training) for module in task.modules()]
    learning = [(parameter, parameter.requires_grad) for parameter in task.parameters()]
    devices = [task.device] if task.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        with torch.no_grad():
            for name, tensor in tensors.items():
                tensor.copy_(kept[name])
        for module, training in modes:
            module.training = training
        for parameter, learns in learning:
            parameter.requires_grad_(learns)
            parameter.grad = None

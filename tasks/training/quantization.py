"""Training with fake quantisation: a trained network is trained as if it computed in integers.

Batch norm is folded and frozen from the first step (arXiv 1712.05877, section 3.2, after its
freeze), since the network already has its statistics. The ranges of the feature maps start from
some of the run's images, follow the batches, and are then frozen while the weights settle.
"""

from collections.abc import Iterable
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig
from torch import Tensor

from backbone.errors import InputError
from backbone.evaluating import evaluating
from backbone.quantized import Rounding
from backbone.quantizing import Quantization, quantize
from backbone.trunk import Trunk
from tasks.images.files import image_size
from tasks.training.build import Loaded, fill_head
from tasks.training.learner import Learner


def quantize_task(task: Learner[Any], size: tuple[int, int], bits: int) -> Quantization:
    """Put quantised layers into a task's network; their ranges are not yet known.

    Args:
        size: (h, w) of the network's input in pixels.
        bits: of the weights.

    Raises:
        InputError: its batch norms cannot be folded in training.
    """
    for module in task.head.modules():
        if isinstance(module, Trunk) and module.norms:
            raise InputError(
                f"quantize=qat: {type(module).__name__} keeps its batch norms apart from its "
                "convolutions; use backbone=mobilenet_v1 or mobilenet_v2, or train without it and "
                "give int8=FOLDER to python -m tasks.export"
            )
    return quantize(task.head, lambda _, images: task.network(images), size, bits)


def quantized_by(
    config: DictConfig, task: Learner[Any], weights: Loaded | None
) -> Quantization | None:
    """Put quantised layers into a run's network; None if its configuration asks for none.

    Args:
        weights: the report on what was loaded before.

    Raises:
        InputError: the run has no trained weights, or the batch norms cannot be folded.
    """
    learns = config.get("quantize")
    if learns is None:
        return None
    if config.trainer.max_epochs > 0:
        fill_head(task, config, weights, "quantize=qat trains trained weights further")
    return quantize_task(task, image_size(config.size), learns.bits)


def start_ranges(quantization: Quantization, batches: Iterable[Tensor]) -> None:
    """Set the ranges to those of some images.

    Args:
        batches: float[B, 3, h, w], normalised.
    """
    with evaluating(quantization.network):
        quantization.calibrate(batches)


class RunningRanges(Callback):
    """Lets the ranges follow the training batches until they are frozen.

    This only depends on the step, so a continued run does the same.

    Args:
        share: weight of each batch in a range.
        freeze: share of the run's steps after which the ranges are frozen.
    """

    def __init__(self, share: float, freeze: float):
        self.share, self.freeze = share, freeze

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, *args: Any, **kwargs: Any
    ) -> None:
        """Watch the batch, unless the ranges are frozen."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        assert trainer.max_epochs is not None
        steps = trainer.max_epochs * data.steps_per_epoch()
        if trainer.max_steps >= 0:
            steps = min(steps, trainer.max_steps)
        if trainer.global_step < self.freeze * steps:
            self.watch(pl_module, True)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *args: Any, **kwargs: Any
    ) -> None:
        """Stop watching, so that evaluations change nothing."""
        self.watch(pl_module, False)

    def watch(self, module: LightningModule, watching: bool) -> None:
        """Set whether all ranges of a module follow the values that pass."""
        for rounding in module.modules():
            if isinstance(rounding, Rounding):
                rounding.watching, rounding.share = watching, self.share

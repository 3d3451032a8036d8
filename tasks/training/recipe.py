"""How a task is optimised: the optimizer, its parameter groups and its schedule."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from backbone.errors import InputError
from backbone.quantized import QuantizedConv2d, QuantizedLinear

Schedule = Callable[[float], float]
Group = dict[str, Any]  # parameters with an optimizer's options for them


def cosine(progress: float) -> float:
    """Half a cosine from 1 to 0 over `progress` in 0..1."""
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def exponential(progress: float, final: float = 0.01, stairs: int = 20) -> float:
    """Fall from 1 to `final` over `progress` in 0..1, in `stairs` steps of one factor each."""
    return float(final ** (math.floor(min(progress, 1.0) * stairs) / stairs))


def stepwise(progress: float, at: Sequence[float], factor: float = 0.1) -> float:
    """1, multiplied by `factor` at each of the moments `at`; they and `progress` are in 0..1."""
    return float(factor ** sum(progress >= moment for moment in at))


def decays(module: nn.Module, name: str) -> bool:
    """Whether weight decay applies to a parameter of a module.

    It applies to the weights of full convolutions and linear layers, but not to depthwise kernels,
    normalisation layers and biases (section 3.1 of the paper: depthwise filters have so few
    parameters).
    """
    if name != "weight":
        return False
    if isinstance(module, nn.Conv2d | QuantizedConv2d):
        return module.groups == 1
    return isinstance(module, nn.Linear | QuantizedLinear)


def parameter_groups(
    model: nn.Module, weight_decay: float, lr: float, trunk_lr_scale: float
) -> list[Group]:
    """Up to four groups, {trunk, head} x {decay, no decay}; each trainable parameter is in one.

    A parameter belongs to the trunk if it is inside a module named `trunk`.
    """
    groups: dict[tuple[bool, bool], Group] = {}
    seen = set()
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad or parameter in seen:
                continue
            seen.add(parameter)
            in_trunk = "trunk" in path.split(".")
            decay = decays(module, name)
            group = groups.setdefault(
                (in_trunk, decay),
                {
                    "name": ("trunk" if in_trunk else "head") + ("" if decay else "/no_decay"),
                    "params": [],
                    "lr": lr * (trunk_lr_scale if in_trunk else 1.0),
                    "weight_decay": weight_decay if decay else 0.0,
                },
            )
            group["params"].append(parameter)
    return list(groups.values())


def keep_statistics(network: nn.Module) -> None:
    """Let every batch norm normalise with its stored statistics, and not update them."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


@dataclass
class Recipe:
    """How a task is optimised.

    The options about the trunk are for trained weights; `from_scratch` resets them.

    Args:
        optimizer: callable (parameter groups, lr=) -> Optimizer.
        lr: learning rate for an effective batch of `batch` images; scaled linearly to the actual
            batch (arXiv 1706.02677, section 2.1).
        batch: images per step that `lr` is stated for.
        weight_decay: only for full kernels, see `decays`.
        trunk_lr_scale: the trunk's learning rate relative to the head's.
        warmup: fraction of all steps over which the learning rate rises from near zero.
        schedule: progress 0..1 after the warm-up -> multiplier of the learning rate.
        ema_decay: decay per step of the moving average of the weights; None: no average.
        freeze_trunk: the trunk and its batch statistics are never changed. Nothing of it is in the
            optimizer, and no gradient reaches it, so steps are faster.
        freeze_trunk_epochs: the trunk and its batch statistics are not changed in this many epochs
            at the start, while a new head learns.
        freeze_trunk_statistics: the trunk normalises with its stored batch statistics in training
            and keeps them, since those of a few hundred images would be worse.
    """

    optimizer: Callable[..., Optimizer]
    lr: float
    batch: int
    weight_decay: float
    schedule: Schedule
    trunk_lr_scale: float = 1.0
    warmup: float = 0.0
    ema_decay: float | None = None
    freeze_trunk: bool = False
    freeze_trunk_epochs: int = 0
    freeze_trunk_statistics: bool = False

    def from_scratch(self) -> "Recipe":
        """The recipe for a trunk with random weights, which always learns like the head.

        Raises:
            InputError: the trunk is to be frozen.
        """
        if self.freeze_trunk:
            raise InputError(
                "optimizer.freeze_trunk=true would freeze a trunk with random weights: give it "
                "trained ones with backbone.weights= or task.head.weights="
            )
        return replace(
            self, trunk_lr_scale=1.0, freeze_trunk_epochs=0, freeze_trunk_statistics=False
        )

    def set_trunk_mode(self, trunk: nn.Module, epoch: int) -> None:
        """Set what of a trunk learns in an epoch: its weights, its batch statistics, or nothing."""
        learns = not self.freeze_trunk and epoch >= self.freeze_trunk_epochs
        trunk.requires_grad_(learns).train(learns)
        if self.freeze_trunk_statistics:
            keep_statistics(trunk)

    def build(
        self, model: nn.Module, batch: int, steps: int, first: int = 0
    ) -> tuple[Optimizer, LambdaLR]:
        """The optimizer and its schedule per step.

        Args:
            batch: images per step, over all processes.
            steps: of the whole run.
            first: the position in the plan of the step that is counted as 0; see `Lineage.planned`.
        """
        lr = self.lr * batch / self.batch
        groups = parameter_groups(model, self.weight_decay, lr, self.trunk_lr_scale)
        optimizer = self.optimizer(groups, lr=lr)
        warmup = round(self.warmup * steps)

        def factor(step: int) -> float:
            step = max(step + first, 0)
            if step < warmup:
                return (step + 1) / (warmup + 1)
            return self.schedule((step - warmup) / max(steps - warmup, 1))

        return optimizer, LambdaLR(optimizer, factor)

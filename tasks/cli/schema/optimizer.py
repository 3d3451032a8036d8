"""Options of the recipe: the optimizer, its schedule, and what it spares."""

from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import Count, Fraction, Node, NotNegative, Positive, Said, Share, Whole
from tasks.cli.schema.types import rising as check_rising

Decay = Annotated[float, Field(ge=0, lt=1)]


class RecipeOptions(Described):
    """The recipe of training"""

    optimizer: Node = option("the optimizer itself")
    lr: float = option(
        "learning rate for `batch` images a step; scaled linearly to the real number", gt=0
    )
    batch: Count = option("images a step that lr is stated for", unit="images")
    weight_decay: NotNegative = option("on the kernels of full convolutions and linear layers only")
    trunk_lr_scale: float = option(
        "learning rate of a trunk with trained weights, relative to the head's", ge=0, le=1000
    )
    freeze_trunk: bool = option(
        "keep the trunk and its statistics as they are, and train the head alone; python -m "
        "tasks.join makes one network of heads on the same trunk",
        False,
    )
    freeze_trunk_epochs: Whole = option(
        "train the head alone at first; on several devices add "
        "trainer.strategy=ddp_find_unused_parameters_true",
        unit="epochs",
    )
    freeze_trunk_statistics: bool = option("the trunk's batch norm works as in evaluation")
    warmup: Fraction = option("share of all steps over which the learning rate rises")
    schedule: Node = option("how the learning rate falls after the warm-up")
    ema_decay: float | None = option(
        "decay of the weights' moving average, which is scored; null: none", gt=0, lt=1
    )


class SGDOptions(Described):
    """torch.optim.SGD"""

    momentum: Decay = option("momentum")
    nesterov: bool = option("Nesterov's momentum; needs a momentum above 0")
    dampening: Decay = option("dampening of momentum", 0.0)
    maximize: bool = option("climb in place of descending", False)
    foreach: bool | None = option("torch's implementation over lists of tensors", None)
    fused: bool | None = option("torch's fused implementation", None)


class AdamWOptions(Described):
    """torch.optim.AdamW"""

    betas: Annotated[
        list[Decay], Field(min_length=2, max_length=2), Said("two numbers from 0 and below 1")
    ] = option("decays of the two running averages")
    fused: bool | None = option("torch's fused implementation")
    eps: Positive = option("added to the denominator", 1e-8)
    amsgrad: bool = option("AMSGrad", False)
    maximize: bool = option("climb in place of descending", False)
    foreach: bool | None = option("torch's implementation over lists of tensors", None)


class RMSpropTFOptions(Described):
    """timm.optim.RMSpropTF"""

    alpha: Decay = option("decay of the running average of squared gradients")
    momentum: NotNegative = option("momentum")
    eps: NotNegative = option("inside the square root")
    centered: bool = option("normalise by the gradients' variance", False)
    decoupled_decay: bool = option("weight decay apart from the gradient", False)
    lr_in_momentum: bool = option("learning rate inside the momentum buffer", True)


class CosineOptions(Described):
    """Schedule: half a cosine from 1 to 0"""


class ExponentialOptions(Described):
    """Schedule: falls in equal steps of the exponent"""

    final: Share = option("learning rate at the last step, relative to the first", 0.01)
    stairs: Count = option("steps of the exponent", 20)


class StepwiseOptions(Described):
    """Schedule: falls at given moments"""

    at: Annotated[
        list[Fraction], AfterValidator(check_rising), Said("a list of rising numbers from 0 to 1")
    ] = option("the moments, as shares of the run after the warm-up")
    factor: Share = option("learning rate after each moment, relative to before", 0.1)

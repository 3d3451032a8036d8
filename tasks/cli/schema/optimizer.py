"""Options of the recipe: the optimizer, its schedule, and what stays frozen."""

from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import Count, Fraction, Node, NotNegative, Positive, Said, Share, Whole
from tasks.cli.schema.types import rising as check_rising

Decay = Annotated[float, Field(ge=0, lt=1)]
# those of torch.optim, listed here so that torch need not be imported
TORCH_OPTIMIZERS = [
    "ASGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LBFGS",
    "Muon",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SGD",
    "SparseAdam",
]


class RecipeOptions(Described):
    """The recipe of training"""

    optimizer: Node = option("the optimizer itself")
    lr: float = option(
        "learning rate for `batch` images per step; scaled linearly to the real number", gt=0
    )
    batch: Count = option("images per step that lr is stated for", unit="images")
    weight_decay: NotNegative = option(
        "weight decay; only on the kernels of full convolutions and linear layers"
    )
    trunk_lr_scale: float = option(
        "the trunk's learning rate relative to the head's, if its weights are trained ones",
        ge=0,
        le=1000,
    )
    freeze_trunk: bool = option(
        "keep the trunk and its statistics as they are, and train only the head; python -m "
        "tasks.join can then put several heads on the same trunk",
        False,
    )
    freeze_trunk_epochs: Whole = option(
        "train only the head in this many epochs at the start; on several devices add "
        "trainer.strategy=ddp_find_unused_parameters_true",
        unit="epochs",
    )
    freeze_trunk_statistics: bool = option(
        "keep the statistics of the trunk's batch norm, and normalise with them in training"
    )
    warmup: Fraction = option("share of all steps over which the learning rate rises")
    schedule: Node = option("how the learning rate falls after the warm-up")
    ema_decay: float | None = option(
        "decay of the moving average of the weights, which is what is scored; null: no average",
        gt=0,
        lt=1,
    )


class SGDOptions(Described):
    """torch.optim.SGD"""

    momentum: Decay = option("momentum")
    nesterov: bool = option("Nesterov's momentum; needs a momentum above 0")
    dampening: Decay = option("dampening of momentum", 0.0)
    maximize: bool = option("maximise the loss instead of minimising it", False)
    foreach: bool | None = option("use torch's implementation over lists of tensors", None)
    fused: bool | None = option("use torch's fused implementation", None)


class AdamWOptions(Described):
    """torch.optim.AdamW"""

    betas: Annotated[
        list[Decay], Field(min_length=2, max_length=2), Said("two numbers from 0 and below 1")
    ] = option("decays of the two running averages")
    fused: bool | None = option("use torch's fused implementation")
    eps: Positive = option("added to the denominator", 1e-8)
    amsgrad: bool = option("use the AMSGrad variant", False)
    maximize: bool = option("maximise the loss instead of minimising it", False)
    foreach: bool | None = option("use torch's implementation over lists of tensors", None)


class RMSpropTFOptions(Described):
    """timm.optim.RMSpropTF"""

    alpha: Decay = option("decay of the running average of squared gradients")
    momentum: NotNegative = option("momentum")
    eps: NotNegative = option("added inside the square root")
    centered: bool = option("normalise by the variance of the gradients", False)
    decoupled_decay: bool = option("decouple weight decay from the gradient", False)
    lr_in_momentum: bool = option("apply the learning rate inside the momentum buffer", True)


class CosineOptions(Described):
    """Schedule: half a cosine from 1 to 0"""


class ExponentialOptions(Described):
    """Schedule: an exponential fall, in equal stairs"""

    final: Share = option("learning rate at the last step, relative to the first", 0.01)
    stairs: Count = option("number of stairs", 20)


class StepwiseOptions(Described):
    """Schedule: a fall at given moments"""

    at: Annotated[
        list[Fraction], AfterValidator(check_rising), Said("a list of rising numbers from 0 to 1")
    ] = option("the moments, as shares of the run after the warm-up")
    factor: Share = option("the learning rate is multiplied by this at each moment", 0.1)

"""Options of a joint task: its data, its task and its network."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.task import TaskOptions
from tasks.cli.schema.types import Fraction, Name, Node, Positive, Said

WeightsOfParts = Annotated[dict[str, Positive], Said("numbers above 0 by part, as {planet:0.5}")]


class JointDataOptions(Described):
    """The data of a joint task"""

    name: Name = option("its name; choose with data=")
    kind: Name = option("the kind of task that it suits")
    combine: Literal["max_size_cycle", "min_size", "proportional"] = option(
        "when an epoch ends; max_size_cycle: after the images of the part with the most batches, "
        "while the others start their next epochs; min_size: after those of the part with the "
        "fewest; proportional: after the images of every part once, so that a step has batches of "
        "only some parts, which needs trainer.strategy=ddp_find_unused_parameters_true on several "
        "devices"
    )
    view: Node = option("the part of an image that the network sees")
    module: Node = option("the loaders")


class JointTaskOptions(TaskOptions):
    """A joint task"""

    parts: Annotated[list[Name], Field(min_length=1)] = option(
        "the parts: names of tasks, or your own names with parts.NAME.task=TASK; the options of "
        "each are parts.NAME.data.*, .task.*, .size, .preprocess, .augment and .distill"
    )
    extends: Name | None = option(
        "a checkpoint that the run extends: its trunk and its parts are where the training begins, "
        "and each of its parts is taught by itself as it was; null: none"
    )
    weights: WeightsOfParts | Literal["balanced", "uncertainty", "gradients"] | None = option(
        "weights of the parts' losses, 1 for parts that are not named; balanced: sum the "
        "logarithms of the losses (arXiv 1904.08492); uncertainty: learn the weights (arXiv "
        "1705.07115); gradients: scale each part's gradient in the trunk to a norm in proportion "
        "to the number of its losses (arXiv 1711.02257 with alpha 0); null: 1 for all"
    )
    references: WeightsOfParts | None = option(
        "monitored scores of the parts trained alone, 1 for parts that are not named; each part's "
        "score is divided by its reference, and the weighted mean picks the best checkpoint"
    )
    statistics: Literal["shared", "frozen", "per_part"] = option(
        "of the trunk's batch norm; shared: one set for all parts; frozen: those of the weights; "
        "per_part: one set per part, so that one pass runs the trunk once per part"
    )
    trunk_rate: Positive = option(
        "the trunk's learning rate relative to optimizer.lr (times optimizer.trunk_lr_scale where "
        "it has trained weights): one step of it serves all parts"
    )
    settle: Fraction = option(
        "share of the epochs after which shared statistics are frozen, and training normalises "
        "with them as evaluation does; 1: never"
    )


class JointHeadOptions(Described):
    """The network of a joint task"""

    weights: Name | None = option(
        "initial weights: a joint checkpoint with the same parts; null: load only the trunk, from "
        "backbone.weights",
        None,
    )

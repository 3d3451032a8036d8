"""Options of a task: what every task has, and the heads and settings that families share."""

from typing import Annotated

from pydantic import Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import Count, Name, Node, Positive, Said, Size

Dropout = Annotated[float, Field(ge=0, lt=1)]
LabelWeights = Annotated[dict[str | int, Positive], Said("numbers above 0 by name, as {ants:10}")]
FOCAL = "gamma of the focal loss (arXiv 1708.02002), usually 2; 0: cross-entropy"


class TaskOptions(Described):
    """A task"""

    name: Name = option("its name; choose with task=")
    kind: Name = option("the kind of data it needs")
    module: Node = option("loss, metric and answers")
    head: Node = option("the layers on top of the trunk")
    distillation: Node | None = option(
        "how a student's outputs are compared with a teacher's; null: the task cannot be distilled",
        None,
    )
    bench: Node | None = option("what python -m tasks.bench runs; null: nothing", None)
    paper: Annotated[dict[str, object], Said("facts by name")] | None = option(
        "the row of the paper that a result is compared with", None
    )
    sample: Node | None = option("settings of mode=sample", None)
    overfit: Node | None = option("settings of mode=overfit", None)


class ModeSettingsOptions(Described):
    """The task's settings for a mode"""

    lr: Positive = option("optimizer.lr in this mode")
    batch_size: Count = option("data.batch_size in this mode", unit="images")
    epochs: Count = option("trainer.max_epochs in this mode", unit="epochs")
    epochs_per_validation: Count = option(
        "trainer.check_val_every_n_epoch in this mode", unit="epochs"
    )


class SampleSettingsOptions(ModeSettingsOptions):
    """The task's settings for mode=sample"""

    size: Size | None = option(
        "size in this mode; null in a joint task, whose parts have their own", unit="pixels"
    )


class OverfitSettingsOptions(ModeSettingsOptions):
    """The task's settings for mode=overfit"""

    images: Count = option("data.limit in this mode", unit="images")


class HeadOptions(Described):
    """What every head has"""

    weights: Name | None = option(
        "initial weights of the whole network: a run's best.ckpt, the file of a released network, "
        "or tf_zoo or tf_zoo_int8 for TensorFlow's published SSDs; null: load only the trunk, from "
        "backbone.weights",
        None,
    )


class ClassifierOptions(HeadOptions):
    """Classifier head"""

    dropout: Dropout = option("probability of dropping a pooled feature")


class TemperatureOptions(Described):
    """Distillation of classes and attributes"""

    temperature: Positive = option(
        "softens the probabilities that are compared; 1: as they are", 1.0
    )


class TimingOptions(Described):
    """Benchmarks of speed"""

    batch_size: Count = option("images per batch", unit="images")
    rounds: Count = option("number of measurements; the median is reported")

"""Options of a run as a whole: those at the root, and the folders."""

from typing import Literal

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import Count, Fraction, Name, Node, NotNegative, Path, Size


class RunOptions(Described):
    """The run as a whole"""

    seed: int = option("seeds the weights, the order of images and augmentation", ge=0, lt=2**32)
    size: Size = option("input resolution: one number, or [height,width]", unit="pixels")
    compile: Literal["auto"] | bool = option(
        "torch.compile network and loss: a slow start, faster steps afterwards; auto: in trainings "
        "of 10,000 batches or more on a GPU"
    )
    augment: bool = option("random crops, flips and colours in training")
    extend: Count | None = option(
        "continue the finished run of the same command for so many epochs more; null: not",
        unit="epochs",
    )
    resume: Path = option(
        "a checkpoint of another run, which this one goes on from in its own directory; auto: its "
        "own, or else the finished run of the same command with fewer epochs; none: its own alone",
        hint="or auto or none",
    )
    fresh: bool = option("start over where the run directory holds an earlier run")
    trust: list[Name] = option(
        "modules of your own that a checkpoint's task may come from, such as [grades]"
    )
    mode: Literal["full", "sample", "smoke", "overfit", "evaluate"] = option(
        "the mode that was chosen, for the record: choose with mode=, see above"
    )
    backbone: Node = option("the trunk; choose with backbone=")
    data: Node = option("the data set; choose with data=")
    optimizer: Node = option("the recipe of training; choose with optimizer=")
    trainer: Node = option("Lightning's Trainer")
    logger: Node = option("what the numbers are written to beside metrics.csv; choose with logger=")
    preprocess: Node = option("random changes of training images; choose with preprocess=")
    task: Node = option("the task; choose with task=")
    early_stop: Node = option("when a run ends before trainer.max_epochs")
    paths: Node = option("the folders")


class EarlyStopOptions(Described):
    """Early stopping"""

    patience: Count | None = option(
        "validations without a better monitored score after which a run ends; null: it never does",
        unit="validations",
    )


class WandbOptions(Described):
    """Weights & Biases"""

    project: Name = option("the project")
    entity: Name | None = option("the team or account; null: your own")
    offline: bool = option("write into the run directory alone; `wandb sync` sends it later")


class MlflowOptions(Described):
    """MLflow"""

    tracking_uri: Name | None = option("the server's address; null: files in the run directory")
    experiment: Name = option("the experiment")


class PathsOptions(Described):
    """Folders"""

    data: Path = option("data sets, and the drawn samples")
    runs: Path = option("one folder for each run")
    cache: Path = option("parsed annotations, partitions and downloaded weights")


class PreprocessOptions(Described):
    """Random changes of training images, on the device"""

    flip: Fraction = option("probability that a training image is mirrored")
    brightness: NotNegative = option("largest offset of pixel values, on the 0..1 scale")
    contrast: NotNegative = option("the factor is drawn from 1 - contrast to 1 + contrast")
    saturation: NotNegative = option("the factor is drawn from 1 - saturation to 1 + saturation")
    operations: int = option(
        "operations of RandAugment on each image, 2 as a rule; not for detectors, whose boxes "
        "would not follow", 0, ge=0, le=16,
    )  # fmt: skip
    magnitude: float = option("strength of these operations", 9.0, ge=0, le=30)
    erase: Fraction = option("probability that a rectangle of an image becomes noise", 0.0)


class TeachingOptions(Described):
    """Learning from a teacher"""

    weight: float = option("the teacher's share of the loss; at 1 no label is read", gt=0, le=1)
    source: Node = option("where the teacher's outputs come from")


class CachedTeachingOptions(TeachingOptions):
    """Learning from a file of outputs"""

    outputs: Path = option("file of python -m tasks.teacher, or anyone's .npz of name and output")


class NetworkTeachingOptions(TeachingOptions):
    """Learning from a trained network"""

    teacher: Path = option(
        "best.ckpt of a run of the same task, or a file of its network's weights at any width, "
        "such as a released detector's .tflite"
    )
    tolerance: NotNegative | None = option(
        "how far the teacher may fall below its recorded score, as a share of it; null: any"
    )


class QuantizeOptions(Described):
    """Training with fake quantisation"""

    bits: Literal[8, 7] = option(
        "of the weights; 7 for CPUs without VNNI, whose products of 8-bit numbers overflow",
        unit="bits",
    )
    share: float = option("of each batch in the running ranges of the maps", gt=0, le=1)
    freeze: Fraction = option(
        "share of the steps after which the ranges stay; at 0 those of the run's first images do"
    )


class ChoiceOptions(Described):
    """A task or data set's name and kind"""

    name: Name = option("its name")
    kind: Name = option("the kind of data that task and data set agree on")

"""Options of a run as a whole: those at the root, and the folders."""

from typing import Literal

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import Count, Fraction, Name, Node, NotNegative, Path, Size


class RunOptions(Described):
    """The run as a whole"""

    seed: int = option(
        "seed of the random weights, the order of images, and augmentation", ge=0, le=2**32 - 1
    )
    size: Size = option("input resolution: one number, or [height,width]", unit="pixels")
    compile: Literal["auto"] | bool = option(
        "compile network and loss with torch.compile: a slow start, faster steps afterwards; auto: "
        "only on a GPU, in trainings of 10,000 batches or more"
    )
    augment: bool = option("random crops, flips and colours in training")
    extend: Count | None = option(
        "train the finished run of the same command for this many more epochs; null: do not",
        unit="epochs",
    )
    resume: Path = option(
        "the checkpoint that training continues from, in a new run directory; auto: this run's "
        "own, or else that of a finished run of the same command with fewer epochs; none: only "
        "this run's own",
        hint="or auto or none",
    )
    fresh: bool = option("start over, even if the run directory holds an earlier run")
    trust: list[Name] = option(
        "your own modules that a checkpoint's task may be imported from, such as [grades]"
    )
    mode: Literal["full", "sample", "smoke", "overfit", "evaluate"] = option(
        "records the chosen mode; choose it with mode=, see above"
    )
    backbone: Node = option("the trunk; choose with backbone=")
    data: Node = option("the data set; choose with data=")
    optimizer: Node = option("the recipe of training; choose with optimizer=")
    trainer: Node = option("Lightning's Trainer")
    logger: Node = option(
        "where numbers are written besides metrics.csv; choose with logger=", default={}
    )
    preprocess: Node = option("random changes of training images; choose with preprocess=")
    task: Node = option("the task; choose with task=")
    early_stop: Node = option("when a run ends before trainer.max_epochs")
    paths: Node = option("the folders")


class EarlyStopOptions(Described):
    """Early stopping"""

    patience: Count | None = option(
        "end the run after this many validations without a better monitored score; null: never",
        unit="validations",
    )


class WandbOptions(Described):
    """Weights & Biases"""

    project: Name = option("the project")
    entity: Name | None = option("the team or account; null: your own")
    offline: bool = option("write only into the run directory; `wandb sync` sends it later")


class MlflowOptions(Described):
    """MLflow"""

    tracking_uri: Name | None = option("the server's address; null: files in the run directory")
    experiment: Name = option("the experiment")


class PathsOptions(Described):
    """Folders"""

    data: Path = option("data sets and drawn samples")
    runs: Path = option("run directories")
    cache: Path = option("parsed annotations, partitions and downloaded weights")


class PreprocessOptions(Described):
    """Random changes of training images, on the device"""

    flip: Fraction = option("probability that a training image is mirrored")
    brightness: NotNegative = option("largest offset of pixel values, on the 0..1 scale")
    contrast: NotNegative = option("the factor is drawn from 1 - contrast to 1 + contrast")
    saturation: NotNegative = option("the factor is drawn from 1 - saturation to 1 + saturation")
    operations: int = option(
        "number of RandAugment operations per image, usually 2; not for detectors, since boxes "
        "would not follow", 0, ge=0, le=16,
    )  # fmt: skip
    magnitude: float = option("strength of RandAugment's operations", 9.0, ge=0, le=30)
    erase: Fraction = option("probability that a rectangle of the image becomes noise", 0.0)


class TeachingOptions(Described):
    """Learning from a teacher"""

    weight: float = option("the teacher's share of the loss; at 1, no label is read", gt=0, le=1)
    source: Node = option("where the teacher's outputs come from")


class CachedTeachingOptions(TeachingOptions):
    """Learning from a file of outputs"""

    outputs: Path = option(
        "file written by python -m tasks.teacher, or any .npz file with `name` and `output`"
    )


class NetworkTeachingOptions(TeachingOptions):
    """Learning from a trained network"""

    teacher: Path = option(
        "best.ckpt of a run of the same task, or a file of its network's weights at any width, "
        "such as a released detector's .tflite"
    )
    tolerance: NotNegative | None = option(
        "how far the teacher may fall below its recorded score, as a share of that score; null: "
        "any distance"
    )


class QuantizeOptions(Described):
    """Training with fake quantisation"""

    bits: Literal[8, 7] = option(
        "precision of the weights; use 7 for CPUs without VNNI, where 8-bit products overflow",
        unit="bits",
    )
    share: float = option(
        "weight of each new batch in the running ranges of the feature maps", gt=0, le=1
    )
    freeze: Fraction = option(
        "share of the steps after which the ranges are frozen; at 0, the ranges of the first "
        "images are kept"
    )

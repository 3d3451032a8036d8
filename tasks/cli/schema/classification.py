"""Options of classification: its data sets and its task."""

from typing import Literal

from tasks.cli.schema.data import ABOUT_TEST, ClassesOptions
from tasks.cli.schema.node import Described, option
from tasks.cli.schema.task import FOCAL, LabelWeights
from tasks.cli.schema.types import Fraction, Part, Path


class ImageNetOptions(ClassesOptions):
    """ImageNet (imagenet)"""

    train: Path | None = option("folder of training images; null: none, for mode=evaluate")
    val: Path = option("folder of validation images, in class folders or flat")
    val_labels: Path | None = option(
        "list of the classes of a flat val; null: one of the usual names in root"
    )


class ImageFolderOptions(ClassesOptions):
    """Your own class folders (image_folder)"""

    train: Path | None = option("folder of training images; null: none, for mode=evaluate")
    val: Path = option("folder of validation images")
    test: Path | None = option(ABOUT_TEST.format("folder"))
    val_fraction: Part | None = option(
        "the class folders are in root itself, and this share of each is for validation; null: "
        "they are in train and val"
    )


class StanfordDogsOptions(ClassesOptions):
    """Stanford Dogs (stanford_dogs)"""

    crop_to_object: bool = option("crop every image to the annotated dog")


class ClassificationOptions(Described):
    """Classification"""

    label_smoothing: Fraction = option("share of each label that is spread over all classes")
    mixup: float = option("alpha of mixup's beta distribution; 0: none", ge=0, le=100)
    cutmix: float = option(
        "alpha of CutMix's beta distribution; 0: none; with mixup, each happens to half of the "
        "images", ge=0, le=100,
    )  # fmt: skip
    class_weights: LabelWeights | Literal["balanced"] | None = option(
        "weight of each class's images in the loss, 1 for classes that are not named; balanced: "
        "from the numbers of training images, so that all classes count alike; null: 1 for all"
    )
    focal: float = option(FOCAL, ge=0, le=10)
    monitor: Literal["top1", "mean_class_accuracy"] = option(
        "the score that picks the best checkpoint"
    )

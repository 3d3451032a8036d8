"""Options of the tasks: their modules, heads, distillation and benchmarks."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import (
    Count,
    Fraction,
    Name,
    Node,
    NotNegative,
    Part,
    Positive,
    Said,
    ShareRange,
    Size,
    rising,
)

Dropout = Annotated[float, Field(ge=0, lt=1)]
Kilometres = Annotated[float, Field(gt=0, le=20_038)]


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


WeightsOfParts = Annotated[dict[str, Positive], Said("numbers above 0 by part, as {planet:0.5}")]


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


LabelWeights = Annotated[dict[str | int, Positive], Said("numbers above 0 by name, as {ants:10}")]
FOCAL = "gamma of the focal loss (arXiv 1708.02002), usually 2; 0: cross-entropy"


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


class DetectionOptions(Described):
    """Detection"""

    mosaic: Fraction = option("probability that an image is replaced by parts of four images")
    mosaic_until: Fraction = option("share of the epochs after which there are no more mosaics")


class FaceAttributesOptions(Described):
    """Face attributes"""

    positive_weights: LabelWeights | Literal["balanced"] | None = option(
        "weight of images with an attribute relative to those without it, 1 for attributes that "
        "are not named; balanced: from the training images, so that both count alike; null: 1 for "
        "all"
    )
    focal: float = option(FOCAL, ge=0, le=10)


class FaceEmbeddingOptions(Described):
    """Face embeddings"""

    margin: Node = option("the margin softmax: CosFace or ArcFace")
    flip_test: bool = option(
        "answer with the mean of a face and its mirror image, at twice the cost"
    )


class MarginOptions(Described):
    """CosFace and ArcFace"""

    scale: Positive = option("s: the inverse temperature of the softmax")
    margin: float = option("m: 0.35 is usual for CosFace, 0.5 for ArcFace", ge=0, lt=math.pi / 2)


class PlanetOptions(Described):
    """Geolocation"""

    smoothing_km: float = option(
        "spread the target over nearby cells, over about this distance; PIGEON uses 75; 0: only "
        "the true cell is right",
        unit="km", ge=0, le=20_038,
    )  # fmt: skip
    radii_km: Annotated[list[Kilometres], Field(min_length=1)] = option(
        "report the share of photographs that are located within each of these distances",
        unit="km",
    )
    monitor_km: Kilometres = option(
        "the one of radii_km whose share picks the best checkpoint", unit="km"
    )
    baseline_photographs: Count = option(
        "training photographs that the nearest-colours baseline searches", unit="photographs"
    )


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


class EmbeddingOptions(HeadOptions):
    """Embedding head"""

    dimension: int = option("length of an embedding", ge=2, le=65_536)
    dropout: Dropout = option("probability of dropping a pooled feature")


class DetectorOptions(HeadOptions):
    """What every detector has"""

    nms_iou: Fraction = option(
        "IoU above which the lower-scored of two boxes of a class is suppressed", 0.6
    )
    candidates: Count = option("number of an image's best boxes that enter suppression", 400)
    detections: Count = option("largest number of boxes in the answer for an image", 100)


class SSDOptions(DetectorOptions):
    """SSD and SSDLite heads"""

    taps: Annotated[list[Name], Field(min_length=1)] | None = option(
        "the trunk's maps that get anchors, finest first; null: its last ones of stride 16 and 32"
    )
    extras: Annotated[list[Annotated[int, Field(ge=1, le=65_536)]], Field(max_length=10)] = option(
        "channels at alpha 1 of the extra maps, each of which is half the size of the one before"
    )
    separable: bool = option(
        "use depthwise separable convolutions for extra maps and predictors: SSDLite"
    )
    kernel_size: Literal[1, 3, 5] | None = option(
        "kernel of the predictors, as full convolutions; null: 1, or depthwise separable 3 if "
        "separable",
        None,
    )
    scales: ShareRange = option("anchor scales of the finest and of the coarsest map")
    loss: Literal["mining", "focal"] = option(
        "mining: hard negative mining, as in the paper; focal: focal loss (arXiv 1708.02002)"
    )


class SSDFPNOptions(DetectorOptions):
    """SSDLite head on a feature pyramid"""

    taps: Annotated[list[Name], Field(min_length=1)] | None = option(
        "the trunk's maps, finest first, each about half the size of the one before; null: its "
        "last ones of stride 8, 16 and 32"
    )
    depth: int = option("channels of the pyramid at alpha 1", unit="channels", ge=1, le=65_536)
    maps: int = option("number of maps with anchors: the trunk's and coarser ones", ge=1, le=16)
    tower: int = option("number of convolutions before the predictors", ge=0, le=64)


class PicoDetOptions(DetectorOptions):
    """PicoDet head"""

    taps: Annotated[list[Name], Field(min_length=1)] | None = option(
        "the trunk's maps, finest first, each about half the size of the one before; null: its "
        "last ones of stride 8, 16 and 32"
    )
    depth: int = option(
        "channels of the neck and the towers at alpha 1", unit="channels", ge=1, le=65_536
    )
    maps: int = option("number of maps with anchors: the trunk's and coarser ones", ge=1, le=16)
    tower: int = option("number of convolutions before the predictors of a map", ge=0, le=64)
    loss: Literal["varifocal", "quality"] = option(
        "of the classes: varifocal, arXiv 2008.13367, is the paper's; quality: of arXiv 2006.04388"
    )


class FasterRCNNOptions(DetectorOptions):
    """Faster R-CNN head"""

    tap: Name | None = option(
        "the map that regions are cut from; null: the trunk's last one of stride 16"
    )
    anchor_sizes: Annotated[list[Positive], Field(min_length=1), AfterValidator(rising),
        Said("a list of rising numbers above 0")] = option(
        "sides of the square anchors; each also comes in two other aspect ratios", unit="pixels"
    )  # fmt: skip
    rpn_depth: int = option(
        "channels of the convolution in the region proposal network", ge=1, le=65_536
    )
    rpn_candidates: Count = option("number of an image's best anchors that enter suppression")
    proposals: Count = option("regions per image that the second stage sees")
    regions: Count = option("regions per image that the second stage learns from")
    positive: Part = option("largest share of these regions that lie on objects")
    crop: int = option("cells along each side of a region", ge=1, le=256)
    share_boxes: bool = option("predict one box per region, instead of one per class")


class TemperatureOptions(Described):
    """Distillation of classes and attributes"""

    temperature: Positive = option(
        "softens the probabilities that are compared; 1: as they are", 1.0
    )


class TimingOptions(Described):
    """Benchmarks of speed"""

    batch_size: Count = option("images per batch", unit="images")
    rounds: Count = option("number of measurements; the median is reported")


class CountingOptions(TimingOptions):
    """Benchmark of geolocation"""

    cells: Annotated[list[Count], Field(min_length=1)] = option(
        "numbers of cells to count the cost for"
    )


class DistanceOptions(Described):
    """Distillation of embeddings"""


class DetectionObjectiveOptions(Described):
    """Distillation of SSD, SSDLite, FPNLite and PicoDet"""

    answers: Literal["anchors", "detections"] | None = option(
        "what the student learns; anchors: the teacher's scores and boxes at the same anchors; "
        "detections: its final boxes, as soft labels; null: anchors if both have the same ones, "
        "else detections"
    )
    classes: NotNegative = option("weight of the class term; 0: leave it out")
    boxes: NotNegative = option("weight of the box term; 0: leave it out")
    features: NotNegative = option("weight of the term that compares feature maps; 0: leave it out")
    gamma: float = option(
        "how strongly anchors count that the teacher is sure of, or that the two disagree on; "
        "0: all anchors count alike", ge=0, le=10,
    )  # fmt: skip
    min_score: Fraction = option("detections that score less are not used as soft labels")

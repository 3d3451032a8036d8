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
    head: Node = option("what hangs on the trunk")
    distillation: Node | None = option("how two outputs compare; null: it cannot be taught", None)
    bench: Node | None = option("what python -m tasks.bench runs; null: nothing", None)
    paper: Annotated[dict[str, object], Said("facts by name")] | None = option(
        "the row of the paper that a result stands beside", None
    )
    sample: Node | None = option("settings of mode=sample", None)
    overfit: Node | None = option("settings of mode=overfit", None)


WeightsOfParts = Annotated[dict[str, Positive], Said("numbers above 0 by part, as {planet:0.5}")]


class JointTaskOptions(TaskOptions):
    """A joint task"""

    parts: Annotated[list[Name], Field(min_length=1)] = option(
        "the parts: names of tasks, or names of your own with parts.NAME.task=TASK; the options of "
        "each are parts.NAME.data.*, .task.*, .size, .preprocess, .augment and .distill"
    )
    weights: WeightsOfParts | Literal["balanced", "uncertainty", "gradients"] | None = option(
        "of the parts' losses, 1 for those that are not named; balanced sums the "
        "logarithms of the losses (arXiv 1904.08492); uncertainty learns them (arXiv 1705.07115); "
        "gradients scales each part's gradient of the trunk to their mean norm (arXiv 1711.02257 "
        "with alpha 0); null: 1 for all"
    )
    references: WeightsOfParts | None = option(
        "monitored scores of the parts trained alone: what picks the best checkpoint is the "
        "weighted mean of the parts' scores over these; 1 for those that are not named"
    )
    statistics: Literal["shared", "frozen", "per_part"] = option(
        "batch statistics of the trunk: shared by all parts; frozen as the weights have them; or a "
        "set for each part, and then one pass runs the trunk for each part anew"
    )
    settle: Fraction = option(
        "share of the epochs after which shared statistics stay as they are, and training "
        "normalises with them as the one pass does; 1: never"
    )


class JointHeadOptions(Described):
    """The network of a joint task"""

    weights: Name | None = option(
        "start from a joint checkpoint with the same parts; null: only the trunk, from "
        "backbone.weights",
        None,
    )


class ModeSettingsOptions(Described):
    """What mode=sample takes from the task"""

    lr: Positive = option("optimizer.lr")
    batch_size: Count = option("data.batch_size", unit="images")
    epochs: Count = option("trainer.max_epochs", unit="epochs")
    epochs_per_validation: Count = option("trainer.check_val_every_n_epoch", unit="epochs")


class SampleSettingsOptions(ModeSettingsOptions):
    """What mode=sample takes from the task"""

    size: Size | None = option(
        "size; null in a joint task, whose parts have their own", unit="pixels"
    )


class OverfitSettingsOptions(ModeSettingsOptions):
    """What mode=overfit takes from the task"""

    images: Count = option("data.limit", unit="images")


LabelWeights = Annotated[dict[str | int, Positive], Said("numbers above 0 by name, as {ants:10}")]
FOCAL = "gamma of the focal loss, arXiv 1708.02002, whose usual value is 2; 0: cross-entropy"


class ClassificationOptions(Described):
    """Classification"""

    label_smoothing: Fraction = option("share of each label that is spread over all classes")
    mixup: float = option("alpha of mixup's beta distribution; 0: none", ge=0, le=100)
    cutmix: float = option(
        "alpha of CutMix's beta distribution; 0: none; with mixup, each happens to half of the "
        "images", ge=0, le=100,
    )  # fmt: skip
    class_weights: LabelWeights | Literal["balanced"] | None = option(
        "how much the images of each class count in the loss, 1 for those that are not named; "
        "balanced: all classes count alike, by their training images; null: all images do"
    )
    focal: float = option(FOCAL, ge=0, le=10)
    monitor: Literal["top1", "mean_class_accuracy"] = option(
        "the score that picks the best checkpoint"
    )


class DetectionOptions(Described):
    """Detection"""

    mosaic: Fraction = option("probability that parts of four images take the place of one")
    mosaic_until: Fraction = option("share of the epochs after which there are no mosaics")


class FaceAttributesOptions(Described):
    """Face attributes"""

    positive_weights: LabelWeights | Literal["balanced"] | None = option(
        "how much images with an attribute count against those without it, 1 for those that are "
        "not named; balanced: both count alike, by the training images; null: 1 for all"
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
        "targets that fall with distance: PIGEON's is 75; 0: one cell is right",
        unit="km", ge=0, le=20_038,
    )  # fmt: skip
    radii_km: Annotated[list[Kilometres], Field(min_length=1)] = option(
        "distances that the shares of photographs are given for", unit="km"
    )
    monitor_km: Kilometres = option(
        "the one of radii_km whose share picks the best checkpoint", unit="km"
    )
    baseline_photographs: Count = option(
        "photographs that the nearest-colours baseline looks through", unit="photographs"
    )


class HeadOptions(Described):
    """What every head has"""

    weights: Name | None = option(
        "start the whole network from a run's best.ckpt, a released network's file, or tf_zoo and "
        "tf_zoo_int8, TensorFlow's published SSDs; null: only the trunk, from backbone.weights",
        None,
    )


class ClassifierOptions(HeadOptions):
    """Classifier head"""

    dropout: Dropout = option("probability of dropping a pooled feature")


class EmbeddingOptions(HeadOptions):
    """Embedding head"""

    dimension: int = option("numbers of an embedding", ge=2, le=65_536)
    dropout: Dropout = option("probability of dropping a pooled feature")


class DetectorOptions(HeadOptions):
    """What both detectors have"""

    nms_iou: Fraction = option(
        "overlap above which the lower-scored of two boxes of a class is dropped", 0.6
    )
    candidates: Count = option("best boxes of an image that enter their suppression", 400)
    detections: Count = option("most boxes of an image in the answer", 100)


class SSDOptions(DetectorOptions):
    """SSD and SSDLite heads"""

    taps: Annotated[list[Name], Field(min_length=1)] | None = option(
        "the trunk's maps with anchors, finest first; null: its last of stride 16 and of 32"
    )
    extras: Annotated[list[Annotated[int, Field(ge=1, le=65_536)]], Field(max_length=10)] = option(
        "channels at alpha 1 of the maps after the trunk's, each half the size of the last"
    )
    separable: bool = option("depthwise separable extra maps and predictors: SSDLite")
    kernel_size: Literal[1, 3, 5] | None = option(
        "of the predictors, then full convolutions; null: 1, or what separable gives", None
    )
    scales: ShareRange = option("anchor scale of the finest and the coarsest map")
    loss: Literal["mining", "focal"] = option("mining is the paper's; focal of arXiv 1708.02002")


class SSDFPNOptions(DetectorOptions):
    """SSDLite head on a feature pyramid"""

    taps: Annotated[list[Name], Field(min_length=1)] | None = option(
        "the trunk's maps, finest first, each about half the size of the one before; null: its "
        "last blocks of stride 8, 16 and 32"
    )
    depth: int = option("channels of the pyramid at alpha 1", unit="channels", ge=1, le=65_536)
    maps: int = option("maps with anchors: the trunk's, and coarser ones", ge=1, le=16)
    tower: int = option("convolutions before the predictors", ge=0, le=64)


class PicoDetOptions(DetectorOptions):
    """PicoDet head"""

    taps: Annotated[list[Name], Field(min_length=1)] | None = option(
        "the trunk's maps, finest first, each about half the size of the one before; null: its "
        "last blocks of stride 8, 16 and 32"
    )
    depth: int = option(
        "channels of the neck and the towers at alpha 1", unit="channels", ge=1, le=65_536
    )
    maps: int = option("maps with anchors: the trunk's, and coarser ones", ge=1, le=16)
    tower: int = option("convolutions before the predictors of a map", ge=0, le=64)
    loss: Literal["varifocal", "quality"] = option(
        "of the classes: varifocal, arXiv 2008.13367, is the paper's; quality: of arXiv 2006.04388"
    )


class FasterRCNNOptions(DetectorOptions):
    """Faster R-CNN head"""

    tap: Name | None = option(
        "the map that regions are cut from; null: the trunk's last of stride 16"
    )
    anchor_sizes: Annotated[list[Positive], Field(min_length=1), AfterValidator(rising),
        Said("a list of rising numbers above 0")] = option(
        "side of the square anchors; each comes in three ratios", unit="pixels"
    )  # fmt: skip
    rpn_depth: int = option("channels of the proposals' convolution", ge=1, le=65_536)
    rpn_candidates: Count = option("best anchors of an image that enter their suppression")
    proposals: Count = option("regions of an image that the second stage looks at")
    regions: Count = option("of them, how many it learns from")
    positive: Part = option("at most this share of them lies on objects")
    crop: int = option("cells along a side of a region", ge=1, le=256)
    share_boxes: bool = option("one box for a region, not one for each class")


class TemperatureOptions(Described):
    """Distillation of classes and attributes"""

    temperature: Positive = option("softens the probabilities that are compared", 1.0)


class TimingOptions(Described):
    """Benchmarks of speed"""

    batch_size: Count = option("images of a batch", unit="images")
    rounds: Count = option("measurements, of which the median counts")


class CountingOptions(TimingOptions):
    """Benchmark of geolocation"""

    cells: Annotated[list[Count], Field(min_length=1)] = option(
        "numbers of cells whose cost is counted"
    )


class DistanceOptions(Described):
    """Distillation of embeddings"""


class DetectionObjectiveOptions(Described):
    """Distillation of detectors"""

    answers: Literal["anchors", "detections"] | None = option(
        "anchors: the teacher's scores and boxes at the same anchors; detections: its final boxes "
        "as soft labels; null: anchors where they are the same"
    )
    classes: NotNegative = option("weight of the classes' probabilities; 0: left out")
    boxes: NotNegative = option("weight of the boxes; 0: left out")
    features: NotNegative = option("weight of the maps at the taps; 0: left out")
    gamma: float = option(
        "how far what the teacher is sure of, or what the two disagree on, outweighs the rest; "
        "0: all anchors count alike", ge=0, le=10,
    )  # fmt: skip
    min_score: Fraction = option("detections that score less are no soft labels")

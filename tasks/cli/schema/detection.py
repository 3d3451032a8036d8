"""Options of detection: its data, its task, its heads and its distillation."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tasks.cli.schema.data import DataSetOptions
from tasks.cli.schema.node import Described, option
from tasks.cli.schema.task import HeadOptions
from tasks.cli.schema.types import (
    Count,
    Fraction,
    Name,
    NotNegative,
    Part,
    Path,
    Positive,
    Said,
    ScaleRange,
    ShareRange,
    rising,
)


class CocoOptions(DataSetOptions):
    """COCO, or your own boxes (coco)"""

    train: Path = option(
        "annotations of the training images: COCO's JSON, YOLO's data.yaml, or a folder of "
        "Pascal VOC's XML"
    )
    val: Path = option("annotations of the validation images")
    train_images: Path | None = option("folder of the training images; null: near the annotations")
    val_images: Path | None = option("folder of the validation images; null: near the annotations")
    val_fraction: Part | None = option(
        "validate on this share of the training images; null: on those of val"
    )
    year: Literal[2014, 2017] = option("the release of COCO")
    minival_ids: Path | None = option(
        "with year=2014: a text file with the ids of val2014 to validate on, such as the paper's "
        "8,059"
    )
    num_classes: Annotated[int, Field(ge=2, le=100_000)] | None = option(
        "91: output k is COCO category k; null: as many as the file has categories"
    )
    scale_jitter: ScaleRange | None = option(
        "smallest and largest factor of a random scale in training, such as [0.1,2.0]; at 1 the "
        "image fills the input; replaces SSD's random crop; null: no jitter"
    )
    unlabelled: Path | None = option(
        "with distill=teacher: folder of photographs without boxes, to train on instead of the "
        "annotated ones"
    )
    keep_classes: bool = option(
        "if the classes of task.head.weights differ: keep the outputs of those whose names are "
        "in this data set too"
    )


class DetectionOptions(Described):
    """Detection"""

    mosaic: Fraction = option("probability that an image is replaced by parts of four images")
    mosaic_until: Fraction = option("share of the epochs after which there are no more mosaics")


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

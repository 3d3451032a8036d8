"""Options of face attributes and of face embeddings: their data sets, tasks and heads."""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tasks.cli.schema.data import ABOUT_TEST, LabelledImagesOptions
from tasks.cli.schema.node import Described, option
from tasks.cli.schema.task import FOCAL, Dropout, HeadOptions, LabelWeights
from tasks.cli.schema.types import (
    Box,
    Count,
    Name,
    Node,
    Part,
    Path,
    Positive,
    RatioRange,
    Said,
    Text,
    rising,
)


class AttributeSetOptions(LabelledImagesOptions):
    """What every set of face attributes has"""

    attributes: Annotated[list[Name], Field(min_length=1)] | None = option(
        "the attributes to learn, such as [Male,Smiling]; null: all, except UTKFace's races"
    )


class UTKFaceOptions(AttributeSetOptions):
    """UTKFace (utkface)"""

    labels: Path | None = option(
        "list of ages, genders and races; null: labels.csv if present, else the file names"
    )
    images: Path | None = option(
        "folder of images; null: images or UTKFace if present, else root itself"
    )
    age_thresholds: Annotated[
        list[Annotated[int, Field(ge=0, le=150)]],
        AfterValidator(rising),
        Said("a list of rising whole numbers from 0 to 150"),
    ] = option("Over_N is learned for each N", unit="years")


class AttributeListsOptions(AttributeSetOptions):
    """Your own lists of attributes (attribute_lists)"""

    train: Path | None = option("list of training images; null: no labelled ones")
    val: Path | None = option("list of validation images")
    test: Path | None = option(ABOUT_TEST.format("list"))
    labels: Path | None = option(
        "one list of all images with a column `split`, instead of the three lists"
    )
    images: Path = option("folder of images")
    unlabelled: Path | None = option(
        "folder or list of images without labels, to learn from a teacher"
    )
    groups: Annotated[list[Name], Field(min_length=1)] | None = option(
        "columns that name each image's group, such as [race]; every group is scored"
    )


class FaceAttributesOptions(Described):
    """Face attributes"""

    positive_weights: LabelWeights | Literal["balanced"] | None = option(
        "weight of images with an attribute relative to those without it, 1 for attributes that "
        "are not named; balanced: from the training images, so that both count alike; null: 1 for "
        "all"
    )
    focal: float = option(FOCAL, ge=0, le=10)


class FacesOptions(LabelledImagesOptions):
    """What every set of faces for an embedding has"""

    crop_ratio: RatioRange = option("aspect ratio of a random crop")
    alignment: Text = option(
        "a note on how the images were cropped and aligned; the result records it"
    )
    folds: int = option("folds of the pairs that are drawn for validation", ge=2, le=1000)
    pairs_per_fold: Count = option(
        "matched pairs per fold; there are as many mismatched ones", unit="pairs"
    )
    monitor: Literal["accuracy", "teacher_cosine"] = option(
        "the score that picks the best checkpoint"
    )
    verification: Node = option("the pairs that are reported")


class VerificationOptions(Described):
    """LFW, or pairs in its layout"""

    root: Path | None = option(
        "its folder; null: report scores on the held-out faces of the data set itself"
    )
    pairs: Path = option("list of the pairs that are reported")
    val_pairs: Path | None = option(
        "list of other pairs, which pick the best checkpoint; null: pairs of held-out faces do"
    )
    box: Box | None = option("the part of each image that the network sees; null: all of it")
    alignment: Text = option(
        "a note on how the images were cropped and aligned; the result records it"
    )


class FaceFoldersOptions(FacesOptions):
    """Your own faces, one folder per person (face_folders)"""

    train: Path = option("folder that holds one folder per person; '.' is root itself")
    val: Path | None = option(
        "folder of other people, to validate on; null: a share of the people in train"
    )
    val_fraction: Part = option("that share, if val is null")
    unlabelled: Path | None = option("folder of faces of unknown people, to learn from a teacher")


class UnlabelledFacesOptions(FacesOptions):
    """Faces of unknown people (unlabelled_faces)"""

    images: Path = option("folder of images")
    list: Path | None = option(
        "list with the columns `file` and `split`; null: every image below images"
    )
    val_fraction: Part = option("share of the images to validate on, if the list has no `split`")


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


class EmbeddingOptions(HeadOptions):
    """Embedding head"""

    dimension: int = option("length of an embedding", ge=2, le=65_536)
    dropout: Dropout = option("probability of dropping a pooled feature")


class DistanceOptions(Described):
    """Distillation of embeddings"""

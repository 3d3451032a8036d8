"""Options of the data: what every data set has, and what mode=sample draws."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import (
    Box,
    Count,
    DrawnSize,
    Fraction,
    Name,
    Node,
    Path,
    Said,
    Share,
    ShareRange,
)

ABOUT_TEST = "a third {}, scored at the end instead of val; null: val is scored"


class DataSetOptions(Described):
    """What every data set has"""

    name: Name = option("its name; choose with data=")
    kind: Name = option("the kind of task that it suits")
    root: Path = option("the folder that holds it")
    batch_size: Count | Literal["auto"] = option(
        "images per device and step; auto: the largest power of two that fits into memory, up to "
        "64 on a CPU and 1,024 elsewhere",
        unit="images",
    )
    workers: int | None = option(
        "loader processes; null: one per core, divided among the training processes",
        unit="processes",
        ge=0,
        le=1024,
    )
    decode: Literal["auto", "cpu", "cuda"] = option(
        "where JPEG files are decoded; cpu: in the loader processes; cuda: on the GPU, in whole "
        "batches; auto: on the GPU, if training runs on one that can",
        "auto",
    )
    crop: bool = option("random crops in training")
    limit: Count | None = option("train on only this many images; null: all", unit="images")
    validate_on_train: bool = option("score the training images themselves, for mode=overfit")
    skip_unreadable: bool = option(
        "leave out images that cannot be read or do not have the annotated size; the result counts "
        "them"
    )
    view: Node = option("the part of an image that the network sees")
    prepare: Node | None = option("what draws the data set before a run; set by mode=sample")
    check: Node = option("what looks for the files before a run")
    module: Node = option("the loaders")


class ViewOptions(Described):
    """The part of an image that the network sees where nothing is random"""

    crop_fraction: Share | None = option(
        "share of the largest central box with the input's shape: 0.875 is 224 of 256 pixels; "
        "null: the whole image, for detectors"
    )
    box: Box | None = option("a frame inside the image; null: the whole image")
    keep_aspect: bool = option(
        "for detectors; true: scale both sides alike and pad the image to size; false: stretch it"
    )


class LabelledImagesOptions(DataSetOptions):
    """What every set of labelled images has"""

    source: Node = option("where the images and their classes are, in which layout")
    crop_scale: ShareRange = option("area of a random crop, as a share of the image")


class ClassesOptions(LabelledImagesOptions):
    """What every set of images with one class each has"""

    balance: Fraction = option(
        "how evenly an epoch draws the classes; 0: each image once; 1: all classes equally often; "
        "0.5: in proportion to the square root of their numbers of images"
    )


class SampleFolderOptions(Described):
    """What mode=sample uses where nothing is drawn"""

    root: Path = option("folder that mode=sample trains on")


class SampleOptions(Described):
    """What mode=sample draws"""

    root: Path = option("folder that it is drawn into")
    train: Count = option("number of training pictures", unit="pictures")
    val: Count = option("number of validation pictures", unit="pictures")
    size: DrawnSize | None = option(
        "approximate size of a picture; null: the drawing's own", None, unit="pixels"
    )
    seed: int = option("seed of the drawing", 0, ge=0, le=2**32 - 1)
    workers: int | None = option("processes that draw; null: one per core", None, ge=1, le=1024)


class SampleOfImageNetOptions(SampleOptions):
    """What mode=sample draws in ImageNet's layouts"""

    layout: Literal["flat", "folders"] = option("layout of the validation pictures", "flat")


class SampleOfFacesOptions(SampleOptions):
    """What mode=sample draws of faces"""

    test: Count = option("number of test pictures", unit="pictures")
    people: Annotated[
        int, Field(ge=20, le=100_000, multiple_of=10), Said("a multiple of 10 from 20")
    ] = option("number of people in the drawn pairs", 120)

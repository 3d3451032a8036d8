"""Options of the data sets."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import (
    Box,
    Count,
    DrawnSize,
    Fraction,
    Name,
    Node,
    Part,
    Path,
    RatioRange,
    Said,
    ScaleRange,
    Share,
    ShareRange,
    Text,
    Whole,
    falling,
    rising,
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


class PhotographSetOptions(ClassesOptions):
    """What every set of photographs with coordinates has"""

    partition: Path | None = option(
        "file written by python -m tasks.geolocation.cells, or a best.ckpt; null: build one from "
        "the training photographs"
    )
    t_max: Count | None = option(
        "split a cell with more photographs than this; null: a fortieth of all, at most 10,000",
        unit="photographs",
    )
    t_min: Count | None = option(
        "leave out a cell with fewer photographs than this; null: t_max / 200, at least 5",
        unit="photographs",
    )
    max_level: int = option(
        "level of the finest cells: 8 is about 36 km wide, 13 about 1 km",
        unit="S2 level",
        ge=0,
        le=13,
    )
    coarser: Annotated[
        list[Annotated[float, Field(gt=1)]],
        AfterValidator(falling),
        Said("a list of falling numbers above 1, such as [5,2]"),
    ] = option(
        "multiples of t_max that give coarser partitions; their probabilities are multiplied "
        "with the finest one's"
    )
    allow_missing: bool = option("go on if listed photographs are missing")


class PlaceListsOptions(PhotographSetOptions):
    """Lists of photographs (places)"""

    train: Path | None = option("list of training photographs; null: none, for mode=evaluate")
    val: Path = option("list of validation photographs")
    train_images: Path = option("folder of the training photographs")
    val_images: Path = option("folder of the validation photographs")


class GpsFoldersOptions(PhotographSetOptions):
    """Photographs with EXIF positions (gps_photographs)"""

    train: Path | None = option("folder of training photographs; null: none, for mode=evaluate")
    val: Path = option("folder of validation photographs")
    val_fraction: Part | None = option(
        "the photographs are in root itself, and this share is for validation; null: they are in "
        "train and val"
    )


class ShardedPlacesOptions(PhotographSetOptions):
    """Tar files of photographs (place_shards)"""

    train: Path | None = option(
        "names of the tar files, with ranges such as {000..999}; or pipe:COMMAND, or URLs"
    )
    train_photographs: Count | None = option(
        "number of photographs in the tar files, which gives the steps of an epoch; null: as many "
        "as the partition was built from",
        unit="photographs",
    )
    shuffle: Whole = option(
        "photographs in the shuffle buffer of each loader process", unit="photographs"
    )
    val: Path = option("list of validation photographs")
    val_images: Path = option("folder of the validation photographs")


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

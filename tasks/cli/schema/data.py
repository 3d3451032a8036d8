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

ABOUT_TEST = "a third {}, scored in the end in place of val"


class DataSetOptions(Described):
    """What every data set has"""

    name: Name = option("its name; choose with data=")
    kind: Name = option("the kind of task it is for")
    root: Path = option("the folder that holds it")
    batch_size: Count | Literal["auto"] = option(
        "images for each device and step; auto finds the largest power of two that fits into "
        "memory, up to 64 on a CPU and 1,024 elsewhere",
        unit="images",
    )
    workers: int | None = option(
        "loader processes; null: one for each core, shared by the processes that train",
        unit="processes",
        ge=0,
        le=1024,
    )
    decode: Literal["auto", "cpu", "cuda"] = option(
        "where JPEG files are decoded: cpu, by the loader processes; cuda, by the GPU in whole "
        "batches; auto, by a GPU that trains and can",
        "auto",
    )
    crop: bool = option("random crops in training")
    limit: Count | None = option("train on so many images only; null: all", unit="images")
    validate_on_train: bool = option("score the training images themselves, for mode=overfit")
    skip_unreadable: bool = option(
        "leave out images that cannot be read, or are of another size than annotated; the result "
        "counts them"
    )
    view: Node = option("the part of an image that is looked at")
    prepare: Node | None = option("what draws the data set before a run; set by mode=sample")
    check: Node = option("what looks for the files before a run")
    module: Node = option("the loaders")


class JointDataOptions(Described):
    """The data of a joint task"""

    name: Name = option("its name; choose with data=")
    kind: Name = option("the kind of task it is for")
    combine: Literal["max_size_cycle", "min_size", "proportional"] = option(
        "whose images make up an epoch: those of the part with the most batches, the others going "
        "on in their next epochs; of the part with the fewest; or each part's once, so that a step "
        "has batches of some parts only, which on several devices takes "
        "trainer.strategy=ddp_find_unused_parameters_true"
    )
    view: Node = option("the part of an image that is looked at")
    module: Node = option("the loaders")


class ViewOptions(Described):
    """The part of an image that is looked at where nothing is random"""

    crop_fraction: Share | None = option(
        "of the largest central box of the input's shape: 0.875 is 224 of 256 pixels; null: the "
        "whole image, for detectors"
    )
    box: Box | None = option("a frame inside the image; null: all of it")
    keep_aspect: bool = option(
        "for detectors: one scale for both sides, padded to size; false: stretched to it"
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
        "hold out this share of the training images; null: val has others"
    )
    year: Literal[2014, 2017] = option("which COCO")
    minival_ids: Path | None = option(
        "with year=2014: text file of ids of val2014 that are held out, the paper's 8,059"
    )
    num_classes: Annotated[int, Field(ge=2, le=100_000)] | None = option(
        "91: output k is COCO category k; null: the file's own categories"
    )
    scale_jitter: ScaleRange | None = option(
        "least and largest factor of a random scale in training, relative to the image that fills "
        "the input, as [0.1,2.0]; it takes the place of SSD's random crop; null: none"
    )
    unlabelled: Path | None = option(
        "folder of photographs without boxes, in place of the annotated ones to train on; for "
        "distill=teacher"
    )
    keep_classes: bool = option(
        "where task.head.weights answers for other classes: keep the outputs of those whose names "
        "are here too"
    )


class LabelledImagesOptions(DataSetOptions):
    """What every set of labelled images has"""

    source: Node = option("where the images and their classes are, in which layout")
    crop_scale: ShareRange = option("area of a random crop, as a share of the image")


class ClassesOptions(LabelledImagesOptions):
    """What every set of images of classes has"""

    balance: Fraction = option(
        "how evenly an epoch draws the classes: 0, each image once; 1, all classes equally often; "
        "0.5, by the square root of their images"
    )


class ImageNetOptions(ClassesOptions):
    """ImageNet (imagenet)"""

    train: Path | None = option("folder of training images; null: none, for mode=evaluate")
    val: Path = option("folder of validation images, in class folders or flat")
    val_labels: Path | None = option("list of a flat val's classes; null: root's own")


class ImageFolderOptions(ClassesOptions):
    """Your own class folders (image_folder)"""

    train: Path | None = option("folder of training images; null: none, for mode=evaluate")
    val: Path = option("folder of validation images")
    test: Path | None = option(ABOUT_TEST.format("folder"))
    val_fraction: Part | None = option(
        "root itself holds the class folders: hold out this share of each; null: train and val do"
    )


class StanfordDogsOptions(ClassesOptions):
    """Stanford Dogs (stanford_dogs)"""

    crop_to_object: bool = option("look at the annotated dog alone")


class AttributeSetOptions(LabelledImagesOptions):
    """What every set of face attributes has"""

    attributes: Annotated[list[Name], Field(min_length=1)] | None = option(
        "those to learn, such as [Male,Smiling]; null: all, but the races of UTKFace"
    )


class UTKFaceOptions(AttributeSetOptions):
    """UTKFace (utkface)"""

    labels: Path | None = option("list of ages, genders and races; null: labels.csv, or the names")
    images: Path | None = option("folder of images; null: images or UTKFace, or root")
    age_thresholds: Annotated[
        list[Annotated[int, Field(ge=0, le=150)]],
        AfterValidator(rising),
        Said("a list of rising whole numbers from 0 to 150"),
    ] = option("Over_N is learned for each N", unit="years")


class AttributeListsOptions(AttributeSetOptions):
    """Your own lists of attributes (attribute_lists)"""

    train: Path | None = option("list of training images; null: none with labels")
    val: Path | None = option("list of validation images")
    test: Path | None = option(ABOUT_TEST.format("list"))
    labels: Path | None = option("one list of all, with a column split, in place of the three")
    images: Path = option("folder of images")
    unlabelled: Path | None = option("folder or list of images without labels, for a teacher")
    groups: Annotated[list[Name], Field(min_length=1)] | None = option(
        "columns that name the group of each image, such as [race]: each group is scored"
    )


class FacesOptions(LabelledImagesOptions):
    """What every set of faces for an embedding has"""

    crop_ratio: RatioRange = option("proportions of a random crop")
    alignment: Text = option("how the images were cropped and aligned, for the result")
    folds: int = option("folds of the pairs that are drawn for validation", ge=2, le=1000)
    pairs_per_fold: Count = option("matched pairs of a fold, and as many mismatched", unit="pairs")
    monitor: Literal["accuracy", "teacher_cosine"] = option("score that picks the best checkpoint")
    verification: Node = option("the pairs that are reported")


class VerificationOptions(Described):
    """LFW, or pairs in its layout"""

    root: Path | None = option("its folder; null: report the set's own held-out faces")
    pairs: Path = option("list of pairs that are reported")
    val_pairs: Path | None = option("list of other pairs that pick the best checkpoint")
    box: Box | None = option("part of each image to look at; null: all")
    alignment: Text = option("how the images were cropped and aligned, for the result")


class FaceFoldersOptions(FacesOptions):
    """Your own faces, a folder for each person (face_folders)"""

    train: Path = option("folder of the people's folders; '.' is root itself")
    val: Path | None = option("folder of other people; null: a share of train is held out")
    val_fraction: Part = option("share of the people held out, where val is null")
    unlabelled: Path | None = option("folder of faces of nobody known, for a teacher")


class UnlabelledFacesOptions(FacesOptions):
    """Faces of nobody known (unlabelled_faces)"""

    images: Path = option("folder of images")
    list: Path | None = option("list with columns file and split; null: every image below images")
    val_fraction: Part = option("share held out, where the list has no splits")


class PhotographSetOptions(ClassesOptions):
    """What every set of photographs with coordinates has"""

    partition: Path | None = option(
        "file of python -m tasks.geolocation.cells, or a best.ckpt; null: built from the "
        "training photographs"
    )
    t_max: Count | None = option(
        "split a cell with more photographs; null: a fortieth of all, at most 10,000",
        unit="photographs",
    )
    t_min: Count | None = option(
        "leave out a cell with fewer; null: t_max / 200, at least 5", unit="photographs"
    )
    max_level: int = option(
        "level of the finest cells: 8 is about 36 km, 13 is 1 km", unit="S2 level", ge=0, le=13
    )
    coarser: Annotated[
        list[Annotated[float, Field(gt=1)]],
        AfterValidator(falling),
        Said("a list of falling numbers above 1, such as [5,2]"),
    ] = option("multiples of t_max: coarser partitions whose probabilities multiply")
    allow_missing: bool = option("go on without listed photographs that are not there")


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
        "root itself holds the photographs: hold out this share; null: train and val do"
    )


class ShardedPlacesOptions(PhotographSetOptions):
    """Tar files of photographs (place_shards)"""

    train: Path | None = option("names of the tar files, with {000..999}; pipe:COMMAND, or URLs")
    train_photographs: Count | None = option(
        "photographs in them, for the steps of an epoch; null: the partition's",
        unit="photographs",
    )
    shuffle: Whole = option("photographs in the buffer of each loader process", unit="photographs")
    val: Path = option("list of validation photographs")
    val_images: Path = option("folder of the validation photographs")


class SampleFolderOptions(Described):
    """What mode=sample takes where nothing is drawn"""

    root: Path = option("folder that mode=sample trains on")


class SampleOptions(Described):
    """What mode=sample draws"""

    root: Path = option("folder that it is drawn into")
    train: Count = option("training pictures", unit="pictures")
    val: Count = option("validation pictures", unit="pictures")
    size: DrawnSize | None = option("about this size; null: the drawing's own", None, unit="pixels")
    seed: int = option("of the drawing", 0, ge=0, lt=2**32)
    workers: int | None = option(
        "processes that draw; null: one for each core", None, ge=1, le=1024
    )


class SampleOfImageNetOptions(SampleOptions):
    """What mode=sample draws in ImageNet's layouts"""

    layout: Literal["flat", "folders"] = option("of the validation pictures", "flat")


class SampleOfFacesOptions(SampleOptions):
    """What mode=sample draws of faces"""

    test: Count = option("test pictures", unit="pictures")
    people: Annotated[
        int, Field(ge=20, le=100_000, multiple_of=10), Said("a multiple of 10 from 20")
    ] = option("people in the drawn pairs", 120)

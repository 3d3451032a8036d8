"""The layout of an annotation path, and the folder of the images of COCO files."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from backbone.errors import InputError, listed_briefly
from tasks.images.names import Folder

Layout = Literal["coco", "yolo", "voc"]

YOLO_LISTS = ("data.yaml", "data.yml", "dataset.yaml", "obj.data", "classes.txt", "obj.names")
TABLES = (".csv", ".tsv", ".parquet", ".xlsx", ".mat", ".pkl", ".tfrecord", ".record", ".txtpb")
HELD_OUT = "data.val_fraction=0.2"
SAMPLE = 50  # names that are looked for when a folder is chosen


def layout_of(path: Path) -> Layout:
    """The layout of the annotations that a path names.

    `data.yaml`, `obj.data`, or a folder with one of YOLO_LISTS: YOLO. A folder of XML files, or a
    list of them in `ImageSets`: Pascal VOC. Any other file: COCO's JSON.

    Raises:
        InputError: the folder has none of these layouts, or the file is known to be something else.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        if class_list(path) is not None:
            return "yolo"
        if xml_folder(path) is not None:
            return "voc"
        raise InputError(
            f"{path}: a folder without annotations. Give COCO's JSON file, YOLO's data.yaml, or a "
            f"folder of Pascal VOC's XML files. {_found(path)}"
        )
    if suffix in (".yaml", ".yml", ".data"):
        return "yolo"
    if suffix == ".txt":
        return "voc"
    if suffix == ".xml":
        raise InputError(
            f"{path}: a single XML file is not a data set. CVAT's own annotations.xml is not "
            "read; export as 'COCO 1.0', 'Ultralytics YOLO Detection' or 'Pascal VOC 1.1'. For "
            "Pascal VOC, name the folder"
        )
    if suffix in TABLES:
        raise InputError(
            f"{path}: boxes are not read from {suffix} files. Convert it to COCO's JSON, YOLO's "
            "text files or Pascal VOC's XML"
        )
    return "coco"


def class_list(folder: Path) -> Path | None:
    """The file in a folder that lists the classes of YOLO labels; None if there is none."""
    places = (folder / name for name in YOLO_LISTS)
    return next((place for place in places if place.is_file()), None)


def xml_folder(folder: Path) -> Path | None:
    """The folder of XML files: this one, or its `Annotations`; None if neither has any."""
    for place in (folder, folder / "Annotations"):
        if place.is_dir():
            with os.scandir(place) as entries:
                if any(entry.name.lower().endswith(".xml") for entry in entries):
                    return place
    return None


def image_folder(annotations: Path, names: Sequence[str], option: str) -> Path:
    """The folder of the images of a COCO file.

    Args:
        annotations: the file.
        names: of some of its images, as in the file.
        option: the option that names the folder, for the message.

    Raises:
        InputError: the images are not near the file.
    """
    here, up = annotations.parent, annotations.parent.parent
    stem = annotations.stem
    # instances_train2017.json -> train2017; _annotations.coco.json has no such word
    word = stem.rpartition("_")[2] if not stem.startswith("_") else ""
    own = [up / word, up / "images" / word, here / word, here / "images" / word] if word else []
    places = [*own, here, here / "images", up / "images", up / stem, up]
    places = [place for place in dict.fromkeys(places) if place.is_dir()]
    if word and here.name == "annotations" and (up / word).is_dir():
        return up / word  # COCO's own layout; what is missing there is reported as missing
    for place in places:
        folder = Folder(str(place))
        if any(folder.find(name) for name in names):
            return place
    raise InputError(
        f"{annotations}: its images ({listed_briefly(names[:2])}) are not in "
        f"{listed_briefly(map(str, places))}; name their folder with {option}=FOLDER"
    )


def other_layout(root: Path) -> str | None:
    """The options that would train on a folder's content, if it is a known export."""
    if not root.is_dir():
        return None
    listing, own = class_list(root), "data.num_classes=null"
    if listing is not None:
        named = listing.name
        rest = f"data.val={named}" if listing.suffix in (".yaml", ".yml") else HELD_OUT
        return f"data.train={named} {rest} {own}"
    if xml_folder(root) is not None:
        return f"data.train=. {HELD_OUT} {own}"
    found = sorted(
        path.relative_to(root).as_posix()
        for pattern in ("*.json", "*/*.json")
        for path in root.glob(pattern)
    )
    train = next((name for name in found if "train" in name.lower()), found[0] if found else None)
    if train is None:
        return None
    val = next((name for name in found if "val" in name.lower() and name != train), None)
    return f"data.train={train} {f'data.val={val}' if val else HELD_OUT} {own}"


def _found(folder: Path) -> str:
    names = sorted(os.listdir(folder))
    return f"It holds {listed_briefly(names)}" if names else "It is empty"

"""Class folders: one folder per class, with its images inside."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly
from tasks.data.image_index import ImageIndex
from tasks.images.files import SUFFIXES
from tasks.images.listing import image_files


def subfolders(folder: Path) -> list[str]:
    """Names of the folders in a folder, sorted; hidden ones (.git, .ipynb_checkpoints) left out."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())


def contents(folder: Path) -> str:
    """What a folder holds, in words: its folders or, without any, its images."""
    if folders := subfolders(folder):
        return f"the folders {listed_briefly(folders)}"
    if files := image_files(folder):
        return f"{len(files):,} image files ({listed_briefly(map(os.fsdecode, files))})"
    return "no folder and no image"


def class_folders(folder: Path) -> list[str]:
    """The names of the class folders in a folder, sorted.

    Raises: InputError if there is none.
    """
    names = subfolders(folder)
    if not names:
        raise InputError(
            f"{folder} should hold one folder per class with its images inside, but holds "
            f"{contents(folder)}: move each image into a folder named after its class"
        )
    return names


def check_same_classes(first: Path, second: Path) -> None:
    """Raise InputError unless two folders hold class folders of the same names.

    Classes are numbered in the order of their names: one folder more or less would shift them all.
    """
    one, two = class_folders(first), class_folders(second)
    lines = [
        f"  only in {folder}: {listed_briefly(names)}"
        for folder, names in ((first, sorted({*one} - {*two})), (second, sorted({*two} - {*one})))
        if names
    ]
    if lines:
        raise InputError(
            f"{first} and {second} have different class folders:\n"
            + "\n".join(lines)
            + "\nGive both the same classes, under the same names"
        )


def index_folders(
    folder: Path, names: Sequence[str], classes: Sequence[tuple[str, str]], labels: Sequence[int]
) -> ImageIndex:
    """The images of class folders, folder by folder.

    Args:
        folder: the folder that holds the class folders.
        names: the class folders' names.
        classes: (id, name) of all classes.
        labels: the class of each folder.

    Raises: InputError naming the class folders that hold no image.
    """
    files = []
    for name in names:
        prefix = os.fsencode(name) + b"/"
        files.append(np.array([prefix + file for file in image_files(folder / name)], dtype="S"))
    counts = np.array([len(found) for found in files])
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    if empty:
        raise InputError(
            f"{folder}: class folders without an image: {listed_briefly(empty)} ({empty[0]} holds "
            f"{contents(folder / empty[0])}); add images (of type {', '.join(sorted(SUFFIXES))}), "
            "remove the folders, or name the folder that holds the classes themselves"
        )
    return ImageIndex(
        root=str(folder),
        files=np.concatenate(files),
        labels=np.repeat(np.asarray(labels, np.int64), counts),
        classes=tuple(classes),
    )

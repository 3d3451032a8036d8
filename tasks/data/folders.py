"""Class folders: one folder per class, which contains its images."""

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.image_index import ImageIndex
from tasks.images.files import SUFFIXES
from tasks.images.listing import entries_of, files_below, image_files, is_folder, is_image, kind_of

OTHERWISE = "or name another folder with data.root=, or add mode=sample to use a drawn sample"
"""How to go on without a data set, the end of the message that it is missing."""


def subfolders(folder: Path) -> list[str]:
    """Names of the folders in a folder, sorted, without hidden ones (.git, .ipynb_checkpoints).

    Raises: InputError if it cannot be listed.
    """
    return sorted(entry.name for entry in entries_of(str(folder)) if is_folder(entry))


def contents(folder: Path) -> str:
    """The content of a folder in words: its folders, or its files if it has none."""
    if folders := subfolders(folder):
        return f"the folders {listed_briefly(folders)}"
    if files := image_files(folder):
        return f"{number_of(len(files), 'image file')} ({listed_briefly(map(os.fsdecode, files))})"
    kinds = Counter(kind_of(file) for file in files_below(folder)).most_common(5)
    others = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    return "no folders and no images" + (f", only other files: {others}" if others else "")


def about_root(root: Path) -> str:
    """What is in the place of a data set's folder, in a sentence."""
    if root.is_dir():
        return f"The folder holds {contents(root)}."
    if root.exists():
        return f"{root.absolute()} is a file, not a folder."
    return f"There is no folder {root.absolute()}."


def class_folders(folder: Path) -> list[str]:
    """The names of the class folders in a folder, sorted.

    Raises: InputError if there are none.
    """
    names = subfolders(folder)
    if not names:
        raise InputError(
            f"{folder} should hold one folder per class with its images inside, but holds "
            f"{contents(folder)}: move each image into a folder named after its class"
        )
    return names


def check_same_classes(first: Path, second: Path) -> None:
    """Raise InputError unless two folders have class folders with the same names.

    Classes are numbered in the order of their names: one folder more or less would shift all
    numbers.
    """
    one, two = ({*map(class_name, class_folders(folder))} for folder in (first, second))
    lone = {first: sorted(one - two), second: sorted(two - one)}
    lines = [
        f"  only in {folder}: {listed_briefly(names)}" for folder, names in lone.items() if names
    ]
    if not lines:
        return
    spelled = {name.strip().casefold(): name for name in lone[first]}
    alike = [name for name in lone[second] if name.strip().casefold() in spelled]
    if alike:
        pair = f"{spelled[alike[0].strip().casefold()]!r} and {alike[0]!r}"
        lines.append(f"  {pair} differ in capitals or spaces alone")
    raise InputError(
        f"{first} and {second} have different class folders:\n"
        + "\n".join(lines)
        + "\nGive both the same classes, under the same names"
    )


def class_name(folder: str) -> str:
    """The class of a folder, its accents composed: macOS's archives write é as e and an accent."""
    return unicodedata.normalize("NFC", folder)


def index_folders(
    folder: Path, names: Sequence[str], classes: Sequence[tuple[str, str]], labels: Sequence[int]
) -> ImageIndex:
    """The images of class folders and of the folders inside them, folder by folder.

    Hidden images, such as macOS's ._x.jpg, and files that are not images are left out, and counted
    by kind.

    Args:
        folder: contains the class folders.
        names: of the class folders.
        classes: (id, name) of all classes.
        labels: the class of each folder.

    Raises: InputError that names the class folders without images.
    """
    files = []
    left_out = Counter[str]()
    direct = False
    for name in names:
        prefix = os.fsencode(name) + b"/"
        for inner in subfolders(folder / name):
            if is_image(os.fsencode(inner)):
                raise InputError(
                    f"{folder / name / inner} has the name of an image but is a folder: rename or "
                    "remove it"
                )
        inside = files_below(folder / name, left_out)
        images = [prefix + file for file in inside if is_image(file)]
        if len(images) < len(inside):
            left_out.update(kind_of(file) for file in inside if not is_image(file))
        files.append(np.array(images, dtype="S"))
        direct |= not images or any(file.count(b"/") == 1 for file in images)
    if not direct:  # these are not the class folders, which are one level deeper
        raise InputError(
            f"{folder}: none of the class folders {listed_briefly(names)} holds an image itself; "
            f"{names[0]} holds {contents(folder / names[0])}. Name the folder that holds the "
            "classes themselves, or move the images up into their class's folder"
        )
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
        left_out=dict(left_out.most_common()),
    )

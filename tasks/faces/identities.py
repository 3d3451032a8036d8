"""Faces of known people: one folder per person, or CelebA with its list of identities."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.folders import class_folders, index_folders, subfolders
from tasks.data.image_source import ImageSet, require
from tasks.data.text_lists import whole_number
from tasks.faces.celeba import SPLITS
from tasks.faces.celeba_files import IDENTITIES, IMAGES, PARTITION, celeba_files
from tasks.faces.celeba_lists import read_partition
from tasks.faces.face_index import FaceIndex
from tasks.faces.holdout import holdout_mask
from tasks.images.listing import images_below

FOLDERS_LAYOUT = """train/<person>/*.jpg
val/<person>/*.jpg   other people; or data.val=null to hold out data.val_fraction of the people"""
CELEBA_LAYOUT = f"""{IMAGES}/000001.jpg   the aligned faces, 178 x 218 pixels
{IDENTITIES}           lines of 'file number': the person's number
{PARTITION}       lines of 'file number': 0 training, 1 validation, 2 test"""
CELEBA_DOWNLOADS = (
    "img_align_celeba.zip (1.4 GB), list_eval_partition.txt, and identity_CelebA.txt (on request),",
    "from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (non-commercial research)",
)


@dataclass(frozen=True)
class FaceFolders:
    """ROOT/train/<person>/*, as CASIA-WebFace, VGGFace2 and MS1M unpack, and other people in val.

    Args:
        root: the folder.
        train: its folder of training people; '.' for ROOT itself.
        val: its folder of other people, pairs of whom pick the best checkpoint; None: hold out some
            of the training people.
        val_fraction: share of the training people held out if `val` is None. Who is held out
            depends only on the seed and on the names of their folders.
        unlabelled: a folder in ROOT with faces without identities, for a teacher; or None.
        seed: of the run.
    """

    root: str
    train: str = "train"
    val: str | None = None
    val_fraction: float = 0.1
    unlabelled: str | None = None
    seed: int = 0

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        named = [name for name in (self.train, self.val, self.unlabelled) if name is not None]
        require("The folder of faces", root, [root / name for name in named], FOLDERS_LAYOUT)
        people = class_folders(root / self.train)
        if self.val is not None and (both := set(people) & set(class_folders(root / self.val))):
            raise InputError(
                f"{root / self.train} and {root / self.val} share people: "
                f"{listed_briefly(sorted(both))}. The network must not be "
                "validated on people that it is trained on: move them to one of the two"
            )

    def load(self) -> ImageSet[FaceIndex]:
        """See ImageSource."""
        self.check()
        root, note = Path(self.root), ""
        train = people_of(root / self.train)
        if self.val is None:
            train, val = hold_out_people(train, self.val_fraction, self.seed)
            note = f"{self.val_fraction:.0%} of the people held out with seed {self.seed}"
        else:
            val = people_of(root / self.val)
        if self.unlabelled is not None:
            train = with_unlabelled(train, root, self.train, self.unlabelled)
        return ImageSet({"train": train, "val": val}, note)


def people_of(folder: Path) -> FaceIndex:
    """The images in a folder with one folder per person."""
    names = subfolders(folder)
    classes = [(name, name) for name in names]
    index = index_folders(folder, names, classes, range(len(names)))
    return FaceIndex(index.root, index.files, index.labels, index.classes)


def with_unlabelled(index: FaceIndex, root: Path, people: str, folder: str) -> FaceIndex:
    """The images of an index of ROOT/people, and those below ROOT/folder with the label -1."""
    known = [os.path.join(os.fsencode(people), file) for file in index.files.tolist()]
    unknown = [os.path.join(os.fsencode(folder), file) for file in images_below(root / folder)]
    if not unknown:
        raise InputError(f"{root / folder}: there are no images in the folder of data.unlabelled")
    labels = np.concatenate([index.labels, np.full(len(unknown), -1)])
    return FaceIndex(str(root), np.array(known + unknown), labels, index.classes)


def hold_out_people(index: FaceIndex, fraction: float, seed: int) -> tuple[FaceIndex, FaceIndex]:
    """Split an index by people: (1 - fraction, fraction) of them, at least one on each side."""
    names = [os.fsencode(name) for _, name in index.classes]
    held = holdout_mask(names, fraction, seed)
    return of_people(index, ~held), of_people(index, held)


def of_people(index: FaceIndex, chosen: np.ndarray, unknown: bool = False) -> FaceIndex:
    """The images of some of the people, who are renumbered.

    Args:
        index: of K people.
        chosen: bool[K].
        unknown: whether to keep the images without identity.
    """
    number = np.where(chosen, np.cumsum(chosen) - 1, -2)
    labels = np.append(number, -1)[index.labels]  # the label -1 takes the last one
    kept = labels >= (-1 if unknown else 0)
    classes = tuple(index.classes[k] for k in np.flatnonzero(chosen))
    return replace(index.take(np.flatnonzero(kept)), labels=labels[kept], classes=classes)


@dataclass(frozen=True)
class CelebaIdentities:
    """CelebA's 10,177 people in its own partition, in which no person is in two parts.

    Images without identity stay in training, for a teacher.

    Args:
        root: folder of the images' folder and the two lists.
    """

    root: str

    def check(self) -> None:
        """See ImageSource."""
        copy = celeba_files(Path(self.root))
        paths = [copy.images, copy.identities, copy.partition]
        require("CelebA with identities", Path(self.root), paths, CELEBA_LAYOUT, CELEBA_DOWNLOADS)

    def load(self) -> ImageSet[FaceIndex]:
        """See ImageSource."""
        self.check()
        copy = celeba_files(Path(self.root))
        partition, people = read_partition(copy.partition), read_identities(copy.identities)
        files = list(partition)
        names = copy.named(copy.partition, files)
        if strange := people.keys() - partition.keys():
            raise InputError(
                f"{copy.partition} does not assign {number_of(len(strange), 'image')} of "
                f"{IDENTITIES} to a part: "
                f"{listed_briefly(os.fsdecode(file) for file in sorted(strange))}; download both "
                "lists again"
            )
        parts = np.array(list(partition.values()))
        identity = np.array([people.get(file, -1) for file in files])
        everybody = np.unique(identity[identity >= 0])
        index = FaceIndex(
            root=str(copy.images),
            files=np.array(names),
            labels=np.where(identity >= 0, np.searchsorted(everybody, identity), -1),
            classes=tuple((str(i), str(i)) for i in everybody.tolist()),
        )
        return split_people(index, parts, copy.partition)


def split_people(index: FaceIndex, parts: np.ndarray, path: Path) -> ImageSet[FaceIndex]:
    """Images of parts 0, 1 and 2 as splits; training people are left out of the others.

    Args:
        index: N images.
        parts: int64[N], the part that each image is in.
        path: of the list of parts, for messages.

    Raises:
        InputError: no one is left for training or validation.
    """
    splits, notes = {}, ["CelebA's own partition, no person in two parts"]
    trained = np.zeros(len(index.classes), bool)
    for part, split in enumerate(SPLITS):
        images = index.take(np.flatnonzero(parts == part))
        known = (images.counts > 0) & ~trained
        if left_out := int(images.counts[trained].sum()):
            notes.append(f"{number_of(left_out, f'{split} image')} of training people left out")
        if part == 0:
            trained = known
        if known.any():
            splits[split] = of_people(images, known, unknown=part == 0)
        elif split != "test":
            raise InputError(f"{path} leaves no one for {split}; download the lists again")
    return ImageSet(splits, ", ".join(notes))


def read_identities(path: Path) -> dict[bytes, int]:
    """Read `identity_CelebA.txt`: lines of 'file number'.

    Raises:
        InputError: a line has another form, or a file is listed twice.
    """
    people: dict[bytes, int] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        words = line.split()
        if not words:
            continue
        person = whole_number(words[1].decode(errors="replace")) if len(words) == 2 else None
        if person is None:
            raise InputError(
                f"{path}, line {number}: {line[:60].decode(errors='replace')!r} should be a file "
                "and the number of a person; download the list again"
            )
        if words[0] in people:
            raise InputError(f"{path}, line {number}: {os.fsdecode(words[0])} is listed twice")
        people[words[0]] = person
    return people

"""Faces without identities, for a student that learns only from a teacher."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, number_of
from tasks.data.image_source import ImageSet, require
from tasks.faces.csv_rows import ImageList, read_rows
from tasks.faces.face_index import FaceIndex
from tasks.faces.holdout import holdout_mask
from tasks.images.listing import images_below

LAYOUT = """images/*.jpg, in folders of any depth; another name: data.images=NAME
labels.csv with a column `file`, and optionally `split` (train, val, test): data.list=NAME, or
data.list=null for every image in the folder"""


@dataclass(frozen=True)
class UnlabelledFaces:
    """The images that a CSV file lists, or all images in a folder and its subfolders.

    Args:
        root: the folder that the other paths are relative to.
        images: folder of the images.
        list: CSV file with a column of files, which are paths in `images`, and optionally one of
            splits; other columns are ignored. None: every image.
        val_fraction: share held out for validation if no list gives splits. Which images are held
            out depends on the seed and on their names.
        seed: of the run.
    """

    root: str
    images: str = "images"
    list: str | None = None
    val_fraction: float = 0.05
    seed: int = 0

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        names = [self.images] if self.list is None else [self.images, self.list]
        require("The folder of faces", root, [root / name for name in names], LAYOUT)

    def load(self) -> ImageSet[FaceIndex]:
        """See ImageSource."""
        self.check()
        folder = Path(self.root, self.images)
        if self.list is None:
            files, given = images_below(folder), None
        else:
            files, given = listed_faces(Path(self.root, self.list), folder)
        if len(files) < 2:
            found = number_of(len(files), "image is", "images are")
            raise InputError(f"{folder}: {found} too few to train and to validate")
        note = ""
        if given is None:
            held = holdout_mask(files, self.val_fraction, self.seed)
            splits = np.where(held, "val", "train")
            note = f"{self.val_fraction:.0%} of the images held out with seed {self.seed}"
        else:
            splits = np.array(given)
        index = FaceIndex(str(folder), np.array(files), np.full(len(files), -1), ())
        parts = {s: index.take(np.flatnonzero(splits == s)) for s in ("train", "val", "test")}
        empty = [split for split in ("train", "val") if not len(parts[split])]
        if empty:
            raise InputError(
                f"{Path(self.root, str(self.list))}: no image has split {' or '.join(empty)}; "
                "leave the column out to hold out a share of the images (data.val_fraction)"
            )
        return ImageSet({split: part for split, part in parts.items() if len(part)}, note)


def listed_faces(path: Path, folder: Path) -> tuple[list[bytes], list[str] | None]:
    """The files that a list names, and their splits if it has such a column.

    Raises:
        InputError: the list is damaged, or files are not in the folder.
    """
    header, rows = read_rows(path)
    images = ImageList(path, header)
    for line, row in rows:
        images.add(line, row)
    images.check()
    return images.paths_in(folder), images.splits()

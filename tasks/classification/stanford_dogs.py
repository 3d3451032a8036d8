"""Stanford Dogs (Khosla et al. 2011), in the layout of its official archives."""

import os
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbone.errors import InputError, listed_briefly, number_of
from tasks.classification.matlab import read_matlab
from tasks.data.image_index import ImageIndex
from tasks.data.image_source import ImageSet, official_note, require
from tasks.images.listing import absent

LAYOUT = """Images/n02085620-Chihuahua/n02085620_7.jpg
Annotation/n02085620-Chihuahua/n02085620_7   only for data.crop_to_object=true
lists/train_list.mat, lists/test_list.mat    or both directly in the folder"""
ADDRESS = "http://vision.stanford.edu/aditya86/ImageNetDogs"
DOWNLOADS = tuple(
    f"{ADDRESS}/{archive}"
    for archive in ("images.tar (757 MB)", "annotation.tar (21 MB)", "lists.tar (0.5 MB)")
)
OFFICIAL = {"train": 12_000, "val": 8_580}
CLASSES = 120


@dataclass(frozen=True)
class StanfordDogs:
    """The training list, and the test list for validation, since there is no third list.

    Args:
        root: folder of `Images`, the two lists (in it or in `lists`) and, for crops, `Annotation`.
        crop_to_object: crop to the annotated dog. If there are several, to the largest one: a box
            around all of them would be most of the picture, with each dog small.
    """

    root: str
    crop_to_object: bool = False

    def lists(self) -> dict[str, Path]:
        """The list of each split."""
        root = Path(self.root)
        folder = root if (root / "train_list.mat").is_file() else root / "lists"
        return {"train": folder / "train_list.mat", "val": folder / "test_list.mat"}

    def check(self) -> None:
        """See ImageSource."""
        root = Path(self.root)
        paths = [root / "Images", *self.lists().values()]
        if self.crop_to_object:
            paths.append(root / "Annotation")
        require("Stanford Dogs", root, paths, LAYOUT, DOWNLOADS)

    def load(self) -> ImageSet[ImageIndex]:
        """See ImageSource."""
        self.check()
        images = Path(self.root) / "Images"
        rows = {split: _read_list(path) for split, path in self.lists().items()}
        names, labels = (np.concatenate(column) for column in zip(*rows.values(), strict=True))
        _check_files(self.lists(), rows, images)
        folders, labels = _number(names, labels, images)
        _check_classes(self.lists(), rows)
        # 'n02085620-Chihuahua', 'n02098105-soft-coated_wheaten_terrier'
        parts = [folder.partition("-") for folder in folders]
        classes = tuple((wnid, name.replace("_", " ") or wnid) for wnid, _, name in parts)
        train = len(rows["train"][0])
        splits = {}
        for split, part in (("train", slice(train)), ("val", slice(train, None))):
            files = [os.fsencode(name) for name in names[part]]
            boxes = self._boxes(names[part]) if self.crop_to_object else None
            splits[split] = ImageIndex(str(images), np.array(files), labels[part], classes, boxes)
        note = official_note(splits, OFFICIAL, CLASSES)
        return ImageSet(splits, f"{note}, cropped to the dogs" if self.crop_to_object else note)

    def _boxes(self, names: np.ndarray) -> np.ndarray:
        folder = Path(self.root) / "Annotation"
        return np.array(
            [largest_box(folder / os.path.splitext(name)[0]) for name in names], np.float32
        )


def _read_list(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Files str[N] ('n02085620-Chihuahua/n02085620_7.jpg') and labels int64[N] of a list."""
    files, labels = read_matlab(path, "file_list", "labels")
    files, labels = np.array(files.ravel(), str), labels.ravel().astype(np.int64)
    if len(files) != len(labels):
        raise InputError(
            f"{path}: {number_of(len(files), 'file')} but {number_of(len(labels), 'label')}; "
            "download lists.tar again"
        )
    names, times = np.unique(files, return_counts=True)
    if (times > 1).any():
        raise InputError(f"{path}: files listed more than once: {listed_briefly(names[times > 1])}")
    return files, labels


def _check_files(
    lists: dict[str, Path], rows: dict[str, tuple[np.ndarray, np.ndarray]], images: Path
) -> None:
    """Raise InputError if the lists share a file, or name one that is missing."""
    both = np.intersect1d(rows["train"][0], rows["val"][0])
    if len(both):
        raise InputError(
            f"{lists['train']} and {lists['val']} share {number_of(len(both), 'file')}: "
            f"{listed_briefly(both)}; an image must be in only one of them: download lists.tar "
            "again"
        )
    for split, path in lists.items():
        names = rows[split][0].tolist()
        missing = [names[i] for i in absent(images, [os.fsencode(name) for name in names])]
        if missing:
            raise InputError(
                f"{path} names {number_of(len(missing), 'file that is', 'files that are')} not in "
                f"{images}: "
                f"{listed_briefly(missing)}; unpack {ADDRESS}/images.tar (757 MB) again"
            )


def _check_classes(lists: dict[str, Path], rows: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Raise InputError if the lists have different classes."""
    differ = [
        f"only in {lists[one]}: labels {listed_briefly(labels)}"
        for one, other in (("train", "val"), ("val", "train"))
        if len(labels := np.setdiff1d(rows[one][1], rows[other][1]))
    ]
    if differ:
        raise InputError(
            f"the lists have different classes ({'; '.join(differ)}): both need images of every"
        )


def _number(names: np.ndarray, labels: np.ndarray, images: Path) -> tuple[list[str], np.ndarray]:
    """Class folders in the order of their labels, and the labels renumbered from 0 without gaps.

    Raises:
        InputError: folders and labels do not correspond one to one.
    """
    folders = np.array([name.rpartition("/")[0] for name in names])
    pairs = sorted(set(zip(labels.tolist(), folders.tolist(), strict=True)))
    for column, what in ((0, "label"), (1, "folder")):
        values, times = np.unique([pair[column] for pair in pairs], return_counts=True)
        if (times > 1).any():
            value = values[times > 1][0]
            clash = [str(pair) for pair in pairs if str(pair[column]) == str(value)]
            raise InputError(
                f"the lists contradict {images}: {what} {value} stands for "
                f"{listed_briefly(clash)} (label, folder); download lists.tar again"
            )
    return [folder for _, folder in pairs], np.searchsorted([k for k, _ in pairs], labels)


def largest_box(path: Path) -> tuple[float, float, float, float]:
    """The largest box of an annotation, xyxy as fractions of width and height, clipped to 0..1.

    Fractions stay valid when the images are resized; the annotation says which size it refers to.

    Raises:
        InputError: the file is missing, is not an annotation, or has no box with an area.
    """
    try:
        tree = ElementTree.parse(path)
        width, height = (float(tree.findtext(f"size/{side}", "")) for side in ("width", "height"))
        boxes = np.array(
            [
                [float(box.findtext(edge, "")) for edge in ("xmin", "ymin", "xmax", "ymax")]
                for box in tree.iterfind("object/bndbox")
            ]
        ).reshape(-1, 4)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); unpack {ADDRESS}/annotation.tar (21 MB), "
            "or leave data.crop_to_object=false"
        ) from None
    except (ElementTree.ParseError, ValueError) as error:
        raise InputError(
            f"{path}: not a PASCAL annotation with size and bndbox ({error}); unpack "
            f"{ADDRESS}/annotation.tar again"
        ) from None
    boxes = (boxes / (width, height, width, height)).clip(0, 1)
    area = (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1)
    if not (area > 0).any():
        raise InputError(
            f"{path}: no object has a box with an area inside the image of {width:g} x "
            f"{height:g}; correct it, or leave data.crop_to_object=false"
        )
    return tuple(boxes[area.argmax()].tolist())

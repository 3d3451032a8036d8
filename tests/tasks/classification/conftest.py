"""Tiny data sets in the layouts of the real ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.tasks.conftest import write_images

WNIDS = ["n01440764", "n02012849", "n03126707"]  # tench, crane (the bird), crane (the machine)


def write_list(path: Path, files: list[str], labels: list[int]) -> None:
    """Write a list as Stanford Dogs has it: columns of cells, labels of type uint8."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def cells(values: list[str]) -> np.ndarray:
        return np.array(values, object).reshape(-1, 1)

    savemat(
        path,
        {
            "file_list": cells(files),
            "annotation_list": cells([file.removesuffix(".jpg") for file in files]),
            "labels": np.array(labels, np.uint8).reshape(-1, 1),
        },
    )


def write_annotation(path: Path, boxes: list[tuple[int, int, int, int]]) -> None:
    """Write an annotation of a picture of 40 x 30, as Stanford Dogs has it."""
    objects = "".join(
        f"<object><name>dog</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
        f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
        for x0, y0, x1, y1 in boxes
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "<annotation><size><width>40</width><height>30</height><depth>3</depth></size>"
        f"{objects}</annotation>"
    )


@pytest.fixture
def imagenet(tmp_path) -> Path:
    """Three wnids with two training images; a flat folder of four validation images."""
    files = [f"train/{wnid}/{wnid}_{i}.JPEG" for wnid in WNIDS for i in (1, 2)]
    files += [f"val/ILSVRC2012_val_0000000{i}.JPEG" for i in (1, 2, 3, 4)]
    return write_images(tmp_path / "imagenet", files)


@pytest.fixture
def dogs(tmp_path) -> Path:
    """Two breeds; three training and two test images, annotated."""
    root = tmp_path / "dogs"
    one, two = "n02085620-Chihuahua", "n02098105-soft-coated_wheaten_terrier"
    train = [f"{two}/n02098105_3.jpg", f"{one}/n02085620_7.jpg", f"{one}/n02085620_9.jpg"]
    test = [f"{one}/n02085620_1.jpg", f"{two}/n02098105_4.jpg"]
    write_images(root / "Images", train + test)
    write_list(root / "lists/train_list.mat", train, [2, 1, 1])
    write_list(root / "lists/test_list.mat", test, [1, 2])
    for file in train + test:
        write_annotation(root / "Annotation" / file.removesuffix(".jpg"), [(10, 6, 30, 24)])
    write_annotation(root / "Annotation" / one / "n02085620_7", [(0, 0, 4, 4), (20, 3, 44, 33)])
    return root


@pytest.fixture
def dog_list() -> Callable[..., None]:
    return write_list


@pytest.fixture
def dog_annotation() -> Callable[..., None]:
    return write_annotation

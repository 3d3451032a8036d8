"""A photograph that EXIF turns is drawn as the network sees it, in every picture of a run."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from tasks.classification.metrics import Mistake
from tasks.classification.presenter import ClassPresenter
from tasks.data.image_index import ImageIndex
from tasks.data.labelled_images import LabelledImages, collate_labelled
from tasks.data.labels import Labels
from tasks.faces.attribute_index import AttributeIndex, named
from tasks.faces.attribute_metrics import AttributeResult
from tasks.faces.attribute_plots import faces_sheet
from tasks.faces.face_index import FaceIndex
from tasks.faces.verification_plots import _framed
from tasks.images.files import ORIENTATION
from tasks.training.presenter import Presenter

LABELS = Labels(2, [0, 1], ["a", "b"], ["a", "b"])


@pytest.fixture(params=["jpg", "png", "tif"])
def index(request, tmp_path):
    """A photograph stored 60 x 90, red at its top; shown 90 x 60, red at its right."""
    stored = Image.new("RGB", (60, 90), "blue")
    stored.paste("red", (0, 0, 60, 45))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    name = f"a.{request.param}"
    stored.save(tmp_path / name, exif=exif)
    classes = (("a", "a"), ("b", "b"))
    return ImageIndex(str(tmp_path), np.array([name.encode()]), np.array([0]), classes)


def side_of_red(image):
    """How far red is right of blue and below it, in the sizes of their area."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    centres = []
    for k in (0, 2):
        strong = (pixels[..., k] > 180) & (pixels.sum(2) - pixels[..., k] < 100)
        centres.append(np.argwhere(strong).mean(0))
    (y, x), (y0, x0) = centres
    extent = np.ptp(np.argwhere(strong))
    return (x - x0) / extent, (y - y0) / extent


def assert_turned(image):
    right, below = side_of_red(image)
    assert right > 0.2
    assert abs(below) < 0.1


def test_training_sees_the_photograph_turned(index):
    pixels = LabelledImages(index, (60, 90))[0]["image"]
    assert_turned(Image.fromarray(pixels))


def test_sheets_show_the_photograph_turned(index, tmp_path):
    dataset = LabelledImages(index, (60, 90))
    data = SimpleNamespace(
        reported="val",
        indices={"val": index},
        batch=lambda split, rows: collate_labelled([dataset[row] for row in rows]),
    )
    path = tmp_path / "sheet.png"
    Presenter(LABELS).sheet(data, lambda batch: {"n": torch.zeros(1)}, path)
    assert_turned(Image.open(path))
    result = SimpleNamespace(mistakes=[Mistake(0, 0, 1, 0.9)])
    ClassPresenter(LABELS).mistakes(result, data, path)
    assert_turned(Image.open(path))


def test_sheets_of_faces_show_the_photograph_turned(index, tmp_path):
    labels = np.zeros((1, 2), np.int8)
    faces = AttributeIndex(index.root, index.files, labels, named(["a", "b"]))
    result = AttributeResult({}, [], [], np.array([0]), labels, np.zeros((1, 2), np.float32))
    faces_sheet(result, ["a", "b"], faces, tmp_path / "sheet.png", count=1)
    assert_turned(Image.open(tmp_path / "sheet.png"))
    pair = FaceIndex(index.root, index.files, index.labels, index.classes)
    assert_turned(_framed(pair.framed([0.1, 0.1, 0.9, 0.9]), 0))

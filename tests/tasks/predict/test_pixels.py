"""A model sees an image as its loaders showed it."""

from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

from tasks.classification.task import Classification
from tasks.data.image_index import ImageIndex
from tasks.data.labelled_images import LabelledImages
from tasks.data.labels import Labels
from tasks.detection.coco.dataset import CocoDetection
from tasks.detection.task import Detection
from tasks.images.files import open_image
from tasks.images.view import View
from tasks.training.model import Model

LABELS = Labels(2, [1], [1], ["thing"])


class Bare(nn.Module):
    """As much of a head as a task asks for before it predicts."""

    trunk = SimpleNamespace(normalization=((0.5,) * 3, (0.5,) * 3))


def bare_model(task, size) -> Model:
    return Model(task, SimpleNamespace(size=size), "cpu")


@pytest.mark.parametrize("keep_aspect", [False, True])
@pytest.mark.parametrize("size", [(128, 128), (90, 160)])
def test_a_detector_sees_what_its_loaders_showed_it(index, size, keep_aspect):
    view = View(keep_aspect=keep_aspect)
    data = CocoDetection(index, size, view=view)
    model = bare_model(Detection(Bare(), labels=LABELS, view=view), size)
    assert len(data) == 7
    for i, item in enumerate(data):
        image = open_image(index.path(i))
        pixels = model.pixels(index.path(i), image.width, image.height)
        assert np.array_equal(pixels, item["image"]), index.path(i)
        extent = view.extent(image.width, image.height, size)
        assert list(extent) == item["extent"].tolist()
        assert [image.height, image.width] == item["size"].tolist()


def test_a_classifier_sees_what_its_loaders_showed_it(photographs):
    paths = sorted(photographs.iterdir())
    names = np.array([path.name.encode() for path in paths])
    classes = (("a", "A"),)
    index = ImageIndex(str(photographs), names, np.zeros(len(paths), np.int64), classes)
    view = View(crop_fraction=0.875)
    data = LabelledImages(index, (96, 80), view=view)
    model = bare_model(Classification(Bare(), labels=LABELS, view=view), (96, 80))
    for i, path in enumerate(paths):
        pixels = model.pixels(path, *open_image(path).size)
        assert np.array_equal(pixels, data[i]["image"]), path.name

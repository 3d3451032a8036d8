import pickle
import subprocess
import sys

import pytest

from backbone.errors import InputError
from tasks.classification.image_folder import ImageFolder
from tasks.data.image_data import ImageData
from tasks.images.view import View
from tests.conftest import ROOT
from tests.tasks.conftest import LOADING


def data(source, **options):
    given = {"crop": True, "crop_scale": [0.08, 1.0], "view": View(crop_fraction=0.875)}
    module = ImageData(source, **(LOADING | given | options))
    module.setup("fit")
    return module


def test_splits_labels_and_what_is_said_of_them(folder, capsys):
    module = data(ImageFolder(str(folder)))
    assert {name: len(dataset) for name, dataset in module.datasets.items()} == {
        "train": 8,
        "val": 4,
    }
    labels = module.labels
    assert (labels.num_classes, labels.outputs) == (2, [0, 1])
    assert (labels.ids, labels.names) == (["ant", "bee"], ["ant", "bee"])
    out = capsys.readouterr().out
    assert "train: 8 images of 2 classes, 3 (bee) to 5 (ant) each\n" in out
    assert "val: 4 images of 2 classes, 2 each\n" in out
    assert module.describe() == "insects: 2 classes, trained on 8 images, scored on 4 images"
    assert module.indices["val"].labels.tolist() == [0, 0, 1, 1]


def test_only_training_images_are_cropped_at_random(folder):
    datasets = data(ImageFolder(str(folder))).datasets
    assert datasets["train"].crop is not None
    assert datasets["val"].crop is None
    assert data(ImageFolder(str(folder)), crop=False).datasets["train"].crop is None
    scaled = data(ImageFolder(str(folder)), crop_scale=[0.25, 1]).datasets["train"]
    assert scaled.crop.scale == (0.25, 1)


def test_limit_and_validation_on_the_training_images(folder):
    module = data(ImageFolder(str(folder), test="val"), limit=4, validate_on_train=True)
    assert module.indices["train"].counts.tolist() == [2, 2]
    assert module.indices["val"] is module.indices["train"]
    assert "test" not in module.datasets, "what is reported are the training images too"
    assert module.datasets["val"].crop is None
    assert module.describe().endswith("trained on 4 images, scored on the 4 training images")


def test_a_test_split_is_what_is_reported(folder, images):
    images(folder, ["test/ant/0.jpg", "test/bee/0.jpg"])
    module = data(ImageFolder(str(folder), test="test"))
    assert len(module.datasets["test"]) == 2
    assert module.describe().endswith("scored on 2 images")


def test_evaluation_without_training_images(folder):
    module = data(ImageFolder(str(folder), train=None))
    assert list(module.datasets) == ["val"]
    assert module.describe() == "insects: 2 classes, scored on 4 images"
    for options in ({"limit": 3}, {"validate_on_train": True}):
        with pytest.raises(InputError, match=r"data\.train=null"):
            data(ImageFolder(str(folder), train=None), **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crop_scale": [0, 1]}, "data.crop_scale"),
        ({"crop_scale": [0.5, 0.2]}, "data.crop_scale"),
        ({"crop_scale": [0.5]}, "data.crop_scale"),
        ({"view": View(keep_aspect=True)}, "data.view.keep_aspect"),
        ({"limit": 0}, "data.limit"),
    ],
)
def test_numbers_that_cannot_be_meant(folder, options, said):
    with pytest.raises(InputError, match=said):
        data(ImageFolder(str(folder)), **options)


def test_loaders_carry_arrays_not_objects(folder):
    """What a worker process gets grows by the arrays' bytes and by nothing else."""
    index = data(ImageFolder(str(folder))).indices["train"]
    many = index.take(list(range(8)) * 1000)
    grown = len(pickle.dumps(many)) - len(pickle.dumps(index))
    arrays = sum(
        getattr(many, name).nbytes - getattr(index, name).nbytes for name in ("files", "labels")
    )
    assert grown <= arrays + 200


def test_checks_do_not_wait_for_torch():
    families = ("imagenet", "stanford_dogs", "image_folder")
    modules = ["data.image_source", *(f"classification.{name}" for name in families)]
    imports = ", ".join(f"tasks.{name}" for name in modules)
    code = f"import sys, {imports}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

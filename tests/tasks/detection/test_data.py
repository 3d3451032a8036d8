"""The data module on a set of its own layout."""

import pytest

from tasks.detection.data import CocoData
from tasks.images.view import View
from tests.tasks.conftest import LOADING
from tests.tasks.detection.layouts.conftest import photograph


@pytest.fixture
def data(tmp_path):
    for name in ("a", "b", "c", "d"):
        photograph(tmp_path / "images" / f"{name}.jpg")
        (tmp_path / "images" / f"{name}.txt").write_text("1 .5 .5 .2 .4\n")
    (tmp_path / "images" / "d.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\ntrain: images\n")
    return CocoData(
        root=str(tmp_path),
        year=2017,
        minival_ids=None,
        num_classes=None,
        view=View(),
        cache=str(tmp_path / "cache"),
        train="data.yaml",
        val_fraction=0.3,
        skip_unreadable=True,
        **LOADING | {"batch_size": 2},
    )


def test_what_was_left_out_is_in_the_result(data, tmp_path):
    data.setup("fit")
    assert data.describe() == (
        f"{tmp_path.name} data.yaml: trained on 2 images, scored on 1 image; "
        "train: 1 image left out (1 unreadable)"
    )


def test_batches_of_another_layout(data):
    data.setup("fit")
    batch = data.batch("train", [0, 1])
    assert batch["labels"][:, 0].tolist() == [2, 2]
    assert batch["boxes"][0, 0].tolist() == pytest.approx([12.8, 9.6, 19.2, 22.4])
    assert data.labels.names == ["cat", "dog"]
    assert data.labels.ids == [0, 1]


def test_images_that_are_scored_and_trained_on_are_said(data, tmp_path, capsys):
    data.setup("fit")
    assert "in train too" not in capsys.readouterr().out
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\ntrain: images\nval: images\n")
    data.sets.given["val"], data.sets.val_fraction, data.indices = "data.yaml", None, {}
    data.setup("fit")
    assert (
        "val: 3 images are in train too; scores on such images are too good: "
        in capsys.readouterr().out
    )

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.data.labelled_images import LabelledImages
from tasks.faces.embedding_data import FaceData
from tasks.faces.face_index import FaceIndex
from tasks.faces.identities import FaceFolders
from tasks.faces.lfw import Lfw
from tasks.faces.unlabelled import UnlabelledFaces
from tasks.images.view import View
from tests.tasks.conftest import LOADING
from tests.tasks.faces.face_files import write_folders, write_lfw


def face_data(source, verification, box=None, **options):
    settings = {
        "alignment": "as drawn",
        "crop_ratio": [0.9, 1.1],
        "folds": 10,
        "pairs_per_fold": 300,
        "crop": True,
        "crop_scale": [0.8, 1.0],
        "view": View(crop_fraction=1.0, box=box),
    }
    data = FaceData(source, verification, **(LOADING | settings | options))
    data.setup("fit")
    return data


@pytest.fixture
def source(tmp_path):
    write_folders(tmp_path / "faces/train", {f"p{i}": 3 for i in range(24)})
    return FaceFolders(str(tmp_path / "faces"), val_fraction=0.25)


@pytest.fixture
def lfw(tmp_path):
    return Lfw(str(write_lfw(tmp_path / "lfw")), alignment="loosely", box=[0.1, 0.1, 0.9, 0.9])


def test_the_reported_pairs_do_not_pick_the_weights(source, lfw):
    data = face_data(source, lfw)
    assert data.reported == "test"
    assert data.pairs["test"].title == "pairs.txt"
    assert len(data.pairs["test"]) == 8
    assert data.indices["test"].root == lfw.root
    val, pairs = data.indices["val"], data.pairs["val"]
    assert val.root.startswith(source.root)
    assert pairs.folds == 3
    assert pairs.leaks(val.labels) == 0
    assert data.labels.num_classes == len(data.indices["train"].classes) == 18
    trained, held = ({n for n, _ in i.classes} for i in (data.indices["train"], val))
    assert not trained & held


def test_names_of_people_reach_no_checkpoint(source, lfw):
    labels = face_data(source, lfw).labels
    assert labels.to_dict() | {"num_classes": 0} == {
        "num_classes": 0,
        "outputs": [],
        "ids": [],
        "names": [],
        "details": {},
    }


def test_a_list_may_pick_the_weights(source, lfw, tmp_path):
    text = "1\nPerson_0_0\t1\t2\nPerson_0_0\t1\tPerson_1_0\t1\n"
    (tmp_path / "lfw/pairsDevTest.txt").write_text(text)
    view_1 = Lfw(lfw.root, val_pairs="pairsDevTest.txt")
    data = face_data(source, view_1)
    assert len(data.pairs["val"]) == 2
    assert data.pairs["val"].folds == 1
    assert len(data.indices["val"]) == 3


def test_without_verification_data_the_held_out_people_are_reported(source):
    data = face_data(source, Lfw(None))
    assert data.reported == "val"
    assert "test" not in data.indices
    assert "pairs of 6 people held out" in data.describe()


def test_without_identities_there_are_images_for_a_teacher(tmp_path, lfw):
    write_folders(tmp_path / "u", {"images": 30})
    data = face_data(UnlabelledFaces(str(tmp_path / "u"), val_fraction=0.2), lfw)
    assert data.labels.num_classes == 0
    assert data.pairs.keys() == {"test"}
    assert len(data.indices["val"]) == 6
    assert data.datasets["train"][0]["label"] == -1


def test_overfitting_is_scored_on_the_training_images(source, lfw):
    data = face_data(source, lfw, limit=16, validate_on_train=True, crop=False)
    assert data.reported == "val"
    assert set(data.indices["val"].files) <= set(data.indices["train"].files)
    assert len(data.indices["train"]) == 16
    assert data.pairs["val"].folds >= 2


def test_the_description_gives_the_parts_that_are_seen(source, lfw):
    said = face_data(source, lfw, box=[0.25, 0.25, 0.75, 0.75]).describe()
    assert "seen in training: as drawn, the box 0.25 0.25 0.75 0.75 of 40 x 48 pixels" in said
    assert "in scoring: loosely, the box 0.1 0.1 0.9 0.9 of 40 x 48 pixels" in said
    assert "2 folds, no person in two of them" in said
    assert "of 4 mismatched pairs: FAR 1e-2 is 0" in said
    assert "25% of the people held out" in said
    assert "all of 40 x 48 pixels" in face_data(source, Lfw(None)).describe()


def test_training_crops_stay_inside_the_box_and_stretch_little(source, lfw):
    data = face_data(source, lfw, box=[0.25, 0.5, 0.75, 1.0])
    dataset = data.datasets["train"]
    boxes = np.array([dataset.box(i % 20, i, 40, 48) for i in range(200)])
    assert boxes[:, 0].min() >= 10
    assert boxes[:, 2].max() <= 30
    assert boxes[:, 1].min() >= 24
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    assert (width * height).min() > 0.79 * 20 * 24
    assert ((width / height > 0.89) & (width / height < 1.12)).all()
    with pytest.raises(InputError, match="fractions of the image's width"):
        face_data(source, lfw, box=[0, 0, 2, 1])


@pytest.mark.parametrize("box", [None, [0.28, 0.325, 0.72, 0.765], [0.0, 0.5, 0.3, 1.0]])
@pytest.mark.parametrize("fraction", [1.0, 0.8])
def test_prediction_and_evaluation_see_the_same_part(box, fraction):
    """predict has a view with a box; the loaders have boxes in the index."""
    index = FaceIndex("", np.array([b"a.jpg"]), np.zeros(1, int), (("a", "a"),)).framed(box)
    view = View(crop_fraction=fraction, box=box)
    dataset = LabelledImages(index, (64, 48), view=View(crop_fraction=fraction))
    for width, height in ((250, 250), (178, 218), (97, 50)):
        seen = dataset.box(0, None, width, height)
        assert view.region(width, height, (64, 48)) == pytest.approx(seen, abs=1e-3)


def test_unreadable_faces_are_counted_but_pairs_stay_whole(source, lfw):
    first = face_data(source, lfw)
    path = first.indices["train"].path(0)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InputError, match="train: 1 of the "):
        face_data(source, lfw)
    data = face_data(source, lfw, skip_unreadable=True)
    assert len(data.indices["train"]) == len(first.indices["train"]) - 1
    assert "left out of train: 1 unreadable" in data.describe()
    first.indices["test"].path(0).write_bytes(b"")
    with pytest.raises(InputError, match=r"test \(pairs\.txt\): 1 of the .* empty"):
        face_data(source, lfw, skip_unreadable=True)

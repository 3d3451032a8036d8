import pytest

from backbone.errors import InputError
from tasks.faces.unlabelled import UnlabelledFaces
from tests.tasks.faces.face_files import write_face


@pytest.fixture
def faces(tmp_path):
    for i in range(20):
        write_face(tmp_path / f"images/{i % 2}/{i}.jpg", i, 0)
    return tmp_path


def test_every_image_of_a_folder(faces):
    loaded = UnlabelledFaces(str(faces), val_fraction=0.2).load()
    train, val = loaded.splits["train"], loaded.splits["val"]
    assert (len(train), len(val)) == (16, 4)
    assert not set(train.files) & set(val.files)
    assert (train.labels == -1).all()
    assert str(train) == "16 images without identity"
    assert "20% of the images held out" in loaded.note
    again = UnlabelledFaces(str(faces), val_fraction=0.2).load().splits["val"]
    other = UnlabelledFaces(str(faces), val_fraction=0.2, seed=1).load().splits["val"]
    assert again.files.tolist() == val.files.tolist() != other.files.tolist()


def test_a_list_with_splits(faces):
    (faces / "labels.csv").write_text(
        "file,age,split\n0/0.jpg,3,train\n1/1.jpg,4,val\n0/2.jpg,5,test\n1/3.jpg,6,train\n"
    )
    splits = UnlabelledFaces(str(faces), list="labels.csv").load().splits
    assert {k: v.files.astype(str).tolist() for k, v in splits.items()} == {
        "train": ["0/0.jpg", "1/3.jpg"],
        "val": ["1/1.jpg"],
        "test": ["0/2.jpg"],
    }


def test_a_list_without_splits_holds_a_share_out(faces):
    (faces / "list.csv").write_text("file\n" + "".join(f"{i % 2}/{i}.jpg\n" for i in range(10)))
    splits = UnlabelledFaces(str(faces), list="list.csv", val_fraction=0.3).load().splits
    assert {split: len(index) for split, index in splits.items()} == {"train": 7, "val": 3}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file\n0/0.jpg\n0/99.jpg\n", r"line 3: 0/99.jpg is not in .*\(1 of 2 images missing"),
        ("name\n0/0.jpg\n", "line 1: no column of image files"),
        ("file,split\n0/0.jpg,training\n1/1.jpg,dev\n", "line 3: split 'dev'"),
        ("file,split\n0/0.jpg,train\n1/1.jpg,train\n", "no image has split val"),
        ("file\n0/0.jpg\n0/0.jpg\n", "line 3: 0/0.jpg is already in line 2"),
        ("file\n0/0.jpg\n", "1 image is too few"),
    ],
)
def test_a_damaged_list_is_refused(faces, text, said):
    (faces / "labels.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        UnlabelledFaces(str(faces), list="labels.csv").load()


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(InputError, match=r"data\.list=null for every image"):
        UnlabelledFaces(str(tmp_path), list="labels.csv").check()


def test_utkface_without_its_labels(shared):
    source = UnlabelledFaces(str(shared / "utkface"), list="labels.csv")
    splits = source.load().splits
    assert {k: len(v) for k, v in splits.items()} == {"train": 8000, "val": 1000, "test": 1000}

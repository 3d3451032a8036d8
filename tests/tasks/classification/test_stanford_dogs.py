import numpy as np
import pytest

from backbone.errors import InputError
from tasks.classification.stanford_dogs import CLASSES, OFFICIAL, StanfordDogs
from tasks.data.image_source import official_note

ONE, TWO = "n02085620-Chihuahua", "n02098105-soft-coated_wheaten_terrier"


def load(root, **options):
    return StanfordDogs(str(root), **options).load()


def test_the_lists_give_the_splits(dogs):
    found = load(dogs)
    train, val = found.splits["train"], found.splits["val"]
    assert train.classes == val.classes
    assert train.classes == (
        ("n02085620", "Chihuahua"),
        ("n02098105", "soft-coated wheaten terrier"),
    )
    assert train.labels.tolist() == [1, 0, 0]
    assert val.labels.tolist() == [0, 1]
    assert train.files.tolist()[0] == f"{TWO}/n02098105_3.jpg".encode()
    assert all(index.path(i).is_file() for index in (train, val) for i in range(len(index)))
    assert train.boxes is None
    assert found.note.startswith("not the official 12,000 / 8,580 images of 120 classes")


def test_lists_directly_in_the_folder(dogs):
    for path in (dogs / "lists").iterdir():
        path.rename(dogs / path.name)
    assert load(dogs).splits["val"].labels.tolist() == [0, 1]


def test_labels_are_renumbered_without_gaps(dogs, dog_list):
    for name, files, labels in (
        ("train", [f"{TWO}/n02098105_3.jpg", f"{ONE}/n02085620_7.jpg"], [98, 1]),
        ("test", [f"{ONE}/n02085620_1.jpg", f"{TWO}/n02098105_4.jpg"], [1, 98]),
    ):
        dog_list(dogs / f"lists/{name}_list.mat", files, labels)
    found = load(dogs)
    assert found.splits["train"].labels.tolist() == [1, 0]
    assert len(found.splits["train"].classes) == 2


def test_the_official_split_is_known_by_its_counts(dogs):
    class Counted:
        def __init__(self, count, classes):
            self.count, self.classes = count, range(classes)

        def __len__(self):
            return self.count

    official = {"train": Counted(12_000, 120), "val": Counted(8_580, 120)}
    assert official_note(official, OFFICIAL, CLASSES) == "the official split"
    for change in ({"val": Counted(8_579, 120)}, {"train": Counted(12_000, 119)}):
        assert official_note(official | change, OFFICIAL, CLASSES).startswith("not the official")


def test_crops_are_the_largest_dogs_as_fractions_of_the_picture(dogs):
    found = load(dogs, crop_to_object=True)
    boxes = found.splits["train"].boxes
    assert boxes.dtype == np.float32
    assert boxes[0].tolist() == pytest.approx([10 / 40, 6 / 30, 30 / 40, 24 / 30])
    # the larger of two, clipped to the picture
    assert boxes[1].tolist() == pytest.approx([20 / 40, 3 / 30, 1, 1])
    assert "cropped to the dogs" in found.note


def test_missing_set_says_where_to_get_it(tmp_path):
    with pytest.raises(InputError) as error:
        StanfordDogs(str(tmp_path / "dogs"), crop_to_object=True).check()
    message = str(error.value)
    for words in (
        str(tmp_path / "dogs" / "Images"),
        str(tmp_path / "dogs" / "lists" / "train_list.mat"),
        str(tmp_path / "dogs" / "Annotation"),
        "Images/n02085620-Chihuahua/n02085620_7.jpg",
        "http://vision.stanford.edu/aditya86/ImageNetDogs/images.tar (757 MB)",
        "http://vision.stanford.edu/aditya86/ImageNetDogs/annotation.tar (21 MB)",
        "http://vision.stanford.edu/aditya86/ImageNetDogs/lists.tar (0.5 MB)",
        "mode=sample",
    ):
        assert words in message


def test_a_list_that_names_missing_files(dogs):
    (dogs / "Images" / ONE / "n02085620_9.jpg").unlink()
    with pytest.raises(
        InputError, match=r"train_list\.mat names 1 file .*n02085620_9\.jpg; unpack"
    ):
        load(dogs)
    for path in (dogs / "Images" / ONE).iterdir():
        path.unlink()
    (dogs / "Images" / ONE).rmdir()
    with pytest.raises(InputError, match=r"train_list\.mat names 2 files"):
        load(dogs)


@pytest.mark.parametrize(
    ("train", "labels", "said"),
    [
        ([f"{ONE}/n02085620_7.jpg"], [1, 2], r"train_list\.mat: 1 file but 2 labels"),
        ([f"{ONE}/n02085620_1.jpg"], [1], r"share 1 file: .*n02085620_1\.jpg"),
        ([f"{ONE}/n02085620_7.jpg"] * 2, [1, 1], r"more than once: .*n02085620_7\.jpg"),
        ([f"{ONE}/n02085620_7.jpg"], [2], "label 2 stands for"),
        ([f"{ONE}/n02085620_7.jpg", f"{TWO}/n02098105_3.jpg"], [3, 2], f"folder {ONE} stands for"),
        (
            [f"{ONE}/n02085620_7.jpg"],
            [1],
            r"different classes \(only in .*test_list\.mat: labels 2",
        ),
    ],
)
def test_lists_that_contradict(dogs, dog_list, train, labels, said):
    dog_list(dogs / "lists/train_list.mat", train, labels)
    with pytest.raises(InputError, match=said):
        load(dogs)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:300],
        lambda content: content[:-20],
        lambda content: b"<!DOCTYPE html>" * 40,
        lambda content: b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(500),
    ],
    ids=["empty", "cut short", "cut late", "web page", "version 7.3"],
)
def test_a_damaged_list(dogs, damage):
    path = dogs / "lists/train_list.mat"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"train_list\.mat: (not a MATLAB file|has no variable)"):
        load(dogs)


def test_annotations_that_cannot_be_used(dogs, dog_annotation):
    path = dogs / "Annotation" / ONE / "n02085620_7"
    dog_annotation(path, [(45, 3, 60, 9), (5, 5, 5, 9)])
    with pytest.raises(InputError, match="n02085620_7: no object has a box with an area"):
        load(dogs, crop_to_object=True)
    dog_annotation(path, [])
    with pytest.raises(InputError, match="no object"):
        load(dogs, crop_to_object=True)
    path.write_text("<annotation><object><bndbox><xmin>3</xmin></bndbox></object></annotation>")
    with pytest.raises(InputError, match="not a PASCAL annotation"):
        load(dogs, crop_to_object=True)
    path.write_text("<html>")
    with pytest.raises(InputError, match="not a PASCAL annotation"):
        load(dogs, crop_to_object=True)
    path.unlink()
    with pytest.raises(InputError, match=r"n02085620_7: cannot be read .*annotation\.tar"):
        load(dogs, crop_to_object=True)
    load(dogs)

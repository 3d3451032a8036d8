import numpy as np
import pytest

from backbone.errors import InputError
from tasks.faces.utkface import UTKFace, attributes_of, split_by_name
from tests.tasks.faces.attribute_files import change, write_csv, write_faces

IDS = ["Male", "White", "Black", "Asian", "Indian", "Other_Race", "Over_20", "Over_40"]


@pytest.fixture
def listed(tmp_path):
    rows = ["20,0,0,train", "21,1,4,train", "41,,3,val", ",0,1,test"]
    write_faces(tmp_path / "images", [f"{i}.jpg" for i in range(4)])
    lines = [f"{i}.jpg,{row}" for i, row in enumerate(rows)]
    write_csv(tmp_path / "labels.csv", ["file,age,gender,race,split", *lines])
    return tmp_path


def load(root, **options):
    options = {"age_thresholds": [20, 40], "attributes": IDS} | options
    return UTKFace(str(root), **options).load()


def refused(root, *said, **options):
    with pytest.raises(InputError) as error:
        load(root, **options)
    for words in said:
        assert words in str(error.value)


def test_age_gender_and_race_become_attributes(listed):
    found = load(listed)
    train = found.splits["train"]
    assert [id for id, _ in train.classes] == IDS
    assert train.labels.dtype == np.int8
    assert train.labels.tolist() == [[1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1, 0]]
    # blank is unknown, and the others of its row are not
    assert found.splits["val"].labels.tolist() == [[-1, 0, 0, 0, 1, 0, 1, 1]]
    assert found.splits["test"].labels.tolist() == [[1, 0, 1, 0, 0, 0, -1, -1]]
    assert found.note == ""


def test_over_a_threshold_is_older_than_it():
    labels = attributes_of(np.array([[30, 0, 0], [31, 0, 0], [-1, 0, 0]]), [30])
    assert labels[:, -1].tolist() == [0, 1, -1]


def test_a_selection_and_other_thresholds(listed):
    found = load(listed, age_thresholds=[30], attributes=["Over_30", "Male"])
    assert found.splits["train"].labels.tolist() == [[0, 1], [0, 0]]
    refused(listed, "no attribute 'Over_40'", age_thresholds=[30], attributes=["Over_40"])
    refused(listed, "data.age_thresholds=[40, 20]", "rising", age_thresholds=[40, 20])
    refused(listed, "data.age_thresholds=[20.5]", "whole years", age_thresholds=[20.5])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"21,1,4": "21,2,4"}, "line 3, column gender: '2' is not 0 (male) or 1 (female)"),
        ({"21,1,4": "21,1,5"}, "line 3, column race: '5' is not 0 to 4"),
        ({"21,1,4": "old,1,4"}, "line 3, column age: 'old' is not whole years"),
        ({"21,1,4": "21.5,1,4"}, "line 3, column age: '21.5' is not whole years"),
        ({"21,1,4,train": "21,1,4,other"}, "line 3: split 'other'"),
        ({"21,1,4,train": "21,1,4"}, "line 3: 4 fields, but the header names 5"),
        ({"1.jpg,21": "0.jpg,21"}, "line 3: 0.jpg is already in line 2"),
        ({"1.jpg,21": "9.jpg,21"}, "line 3: 9.jpg is not in"),
        ({"gender": "sex"}, "line 1: no column gender among file, age, sex"),
        ({",val": ",train"}, "is for validation"),
    ],
    ids=str,
)
def test_a_damaged_list(listed, changes, said):
    change(listed / "labels.csv", changes)
    refused(listed, "labels.csv", said)


def test_whole_years_written_as_decimals(listed):
    before = load(listed).splits["train"].labels
    change(listed / "labels.csv", {"21,1,4": "21.0,1.0,4."})
    assert (load(listed).splits["train"].labels == before).all()


def published(root, count, folder="UTKFace"):
    names = [f"{20 + i}_{i % 2}_{i % 5}_2017010{i:012d}.jpg.chip.jpg" for i in range(count)]
    return write_faces(root / folder, names)


def test_published_files_are_labelled_by_their_names(tmp_path):
    folder = published(tmp_path, 60)
    # two of those that were published without a race, and one without a gender
    bad = ["39_1_20170116174525125.jpg.chip.jpg", "61_1_20170109142408075.jpg.chip.jpg"]
    write_faces(folder, [*bad, "53__0_20170116184028385.jpg.chip.jpg"])
    found = load(tmp_path)
    assert sum(map(len, found.splits.values())) == 60
    assert (
        "3 images left out because their names lack a value (39_1_20170116174525125.jpg"
        in found.note
    )
    for split, index in found.splits.items():
        for i in range(len(index)):
            age, gender, race, _ = index.path(i).name.split("_")
            expected = [int(gender == "0"), *(int(int(race) == k) for k in range(5))]
            assert index.labels[i].tolist() == [*expected, int(int(age) > 20), int(int(age) > 40)]
            assert split_by_name(index.path(i).name) == split
    # a picture more changes nothing for the others, and the folder's name is no matter
    write_faces(tmp_path / "UTKFace/part2", ["30_0_0_20170101.jpg"])
    again = load(tmp_path / "UTKFace")
    for split, index in found.splits.items():
        assert {*index.files.tolist()} <= {*again.splits[split].files.tolist()}


def test_the_split_by_names_is_fixed_and_about_eight_to_one_to_one():
    names = [f"{i % 90}_0_1_20170117{i:09d}.jpg" for i in range(4000)]
    splits = [split_by_name(name) for name in names]
    assert splits[:4] == [split_by_name(f"{name}.chip.jpg") for name in names[:4]]
    pinned = ["train", "test", "val", "val", "train", "train", "test", "train"]
    assert [split_by_name(f"{i}_0_0_20170117154635126.jpg") for i in range(20, 28)] == pinned
    shares = {name: splits.count(name) / len(splits) for name in ("train", "val", "test")}
    assert shares == pytest.approx({"train": 0.8, "val": 0.1, "test": 0.1}, abs=0.02)


def test_a_folder_of_other_images(tmp_path):
    write_faces(tmp_path, ["cat.jpg", "dog.jpg"])
    refused(tmp_path, "none of the 2 images is named", "data.labels=")
    refused(tmp_path / "nowhere", "UTKFace is not complete", "susanqq.github.io")


def test_real_faces_have_their_splits(shared):
    every = [*IDS[:6], *(f"Over_{years}" for years in (20, 30, 40, 50, 60))]
    splits = UTKFace(str(shared / "utkface"), attributes=every).load().splits
    assert {name: len(index) for name, index in splits.items()} == {
        "train": 8000,
        "val": 1000,
        "test": 1000,
    }
    total = sum(index.counts for index in splits.values())
    assert total[:6].tolist() == [5234, 4263, 1922, 1460, 1623, 732]
    assert not splits["test"].constant


def test_an_age_of_thousands_of_digits(listed):
    change(listed / "labels.csv", {"1.jpg,21,": f"1.jpg,{'9' * 5000},"})
    refused(listed, "line 3, column age: '999", "is not whole years")


def test_a_name_with_an_impossible_age_is_left_out(tmp_path):
    names = [f"{age}_0_1_{n}.jpg" for n in range(30) for age in (30, 250)]
    write_faces(tmp_path, names, size=(8, 8))
    found = UTKFace(str(tmp_path)).load()
    assert sum(map(len, found.splits.values())) == 30
    assert "30 images left out because their names lack a value" in found.note

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.faces.attribute_lists import AttributeLists
from tests.tasks.faces.attribute_files import change, write_csv, write_faces

TRAIN = ["file,Smiling,Hat", "a.jpg,1,", "b.jpg,0,1", "deep/c.jpg,,"]
VAL = ["file,Smiling,Hat", "d.jpg,1,0", "e.jpg,0,1"]


@pytest.fixture
def lists(tmp_path):
    write_faces(tmp_path / "images", ["a.jpg", "b.jpg", "deep/c.jpg", "d.jpg", "e.jpg"])
    write_csv(tmp_path / "train.csv", TRAIN)
    write_csv(tmp_path / "val.csv", VAL)
    return tmp_path


def load(root, **options):
    return AttributeLists(str(root), **options).load()


def refused(root, *said, **options):
    with pytest.raises(InputError) as error:
        load(root, **options)
    for words in said:
        assert words in str(error.value)


def test_blanks_are_unknown(lists):
    found = load(lists)
    train = found.splits["train"]
    assert train.labels.tolist() == [[1, -1], [0, 1], [-1, -1]]
    assert train.labels.dtype == np.int8
    assert train.classes == (("Smiling", "Smiling"), ("Hat", "Hat"))
    assert train.files.tolist() == [b"a.jpg", b"b.jpg", b"deep/c.jpg"]
    assert all(train.path(i).is_file() for i in range(3))
    assert list(found.splits) == ["train", "val"]
    assert found.note == ""


@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "0"), ("1", "-1"), ("1.0", "0.0"), ("true", "False"), ("YES", "no"), (" 1 ", " -1.0")],
)
def test_spellings_of_yes_and_no(lists, yes, no):
    write_csv(lists / "val.csv", ["file,Smiling,Hat", f"d.jpg,{yes},{no}", f"e.jpg,{no},"])
    assert load(lists).splits["val"].labels.tolist() == [[1, 0], [0, -1]]


@pytest.mark.parametrize("value", ["2", "maybe", "0.5", "nan", "23"])
def test_an_invalid_value_is_named_with_its_line_and_column(lists, value):
    write_csv(lists / "train.csv", [*TRAIN[:2], f"b.jpg,0,{value}"])
    refused(lists, f"train.csv, line 3, column Hat: '{value}' is not a value", "data.attributes=")


def test_zero_and_minus_one_in_one_file_are_refused(lists):
    write_csv(lists / "train.csv", [*TRAIN[:2], "b.jpg,0,-1"])
    refused(lists, "0 (line 3, column Smiling) and -1 (line 3, column Hat)", "blank")


def test_choosing_attributes_leaves_other_columns_out(lists):
    write_csv(lists / "train.csv", ["file,Age,Hat,Smiling", "a.jpg,23,1,0"])
    found = load(lists, attributes=["Smiling", "Hat"])
    assert found.splits["train"].labels.tolist() == [[0, 1]]
    assert found.splits["val"].labels.tolist() == [[1, 0], [0, 1]]
    refused(lists, "train.csv", "'Hatt'; did you mean Hat?", attributes=["Hatt"])


def test_columns_may_come_in_another_order(lists):
    write_csv(lists / "val.csv", ["Hat,file,Smiling", "0,d.jpg,1", "1,e.jpg,0"])
    val = load(lists).splits["val"]
    assert [name for _, name in val.classes] == ["Smiling", "Hat"]
    assert val.labels.tolist() == [[1, 0], [0, 1]]


def test_lists_of_other_attributes(lists):
    write_csv(lists / "val.csv", ["file,Smiling,Cap", "d.jpg,1,0"])
    refused(lists, "train.csv", "val.csv have different attributes", "Cap, Hat")


def test_damaged_rows_are_named_with_their_lines(lists):
    write_csv(lists / "train.csv", [*TRAIN[:2], "b.jpg,0"])
    refused(lists, "train.csv, line 3: 2 fields, but the header names 3")
    write_csv(lists / "train.csv", [*TRAIN[:2], "", "a.jpg,0,1"])
    refused(lists, "train.csv, line 4: a.jpg is already in line 2")
    write_csv(lists / "train.csv", [*TRAIN[:2], ",0,1"])
    refused(lists, "train.csv, line 3: names no file")
    write_csv(lists / "train.csv", TRAIN[:1])
    refused(lists, "no row below the header")
    write_csv(lists / "train.csv", ["photo,Smiling", "a.jpg,1"])
    refused(lists, "train.csv, line 1: no column of image files among photo, Smiling")
    write_csv(lists / "train.csv", ["file", "a.jpg"])
    refused(lists, "train.csv, line 1: there is no column of attributes")
    write_csv(lists / "train.csv", ["file,Hat,Hat", "a.jpg,1,1"])
    refused(lists, "line 1: columns of the same name: Hat")
    (lists / "train.csv").write_bytes(b"")
    refused(lists, "the file is empty")
    (lists / "train.csv").write_bytes(b"file,Hat\n\xff\xfe,1\n")
    refused(lists, "not a CSV file in UTF-8")


def test_missing_files_are_named_with_their_lines(lists):
    (lists / "images/b.jpg").unlink()
    refused(lists, "train.csv, line 3: b.jpg is not in", "1 of 3 images missing")


def test_an_image_in_two_lists(lists):
    write_csv(lists / "val.csv", [*VAL, "a.jpg,1,1"])
    refused(lists, "share 1 image: a.jpg")


def test_paths_may_be_relative_to_the_folder_above(lists):
    text = [VAL[0], *(f"images/{line}" for line in VAL[1:])]
    write_csv(lists / "val.csv", text)
    assert load(lists).splits["val"].files.tolist() == [b"d.jpg", b"e.jpg"]


def test_suffixes_may_be_in_other_capitals(lists):
    (lists / "images/b.jpg").rename(lists / "images/b.JPG")
    write_csv(lists / "train.csv", [TRAIN[0], "A.jpg,1,", "b.jpg,0,1", "deep/c.JPG,,"])
    found = load(lists)
    assert found.splits["train"].files.tolist() == [b"a.jpg", b"b.JPG", b"deep/c.jpg"]
    write_csv(lists / "val.csv", [*VAL, "a.JPG,1,1"])
    refused(lists, "share 1 image: a.jpg")
    write_csv(lists / "val.csv", [*VAL, "d.JPG,1,1"])
    refused(lists, "val.csv, line 4: d.JPG is not in", "d.jpg is what d.jpg means")
    write_csv(lists / "val.csv", VAL)
    (lists / "images/B.jpg").write_bytes((lists / "images/b.JPG").read_bytes())
    refused(lists, "line 3: b.jpg is not in", "1 of 3 images missing")
    write_csv(lists / "train.csv", [TRAIN[0], "a.png,1,"])
    refused(lists, "line 2: a.png is not in", "images, but a.jpg is there (1 of 1 image missing")


def test_one_image_under_two_names_in_one_list(lists):
    write_csv(
        lists / "all.csv", ["file,split,Smiling", "a.jpg,train,1", "d.jpg,val,0", "A.JPG,test,1"]
    )
    refused(lists, "all.csv, line 4: A.JPG is not in", labels="all.csv")


def test_tabs_and_a_byte_order_mark(lists):
    text = "﻿" + "\n".join(VAL).replace(",", "\t")
    (lists / "val.csv").write_text(text, encoding="utf-8")
    assert load(lists).splits["val"].labels.tolist() == [[1, 0], [0, 1]]


def test_one_list_with_a_column_split(lists):
    write_csv(
        lists / "all.csv",
        ["file,split,Smiling", "a.jpg,train,1", "d.jpg,val,0", "b.jpg,train,", "e.jpg,test,1"],
    )
    found = load(lists, labels="all.csv")
    train, val, test = (found.splits[name] for name in ("train", "val", "test"))
    assert train.files.tolist() == [b"a.jpg", b"b.jpg"]
    assert train.labels.tolist() == [[1], [-1]]
    assert (val.files.tolist(), test.files.tolist()) == ([b"d.jpg"], [b"e.jpg"])
    assert list(load(lists, labels="all.csv", train=None).splits) == ["val", "test"]
    change(lists / "all.csv", {"e.jpg,test": "e.jpg,holdout"})
    refused(lists, "all.csv, line 5: split 'holdout' is not one of", labels="all.csv")
    refused(lists, "train.csv, line 1: no column split", labels="train.csv")
    write_csv(lists / "all.csv", ["file,split,Smiling", "a.jpg,train,1"])
    refused(lists, "assigns no image to val", labels="all.csv")


def test_evaluation_only_and_a_test_list(lists):
    write_csv(lists / "test.csv", ["file,Smiling,Hat", "a.jpg,1,1"])
    assert list(load(lists, train=None, test="test.csv").splits) == ["val", "test"]
    refused(lists, "data.val=null", val=None)


def test_unlabelled_images_join_the_training_set(lists):
    write_faces(lists / "more", ["x.jpg", "deep/a.jpg"])
    (lists / "more" / "notes.txt").write_text("no image")
    found = load(lists, unlabelled="more")
    train = found.splits["train"]
    assert train.files.tolist() == [
        b"images/a.jpg", b"images/b.jpg", b"images/deep/c.jpg", b"more/deep/a.jpg", b"more/x.jpg"
    ]  # fmt: skip
    assert all(train.path(i).is_file() for i in range(len(train)))
    assert train.labels.tolist() == [[1, -1], [0, 1], [-1, -1], [-1, -1], [-1, -1]]
    assert train.unlabelled == 3
    assert found.note == "2 of the training images without labels"


def test_training_on_unlabelled_images_alone(lists):
    write_faces(lists / "more", ["x.jpg"])
    train = load(lists, train=None, unlabelled="more").splits["train"]
    assert train.labels.tolist() == [[-1, -1]]
    assert train.path(0) == lists / "more/x.jpg"


def test_scored_images_do_not_join_the_unlabelled_ones(lists):
    """The images' own folder as unlabelled: the listed ones are left out."""
    write_faces(lists / "images", ["new.jpg"])
    train = load(lists, train=None, unlabelled="images").splits["train"]
    assert train.files.tolist() == [b"a.jpg", b"b.jpg", b"deep/c.jpg", b"new.jpg"]
    assert load(lists, unlabelled="images").splits["train"].files.tolist()[3:] == [b"new.jpg"]
    (lists / "images/new.jpg").unlink()
    refused(lists, "has no image that the lists do not name", unlabelled="images")


def test_a_list_of_unlabelled_images(lists):
    write_csv(lists / "more.csv", ["file,seen", "new.jpg,yesterday", "d.jpg,today"])
    refused(lists, "more.csv, line 2: new.jpg is not in", unlabelled="more.csv")
    write_faces(lists / "images", ["new.jpg"])
    train = load(lists, unlabelled="more.csv").splits["train"]
    assert train.files.tolist()[3:] == [b"new.jpg"]
    assert train.labels[3].tolist() == [-1, -1]


def test_an_unlabelled_folder_outside_the_root(lists, tmp_path_factory):
    other = write_faces(tmp_path_factory.mktemp("other"), ["x.jpg"])
    train = load(lists, unlabelled=str(other)).splits["train"]
    assert len(train) == 4
    assert train.path(3).samefile(other / "x.jpg")
    assert train.path(0).samefile(lists / "images/a.jpg")


def test_what_is_missing_is_named(lists):
    refused(lists, "not complete", "nowhere.csv", "data.unlabelled=FOLDER", train="nowhere.csv")
    refused(lists, "not complete", "nowhere", unlabelled="nowhere")


def test_columns_without_a_name_are_no_attributes(lists):
    for split, rows in {"train": TRAIN, "val": VAL}.items():
        write_csv(lists / f"{split}.csv", [f"{i or ''},{row}," for i, row in enumerate(rows)])
    found = load(lists)
    assert [name for name, _ in found.splits["train"].classes] == ["Smiling", "Hat"]


def test_paths_written_on_windows(lists):
    write_csv(lists / "train.csv", [TRAIN[0], *(rf"images\{row}" for row in TRAIN[1:])])
    change(lists / "train.csv", {"deep/c": r"deep\c"})
    assert load(lists).splits["train"].files.tolist() == [b"a.jpg", b"b.jpg", b"deep/c.jpg"]


def test_a_file_with_a_newline_in_its_name(lists):
    (lists / "images" / "a.jpg").rename(lists / "images" / "a\n.jpg")
    write_csv(lists / "train.csv", [TRAIN[0], '"a\n.jpg",1,', *TRAIN[2:]])
    assert load(lists).splits["train"].files.tolist()[0] == b"a\n.jpg"
    (lists / "images" / "a\n.jpg").unlink()
    refused(lists, r"train.csv, line 3: a\n.jpg is not in")

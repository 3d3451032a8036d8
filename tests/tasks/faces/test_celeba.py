import re

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError, number_of
from tasks.faces.celeba import CelebA
from tests.tasks.faces.attribute_files import IDS, LABELS, change, write_celeba, write_faces

ATTRIBUTES, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"


@pytest.fixture
def celeba(tmp_path):
    return write_celeba(tmp_path / "celeba")


def refused(root, *said, **options):
    with pytest.raises(InputError) as error:
        CelebA(str(root), **options).load()
    for words in said:
        assert words in str(error.value)


def test_the_three_parts(celeba):
    found = CelebA(str(celeba)).load()
    assert {name: len(index) for name, index in found.splits.items()} == {
        "train": 3,
        "val": 2,
        "test": 1,
    }
    train, val = found.splits["train"], found.splits["val"]
    assert train.classes == tuple((name, name) for name in IDS)
    assert train.labels.dtype == np.int8
    assert train.labels.tolist() == LABELS[:3]
    assert val.labels.tolist() == LABELS[3:5]
    assert val.files.tolist() == [b"000004.jpg", b"000005.jpg"]
    assert val.path(1).is_file()
    assert "not CelebA's 162,770 / 19,867 / 19,962 images" in found.note


def test_parts_go_by_name_and_not_by_order(celeba):
    lines = (celeba / PARTITION).read_text().splitlines()
    (celeba / PARTITION).write_text("\n".join(lines[::-1]) + "\n")
    splits = CelebA(str(celeba)).load().splits
    assert splits["val"].files.tolist() == [b"000004.jpg", b"000005.jpg"]
    assert splits["val"].labels.tolist() == LABELS[3:5]


def test_line_ends_and_blank_lines_of_other_systems(celeba):
    for name in (ATTRIBUTES, PARTITION):
        text = (celeba / name).read_bytes().replace(b"\n", b"\r\n").rstrip() + b"\r\n\r\n"
        (celeba / name).write_bytes(text)
    assert CelebA(str(celeba)).load().splits["train"].labels.tolist() == LABELS[:3]


def test_a_selection_of_attributes(celeba):
    found = CelebA(str(celeba), ["Young", "Male"]).load()
    assert found.splits["train"].labels.tolist() == [[0, 1], [0, 1], [1, 0]]
    assert [id for id, _ in found.splits["val"].classes] == ["Young", "Male"]
    assert found.note.endswith("2 of its 4 attributes")
    refused(celeba, ATTRIBUTES, "no attribute 'Smilling'; did you mean Smiling?",
            attributes=["Smilling"])  # fmt: skip


def test_a_count_that_disagrees_with_the_rows(celeba):
    change(celeba / ATTRIBUTES, {"6\nBald": "7\nBald"})
    refused(celeba, f"{ATTRIBUTES}, line 1: says 7 images, but 6 rows follow")


def test_a_header_that_disagrees_with_the_rows(celeba):
    change(celeba / ATTRIBUTES, {"Bald Male": "Male"})
    refused(celeba, f"{ATTRIBUTES}, line 3: 5 words instead of 4", "3 attributes that line 2 names")


@pytest.mark.parametrize("row", ["000003.jpg -1 -1  1", "000003.jpg -1 -1  1  1  1", "000003.jpg"])
def test_a_row_with_another_number_of_values(celeba, row):
    text = re.sub(r"000003\.jpg.*", row, (celeba / ATTRIBUTES).read_text())
    (celeba / ATTRIBUTES).write_text(text)
    refused(
        celeba, f"{ATTRIBUTES}, line 5: {number_of(len(row.split()), 'word')} instead of 5", "again"
    )


@pytest.mark.parametrize("value", ["0", "2", "-2", "11", "--1", "+1", "x"])
def test_an_invalid_value(celeba, value):
    change(celeba / ATTRIBUTES, {"000002.jpg  1  1": f"000002.jpg  1  {value}"})
    refused(celeba, f"{ATTRIBUTES}, line 4: Male is '{value}', neither 1 nor -1")


def test_a_list_of_something_else(celeba):
    (celeba / ATTRIBUTES).write_text("image_id,Bald\n000001.jpg,1\n")
    refused(celeba, f"{ATTRIBUTES}, line 1: expected the number of images")
    (celeba / ATTRIBUTES).write_text("")
    refused(celeba, f"{ATTRIBUTES}, line 2: expected the number of images")


def test_a_file_listed_twice(celeba):
    change(celeba / ATTRIBUTES, {"000004.jpg": "000002.jpg"})
    refused(celeba, f"{ATTRIBUTES}, line 6: 000002.jpg is already in line 4")


def test_an_image_in_no_partition(celeba):
    change(celeba / PARTITION, {"000003.jpg 0\n": ""})
    refused(celeba, f"{PARTITION} does not assign 1 image of {ATTRIBUTES} to a part: 000003.jpg")


def test_an_image_of_the_partition_without_attributes(celeba):
    with (celeba / PARTITION).open("a") as file:
        file.write("000007.jpg 1\n")
    refused(celeba, f"names 1 image that is not in {ATTRIBUTES}: 000007.jpg")


def test_an_invalid_part(celeba):
    change(celeba / PARTITION, {"000003.jpg 0": "000003.jpg 3"})
    refused(celeba, f"{PARTITION}, line 3: '3' is not a part: 0 is training, 1 validation, 2 test")


def test_a_part_without_images(celeba):
    change(celeba / PARTITION, {" 1\n": " 2\n"})
    refused(celeba, "no image into val")


def test_images_that_are_not_there_are_named(celeba):
    for name in ("000002.jpg", "000005.jpg"):
        (celeba / "img_align_celeba" / name).unlink()
    refused(celeba, f"{ATTRIBUTES} names 2 files", "000002.jpg, 000005.jpg; unpack")


def test_images_unpacked_one_folder_too_deep(celeba):
    images = celeba / "img_align_celeba"
    images.rename(celeba / "inner")
    images.mkdir()
    (celeba / "inner").rename(images / "img_align_celeba")
    index = CelebA(str(celeba)).load().splits["train"]
    assert index.path(0) == images / "img_align_celeba" / "000001.jpg"


def as_csv(root):
    """Kaggle's copy: images one folder too deep, lists with commas and a line of names."""
    images = root / "img_align_celeba"
    images.rename(root / "inner")
    images.mkdir()
    (root / "inner").rename(images / "img_align_celeba")
    for name, header in ((ATTRIBUTES, None), (PARTITION, "image_id,partition")):
        lines = [",".join(line.split()) for line in (root / name).read_text().splitlines()]
        if header is None:
            header, lines = f"image_id,{lines[1]}", lines[2:]
        text = "\r\n".join(["\ufeff" + header, *lines, ""])
        (root / name).with_suffix(".csv").write_text(text, encoding="utf-8")
        (root / name).unlink()


def as_drive(root):
    """The folders of the authors' drive."""
    for folder, name in (("Anno", ATTRIBUTES), ("Eval", PARTITION), ("Img", "img_align_celeba")):
        (root / folder).mkdir()
        (root / name).rename(root / folder / name)


def as_png(root):
    """The drive's PNG files, which the lists call .jpg."""
    folder = root / "img_align_celeba"
    for path in folder.iterdir():
        with Image.open(path) as image:
            image.save(path.with_suffix(".png"))
        path.unlink()
    (root / "Img").mkdir()
    folder.rename(root / "Img" / "img_align_celeba_png")


@pytest.mark.parametrize("mirror", [as_csv, as_drive, as_png])
def test_mirrors_hold_the_same(celeba, tmp_path, mirror):
    own = CelebA(str(celeba)).load()
    mirror(write_celeba(tmp_path / "mirror"))
    found = CelebA(str(tmp_path / "mirror")).load()
    assert found.note == own.note
    for split, index in found.splits.items():
        assert np.array_equal(index.labels, own.splits[split].labels)
        assert index.classes == own.splits[split].classes
        names = [name.rpartition(b".")[0] for name in own.splits[split].files.tolist()]
        assert [name.rpartition(b".")[0] for name in index.files.tolist()] == names
        assert all(index.path(i).is_file() for i in range(len(index)))


def test_damaged_csv_lists_are_named(celeba):
    as_csv(celeba)
    path = celeba / "list_attr_celeba.csv"
    whole = path.read_text(encoding="utf-8")
    for old, new, said in (
        ("000003.jpg,-1", "000003.jpg,2", "list_attr_celeba.csv, line 4: Bald is '2', neither 1"),
        ("000003.jpg,-1", "000003.jpg", "line 4: 4 words instead of 5"),
        ("image_id,Bald,Male,Smiling,Young\n", "", "line 1: expected image_id"),
    ):
        assert old in whole
        path.write_text(whole.replace(old, new), encoding="utf-8")
        refused(celeba, said)


def test_missing_files_are_named_with_their_source(celeba):
    (celeba / PARTITION).unlink()
    refused(celeba, "CelebA is not complete", PARTITION, "mmlab.ie.cuhk.edu.hk", "mode=sample")


def test_parquet_files_are_answered_with_the_command_that_unpacks_them(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00000-of-00003.parquet").touch()
    refused(tmp_path, f"python -m tasks.faces.unpack {tmp_path / 'data'} {tmp_path}",
            "train-00000-of-00003.parquet")  # fmt: skip


def test_files_that_no_list_names_are_ignored(celeba):
    write_faces(celeba / "img_align_celeba", ["extra.jpg"])
    assert sum(map(len, CelebA(str(celeba)).load().splits.values())) == 6


def test_numbers_of_thousands_of_digits_are_refused_by_line(celeba):
    change(celeba / ATTRIBUTES, {"6\nBald": "9" * 5000 + "\nBald"})
    refused(celeba, f"{ATTRIBUTES}, line 1: expected the number of images")
    change(celeba / PARTITION, {"000003.jpg 0": "000003.jpg " + "9" * 5000})
    change(celeba / ATTRIBUTES, {"9" * 5000 + "\nBald": "6\nBald"})
    refused(celeba, f"{PARTITION}, line 3: ")

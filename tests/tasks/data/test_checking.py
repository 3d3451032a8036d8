"""A look at image files before training: bad ones stop the run or are counted, copies are told."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.classification.image_folder import ImageFolder
from tasks.data import checking
from tasks.data.checking import check_readable
from tasks.data.image_data import ImageData
from tasks.images.view import View
from tests.tasks.conftest import LOADING


@pytest.fixture
def folder(tmp_path):
    """Two classes, three photographs of each in train and two in val, all different."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 3), ("val", 2)):
        for name in ("cat", "dog"):
            place = tmp_path / "set" / split / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 255, (24, 30, 3), np.uint8)
                Image.fromarray(pixels).save(place / f"{i}.jpg")
    return tmp_path / "set"


@pytest.fixture
def data_of(folder, tmp_path):
    def data_of(**options):
        own = {"crop_scale": (0.5, 1.0), "view": View(), "cache": tmp_path / "cache"}
        data = ImageData(ImageFolder(str(folder)), **LOADING | own | options)
        data.setup("fit")
        return data

    return data_of


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_unreadable_images_stop_a_run_or_are_counted(folder, data_of):
    cut(folder / "train" / "cat" / "1.jpg")
    (folder / "val" / "dog" / "0.jpg").write_bytes(b"")
    (folder / "val" / "dog" / "notes.txt").write_text("not an image")
    for _ in range(2):  # what has not passed is looked at again
        with pytest.raises(InputError) as error:
            data_of()
        assert "train: 1 of the 6 images" in str(error.value)
        assert "cat/1.jpg (damaged or cut short" in str(error.value)
        assert "data.skip_unreadable=true" in str(error.value)
    for path in (folder / "val").rglob("*.jpg"):
        shutil.copy(path, path.with_suffix(".kept"))
        path.write_bytes(b"")
    with pytest.raises(InputError, match="No other is left: get them again"):
        data_of(skip_unreadable=True)
    for path in (folder / "val").rglob("*.kept"):
        path.rename(path.with_suffix(".jpg"))
    data = data_of(skip_unreadable=True)
    assert {split: len(index) for split, index in data.indices.items()} == {"train": 5, "val": 3}
    assert b"cat/1.jpg" not in data.indices["train"].files.tolist()
    assert data.indices["train"].labels.tolist() == [0, 0, 1, 1, 1]
    assert data.left_out == {"train": {"unreadable": 1}, "val": {".txt files": 1, "unreadable": 1}}
    assert "left out of val: 1 .txt files, 1 unreadable" in data.describe()


def test_a_split_of_which_nothing_is_left_stops_the_run(folder, data_of):
    for path in (folder / "val").rglob("*.jpg"):
        cut(path)
    with pytest.raises(InputError, match="val: 4 of the 4 images"):
        data_of(skip_unreadable=True)


def test_copies_are_told(folder, data_of, capsys):
    train = folder / "train"
    (train / "dog" / "9.jpg").write_bytes((train / "cat" / "0.jpg").read_bytes())
    (train / "cat" / "8.jpg").write_bytes((train / "cat" / "0.jpg").read_bytes())
    (folder / "val" / "cat" / "7.jpg").write_bytes((train / "cat" / "2.jpg").read_bytes())
    for _ in range(2):  # the second time from the cache
        data_of()
        said = capsys.readouterr().out
        assert "train: 2 files are copies of others, byte for byte, 1 of them with another" in said
        assert f"label; in {train}: dog/9.jpg = cat/0.jpg\n" in said
        assert (
            "val: 1 image is in train too, byte for byte; scores on such images are too good"
            in said
        )
    capsys.readouterr()
    data_of(validate_on_train=True)
    assert "too good" not in capsys.readouterr().out


def test_files_alike_in_their_first_and_last_bytes_are_no_copies(folder, data_of, capsys):
    content = bytearray(np.random.default_rng(1).bytes(9000))
    image = Image.frombytes("RGB", (60, 50), bytes(content))
    image.save(folder / "train" / "cat" / "a.png", compress_level=0)
    content[4500] ^= 1
    image = Image.frombytes("RGB", (60, 50), bytes(content))
    image.save(folder / "train" / "dog" / "b.png", compress_level=0)
    data_of()
    assert "copies" not in capsys.readouterr().out


def test_a_set_that_has_passed_is_not_looked_at_again(folder, data_of, monkeypatch):
    data_of()
    look_at = checking.look_at
    monkeypatch.setattr(checking, "look_at", lambda *_, **__: pytest.fail("looked again"))
    data_of()
    monkeypatch.setattr(checking, "look_at", look_at)
    (folder / "val" / "cat" / "new.jpg").write_bytes(b"no image")
    os.utime(folder / "val" / "cat", ns=(1, 1))  # file systems with coarse times would hide it
    with pytest.raises(InputError, match=r"new\.jpg \(not an image"):
        data_of()


def test_a_file_that_is_gone_is_a_fault(tmp_path):
    with pytest.raises(InputError, match=r"x\.jpg \(there is no such file\)"):
        check_readable(tmp_path, np.array([b"x.jpg"]), "train", tmp_path / "cache", True)
    with pytest.raises(InputError, match=r"y/x\.jpg \(there is no such file\)"):
        check_readable(tmp_path, np.array([b"y/x.jpg"]), "train", tmp_path / "cache", True)


def test_a_single_class_is_told(folder, data_of, capsys):
    for split in ("train", "val"):
        shutil.rmtree(folder / split / "dog")
    data_of()
    assert (
        "set: there is only one class, cat, so there is nothing to learn" in capsys.readouterr().out
    )

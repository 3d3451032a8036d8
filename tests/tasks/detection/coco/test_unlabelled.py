"""Photographs without boxes: listed, measured as they are turned, and checked."""

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.detection.coco.dataset import CocoDetection, collate_detection
from tasks.detection.coco.index import load_index
from tasks.detection.coco.splits import check_files
from tasks.detection.coco.unlabelled import load_unlabelled
from tasks.detection.crop import RandomCrop
from tasks.images.files import ORIENTATION
from tests.tasks.detection.coco.loading import load_split


@pytest.fixture
def like(coco_files, tmp_path):
    return load_index(*coco_files, cache_dir=tmp_path / "cache", num_classes=91)


@pytest.fixture
def folder(tmp_path):
    """Two photographs, one of them below and turned by its EXIF orientation."""
    place = tmp_path / "photographs"
    (place / "below").mkdir(parents=True)
    picture = Image.new("RGB", (90, 60), "red")
    picture.save(place / "b.jpg")
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    picture.save(place / "below" / "a.jpg", exif=turned)
    (place / "notes.txt").write_text("no photograph")
    return place


def test_photographs_are_a_data_set_without_boxes(folder, like, tmp_path):
    index, _ = load_unlabelled(folder, like, tmp_path / "cache")
    assert [index.path(i).name for i in range(len(index))] == ["b.jpg", "a.jpg"]
    assert index.heights.tolist() == [60, 90]
    assert index.widths.tolist() == [90, 60]
    assert len(index.xywh) == 0
    assert index.names == like.names
    assert len(set(index.image_ids.tolist())) == 2
    data = CocoDetection(index, (32, 32), RandomCrop())
    batch = collate_detection([data[0, 0], data[1, 0]])
    assert batch["count"].tolist() == [0, 0]
    assert batch["image"].shape == (2, 3, 32, 32)


def test_sizes_are_kept_until_a_file_changes(folder, like, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first, _ = load_unlabelled(folder, like, cache)

    def must_not(path):
        raise AssertionError("a file was read again")

    with monkeypatch.context() as patch:
        patch.setattr("tasks.detection.coco.unlabelled.turned_size", must_not)
        assert np.array_equal(load_unlabelled(folder, like, cache)[0].heights, first.heights)
    Image.new("RGB", (20, 10)).save(folder / "c.jpg")
    assert load_unlabelled(folder, like, cache)[0].heights.tolist() == [60, 90, 10]
    (kept,) = cache.glob("*.sizes")
    kept.write_bytes(b"PK damaged")
    assert load_unlabelled(folder, like, cache)[0].heights.tolist() == [60, 90, 10]


def test_what_cannot_be_used_is_named(folder, like, tmp_path):
    with pytest.raises(InputError, match=r"nowhere is not a folder; name a folder"):
        load_unlabelled(tmp_path / "nowhere", like, tmp_path / "cache")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there are no images in"):
        load_unlabelled(tmp_path / "empty", like, tmp_path / "cache")
    (folder / "cut.jpg").write_bytes((folder / "b.jpg").read_bytes()[:200])
    (folder / "page.png").write_text("<html>")
    with pytest.raises(InputError, match=r"2 of the 4 photographs .*cut\.jpg.*page\.png"):
        load_unlabelled(folder, like, tmp_path / "cache")
    index, left_out = load_unlabelled(folder, like, tmp_path / "cache", skip=True)
    assert [index.path(i).name for i in range(len(index))] == ["b.jpg", "a.jpg"]
    assert left_out == {"unreadable": 2}


def test_the_annotated_training_images_are_not_needed(coco_2014, folder, tmp_path):
    root = coco_2014
    for path in (root / "annotations/instances_train2014.json", *(root / "train2014").iterdir()):
        path.unlink()
    (root / "train2014").rmdir()
    with pytest.raises(InputError, match="train2014"):
        check_files(root, 2014)
    check_files(root, 2014, unlabelled=str(folder))
    index, audit = load_split(
        root, "train", cache_dir=tmp_path / "cache", year=2014, unlabelled=str(folder)
    )
    assert len(index) == audit.images_without_boxes == 2
    index, _ = load_split(
        root, "val", cache_dir=tmp_path / "cache", year=2014, unlabelled=str(folder)
    )
    assert len(index) == 3

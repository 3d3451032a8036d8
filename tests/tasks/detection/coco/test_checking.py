"""Image files before training: found, whole and of the annotated size, or left out and counted."""

import json

import numpy as np
import pytest
from PIL import Image

from backbone.errors import InputError
from tasks.detection.coco import checking
from tasks.detection.coco.checking import check_images
from tasks.detection.coco.index import load_index
from tasks.detection.drawing import open_annotated


@pytest.fixture
def check(coco_files, coco_content, tmp_path):
    """Check the small set after its content was changed."""

    def check(**options):
        text = json.dumps(coco_content)
        if coco_files.annotations.read_text() != text:
            coco_files.annotations.write_text(text)
        index = load_index(*coco_files, cache_dir=tmp_path)
        return check_images(index, coco_files.annotations, tmp_path, **options)

    return check


def test_sizes_come_from_the_files_where_none_are_given(check, coco_content):
    for row in coco_content["images"]:
        row |= {"width": -1, "height": -1}
    for _ in range(2):  # the second time from the cache
        index, left_out = check()
        assert index.widths.tolist() == [96, 60, 80]
        assert index.heights.tolist() == [64, 80, 80]
        assert left_out == {}


def test_a_file_of_another_size_is_told(check, coco_content):
    coco_content["images"][1]["width"] += 1
    with pytest.raises(InputError) as error:
        check()
    assert (
        "1 is not of the annotated size: id 2 000000000002.jpg (the file is 60 x 80 pixels "
        "(width x height), but annotated as 61 x 80)" in str(error.value)
    )
    assert "data.skip_unreadable=true" in str(error.value)


@pytest.mark.parametrize("recorded", [(96, 64), (64, 96), (0, 0)])
def test_a_turned_photograph_may_be_annotated_either_way(check, coco_files, coco_content, recorded):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored 64 x 96, shown 96 x 64
    Image.new("RGB", (64, 96)).save(coco_files.images / "000000000001.jpg", exif=exif)
    coco_content["images"][0] |= dict(zip(("width", "height"), recorded, strict=True))
    index, _ = check()
    assert (index.widths[0], index.heights[0]) == (recorded if recorded[0] else (96, 64))


def test_width_and_height_exchanged_without_a_turn(check, coco_content):
    coco_content["images"][0] |= {"width": 64, "height": 96}
    with pytest.raises(InputError, match="the file is 96 x 64 pixels"):
        check()


def test_unreadable_images_are_left_out_when_asked_to(check, coco_files, coco_content):
    (coco_files.images / "000000000001.jpg").write_bytes(b"")
    coco_content["images"] += [
        {"id": 8, "file_name": "gone/8.jpg", "width": 1, "height": 1},
        {"id": 9, "file_name": "000000000003.jpg", "width": 1, "height": 1},
    ]
    index, left_out = check(skip=True)
    assert index.image_ids.tolist() == [2, 3]
    assert index.annotation_ids.tolist() == [10, 13]
    assert left_out == {"missing": 1, "unreadable": 1, "not of the annotated size": 1}
    for row in coco_content["images"]:
        row["file_name"] = "gone.jpg"
    with pytest.raises(InputError, match="are missing"):
        check(skip=True)


def test_what_the_cache_holds_is_of_the_same_images(check, coco_files, tmp_path):
    """One data.yaml may name several lists of images in one folder."""
    index, _ = check()
    other = index.take(np.array([2, 1]))
    found, _ = check_images(other, coco_files.annotations, tmp_path)
    assert found.image_ids.tolist() == [3, 2]
    assert found.path(0).name == "000000000003.jpg"


def test_a_checked_set_is_not_looked_at_again(check, monkeypatch):
    check()
    monkeypatch.setattr(checking, "look_at", lambda paths: pytest.fail("looked again"))
    check()


@pytest.mark.parametrize(("recorded", "red"), [((96, 64), (80, 32)), ((64, 96), (32, 16))])
def test_a_turned_photograph_is_drawn_as_it_was_annotated(
    check, coco_files, coco_content, recorded, red
):
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the stored picture is at the right of the shown one
    stored = Image.new("RGB", (64, 96), "blue")
    stored.paste("red", (0, 0, 64, 32))
    stored.save(coco_files.images / "000000000001.jpg", exif=exif)
    coco_content["images"][0] |= dict(zip(("width", "height"), recorded, strict=True))
    picture = open_annotated(check()[0], 0)
    assert picture.size == recorded
    assert picture.getpixel(red)[0] > 200

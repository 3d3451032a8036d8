import json
import time
from dataclasses import fields

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.detection.coco import json_file
from tasks.detection.coco.index import load_index
from tasks.detection.coco.splits import Files


@pytest.fixture
def load(tmp_path):
    def load(files, **options):
        return load_index(*files, cache_dir=tmp_path / "cache", **options)

    return load


def same(a, b):
    return all(
        np.array_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(a)
    )


def test_arrays_of_a_small_file(load, coco_files):
    index = load(coco_files, num_classes=91)
    assert len(index) == 3
    assert index.image_ids.tolist() == [1, 2, 3]
    assert index.widths.tolist() == [96, 60, 80]
    assert index.heights.tolist() == [64, 80, 80]
    assert index.offsets.tolist() == [0, 2, 4, 4]
    assert index.annotation_ids.tolist() == [11, 12, 10, 13]  # by image, else in the file's order
    assert index.box_images.tolist() == [0, 0, 1, 1]
    assert index.boxes.dtype == np.float32
    assert index.boxes[0].tolist() == [8, 8, 48, 40]
    assert index.xywh.dtype == np.float64
    assert index.crowd.tolist() == [False, False, False, True]
    assert index.area.tolist() == [50.5] * 4
    assert index.path(1) == coco_files.images / "000000000002.jpg"


def test_boxes_of_an_image_keep_the_order_of_the_file(load, coco_files, coco_content):
    template = coco_content["annotations"][0]
    coco_content["annotations"] = [
        template | {"id": number, "image_id": 1 + number % 3} for number in range(300)
    ]
    coco_files.annotations.write_text(json.dumps(coco_content))
    expected = [*range(0, 300, 3), *range(1, 300, 3), *range(2, 300, 3)]
    assert load(coco_files).annotation_ids.tolist() == expected


def test_labels_are_fixed_or_dense(load, coco_files, coco_content, coco_write):
    fixed = load(coco_files, num_classes=91)
    assert fixed.num_classes == 91
    assert fixed.labels.tolist() == [1, 90, 3, 1]
    assert fixed.class_names[0] == "background"
    assert fixed.class_names[90] == "brush"
    assert fixed.class_names[2] == ""
    assert fixed.output_categories[[0, 1, 2, 3, 90]].tolist() == [-1, 1, -1, 3, 90]
    dense = load(coco_files)
    assert dense.output_categories.tolist() == [-1, 1, 90, 3]  # the file's order
    assert dense.class_names == ("background", "person", "brush", "car")
    assert dense.labels.tolist() == [1, 2, 3, 1]
    # many tools number categories from 0
    for row in coco_content["categories"] + coco_content["annotations"]:
        key = "category_id" if "category_id" in row else "id"
        row[key] = {1: 0, 3: 1, 90: 2}[row[key]]
    coco_write(coco_files, coco_content)
    assert load(coco_files).labels.tolist() == [1, 2, 3, 1]


def test_ground_truth_is_the_file(load, coco_files):
    truth = load(coco_files, num_classes=91).ground_truth()
    assert truth.image_ids.tolist() == [1, 2, 3]
    assert truth.category_ids.tolist() == [1, 90, 3]
    assert truth.box_image.tolist() == [1, 1, 2, 2]
    assert truth.box_category.tolist() == [1, 90, 3, 1]
    assert truth.boxes.tolist()[1] == [60, 4, 24, 48]
    assert truth.crowd.tolist() == [False, False, False, True]


def test_take(load, coco_2014):
    index = load(Files(coco_2014 / "annotations/instances_train2014.json", coco_2014 / "train2014"))
    backwards = index.take(np.array([2, 1, 0]))
    assert backwards.image_ids.tolist() == [3, 2, 1]
    assert backwards.offsets.tolist() == [0, 0, 2, 4]
    assert backwards.annotation_ids.tolist() == [10, 13, 11, 12]
    assert same(backwards.take(np.array([2, 1, 0])), index)
    nothing = index.take(np.array([], np.int64))
    assert (len(nothing), len(nothing.boxes)) == (0, 0)


def test_cache_is_used_until_the_file_changes(load, coco_files, tmp_path, monkeypatch):
    first = load(coco_files)
    parse = json_file.parse_instances
    monkeypatch.setattr(json_file, "parse_instances", lambda path: pytest.fail("parsed again"))
    assert same(load(coco_files), first)
    monkeypatch.setattr(json_file, "parse_instances", parse)
    text = coco_files.annotations.read_text().replace('"brush"', '"broom"')
    time.sleep(0.01)  # the same size: only the time of writing tells
    coco_files.annotations.write_text(text)
    assert "broom" in load(coco_files).class_names
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_damaged_cache_is_written_again(load, coco_files, tmp_path):
    first = load(coco_files)
    (cache,) = (tmp_path / "cache").iterdir()
    whole = cache.read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(b"\x93NUMPY") + 150] ^= 0xFF
    for damage in (b"", b"not a zip", whole[: len(whole) // 2], bytes(flipped)):
        cache.write_bytes(damage)
        assert same(load(coco_files), first)
        assert cache.read_bytes()[:2] == b"PK"
        assert np.load(cache, allow_pickle=False)["image_ids"].tolist() == [1, 2, 3]


def no_key(name):
    return lambda data: data.pop(name)


def change(kind, row, **values):
    return lambda data: data[kind][row].update(values)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (no_key("annotations"), "no list annotations"),
        (lambda data: [data.pop(k) for k in list(data)], "no list images and no list annotations"),
        (lambda data: data["images"].clear(), "images is empty"),
        (change("annotations", 2, bbox=[1, 2, 3]), r"annotation number 2 .*'bbox'.*'id': 12"),
        (change("annotations", 2, bbox=[1, 2, 3, None]), r"annotation number 2 .*'bbox'"),
        (change("annotations", 1, bbox=7), r"annotation number 1 .*'bbox'"),
        (change("annotations", 0, image_id="a"), r"annotation number 0 .*'image_id'"),
        (change("images", 1, width=0), r"image number 1 .*'width'"),
        (change("images", 2, file_name=5), r"image number 2 .*'file_name'"),
        (change("images", 2, id=1), r"duplicate image ids: 1;"),
        (change("categories", 2, id=1), r"duplicate category ids: 1;"),
        (change("annotations", 3, image_id=77), r"\(ids 13\) with image ids .* 77;"),
        (change("annotations", 3, category_id=7), r"\(ids 13\) with category ids .* 7;"),
        (lambda data: data["images"].insert(0, "x"), r"image number 0 .* x"),
    ],
)
def test_files_that_are_not_coco(load, coco_files, coco_content, edit, message):
    edit(coco_content)
    coco_files.annotations.write_text(json.dumps(coco_content))
    with pytest.raises(InputError, match=message) as error:
        load(coco_files)
    assert str(coco_files.annotations) in str(error.value)


@pytest.mark.parametrize("category", [0, 91, -4])
def test_category_without_an_output(load, coco_files, coco_content, category):
    coco_content["categories"][2]["id"] = category
    coco_content["annotations"][0]["category_id"] = category
    coco_files.annotations.write_text(json.dumps(coco_content))
    with pytest.raises(
        InputError, match=rf"category ids {category} are not in 1..90 .*use them: 10\)"
    ):
        load(coco_files, num_classes=91)


def test_damaged_json_says_where(load, coco_files, tmp_path):
    text = json.dumps(json.loads(coco_files.annotations.read_text()), indent=1)
    for damage, message in {
        "": r"empty \(0 bytes\)",
        text[: len(text) // 2]: r"line \d+, column \d+ .*cut short",
        "<html>not found</html>": "not JSON, but a web page",
    }.items():
        coco_files.annotations.write_text(damage)
        with pytest.raises(InputError, match=message):
            load(coco_files)
    coco_files.annotations.write_bytes(b'{"images": "\xff\xfe"}')
    with pytest.raises(InputError, match="not UTF-8 text at byte 12"):
        load(coco_files)
    with pytest.raises(InputError, match="No such file"):
        load(Files(tmp_path / "absent.json", tmp_path))
    assert not (tmp_path / "cache").exists()  # nothing of a bad file is kept


def test_area_and_crowd_may_be_absent(load, coco_files, coco_content):
    for row in coco_content["annotations"]:
        del row["area"], row["iscrowd"]
    coco_files.annotations.write_text(json.dumps(coco_content))
    index = load(coco_files)
    assert index.area.tolist() == [40 * 32, 24 * 48, 30 * 40, 60 * 20]
    assert not index.crowd.any()


def test_no_annotations_at_all(load, coco_files, coco_content):
    coco_content["annotations"] = []
    coco_files.annotations.write_text(json.dumps(coco_content))
    index = load(coco_files, num_classes=91)
    assert (len(index), index.boxes.shape, index.labels.shape) == (3, (0, 4), (0,))
    assert index.ground_truth().boxes.shape == (0, 4)

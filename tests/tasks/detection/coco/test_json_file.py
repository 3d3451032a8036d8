"""COCO files as tools write them, and as nobody should."""

import json

import numpy as np
import pytest

from backbone.errors import InputError
from tasks.detection.coco.json_file import parse_instances


@pytest.fixture
def parsed(coco_files, coco_content):
    """Parse the small set after `edit` has changed its content."""

    def parse(edit=lambda content: None, text=None):
        edit(coco_content)
        text = json.dumps(coco_content) if text is None else text
        coco_files.annotations.write_bytes(text if isinstance(text, bytes) else text.encode())
        return parse_instances(coco_files.annotations)

    return parse


def each(kind, **values):
    """Edit every row: a function makes the new value of the old one, None removes the key."""

    def edit(content):
        for row in content[kind]:
            for key, value in values.items():
                row[key] = value(row.get(key)) if callable(value) else value

    return edit


@pytest.mark.parametrize("kind", [float, str, lambda v: f" {v}"])
def test_ids_as_floats_and_as_text(parsed, kind):
    plain = parsed()
    read = parsed(
        lambda content: [
            edit(content)
            for edit in (
                each("images", id=kind),
                each("annotations", image_id=kind, category_id=kind, id=kind),
                each("categories", id=kind),
            )
        ]
    )
    for key in ("image_ids", "box_categories", "category_ids", "offsets", "xywh"):
        assert np.array_equal(read[key], plain[key]), key


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("f0e1-1", b"f0e1-1"),
        (2**64, b"18446744073709551616"),
        (None, b"number 0"),
        ([1], b"[1]"),
        (1.5, b"1.5"),
    ],
)
def test_annotation_ids_of_any_kind(parsed, given, shown):
    read = parsed(lambda content: content["annotations"][0].update(id=given))
    assert shown in read["annotation_ids"].tolist()
    assert b"11" in read["annotation_ids"].tolist()


def test_annotation_ids_may_be_absent(parsed):
    read = parsed(lambda content: [row.pop("id") for row in content["annotations"]])
    assert read["annotation_ids"].tolist() == [b"number 1", b"number 2", b"number 0", b"number 3"]


@pytest.mark.parametrize("given", [0.0, None, False, "0"])
def test_crowds_and_areas_of_any_spelling(parsed, given):
    read = parsed(each("annotations", iscrowd=given, area=None))
    assert not read["crowd"].any()
    assert read["area"].tolist() == [40 * 32, 24 * 48, 30 * 40, 60 * 20]
    assert parsed(each("annotations", iscrowd=1.0, area="7.5"))["crowd"].all()


@pytest.mark.parametrize("given", [-1, 0, None, 0.0, "0"])
def test_sizes_that_are_not_known(parsed, given):
    read = parsed(each("images", width=given, height=given))
    assert not read["widths"].any()
    assert not read["heights"].any()


@pytest.mark.parametrize("given", [None, [], "absent"])
def test_boxes_that_are_not_given(parsed, given):
    def edit(content):
        row = content["annotations"][0]
        row["segmentation"] = []
        if given == "absent":
            del row["bbox"]
        else:
            row["bbox"] = given

    xywh = parsed(edit)["xywh"]
    assert np.isnan(xywh[2]).all()
    assert np.isfinite(xywh[[0, 1, 3]]).all()


def test_numbers_in_boxes(parsed):
    read = parsed(each("annotations", bbox=["1", 2.5, 3, True]))
    assert read["xywh"].tolist() == [[1, 2.5, 3, 1]] * 4
    read = parsed(each("annotations", bbox=[10**400, -(10**400), 1, 1]))
    assert read["xywh"][0].tolist() == [np.inf, -np.inf, 1, 1]


def test_names_that_are_no_text_are_read_as_text(parsed):
    def edit(content):
        content["categories"][0]["name"] = 7
        content["categories"][1]["name"] = "\ud800x"
        content["images"][0] |= {"file_name": None, "coco_url": "http://x/train/1.jpg"}
        content["images"][1]["file_name"] = "bad\udcff.jpg"

    read = parsed(edit)
    assert read["category_names"].tolist() == [b"7", b"?x", b"car"]
    assert read["file_names"].tolist()[:2] == [b"http://x/train/1.jpg", b"bad\xff.jpg"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_files_in_other_encodings_are_read(parsed, coco_content, encoding):
    coco_content["categories"][0]["name"] = "Käfer"
    read = parsed(text=json.dumps(coco_content, ensure_ascii=False).encode(encoding))
    assert read["category_names"][0].decode() == "Käfer"
    assert len(read["remarks"]) == (encoding == "latin-1")


def put(kind, **values):
    return lambda content: content[kind][0].update(values)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("images", id=2**63), r"image number 0 .*'id' is beyond 64 bits"),
        (put("images", id=-(2**70)), r"image number 0 .*'id' is beyond 64 bits"),
        (put("images", id=1.5), r"image number 0 .*'id' is not a whole number"),
        (put("images", id="a1"), r"image number 0 .*'id' is not a whole number"),
        (put("images", id=float("nan")), r"image number 0 .*'id' is not a whole number"),
        (put("annotations", category_id=10**4000), r"annotation number 0 .* beyond 64 bits"),
        (put("images", width=-5), r"image number 0 .*'width' is not a number of pixels"),
        (put("images", width=None), r"'width' is unknown but its 'height' is not"),
        (put("images", height=120.5), r"'height' is not a whole number"),
        (put("images", file_name="a\0b"), r"'file_name' has a NUL"),
        (put("images", file_name="a" * 5000), r"'file_name' is longer than 4,096"),
        (put("images", file_name="", coco_url=None), r"'file_name' is missing"),
        (put("annotations", iscrowd="no"), r"'iscrowd' is missing or of the wrong type"),
        (put("annotations", area=[]), r"'area' is missing or of the wrong type"),
        (put("annotations", bbox="1234"), r"annotation number 0 .*'bbox'"),
        (put("annotations", bbox=[1]), r"should be \[left, top, width, height\] in pixels; in \{"),
        (put("annotations", bbox={"x": 1}), r"annotation number 0 .*'bbox'"),
        (put("annotations", bbox=[[1], 2, 3, 4]), r"annotation number 0 .*'bbox'"),
        (put("categories", name=None), r"category number 0 .*'name' is missing"),
        (put("categories", name=True), r"category number 0 .*'name' is missing"),
    ],
)
def test_values_that_are_refused_by_place(parsed, edit, message):
    with pytest.raises(InputError, match=message):
        parsed(edit)


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "7" * 300_000])
def test_a_number_of_too_many_digits(parsed, coco_content, number):
    text = json.dumps(coco_content, indent=0).replace('"area": 50.5', f'"area": {number}', 1)
    with pytest.raises(InputError, match=r"more than 4,300 digits at line \d+, column \d+"):
        parsed(text=text)


@pytest.mark.parametrize("depth", [1000, 100_000])
def test_lists_inside_of_lists(parsed, coco_content, depth):
    text = json.dumps(coco_content)[:-1] + ', "info": ' + "[" * depth + "]" * depth + "}"
    with pytest.raises(InputError, match=r"nested lists, .* at line 1, column \d"):
        parsed(text=text)

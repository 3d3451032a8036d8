"""Pascal VOC's XML: what is said of a file that is none."""

import pytest

from backbone.errors import InputError
from tasks.detection.layouts.voc import parse_xml
from tests.tasks.detection.layouts.conftest import photograph

ENTITIES = '<!DOCTYPE a [<!ENTITY x0 "ha">' + "".join(
    f'<!ENTITY x{i} "{f"&x{i - 1};" * 20}">' for i in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not XML"),
        ("<annotation><object>", "not XML"),
        ("<annotations/>", "outer element is <annotations>"),
        ("<annotation><object/></annotation>", "object 1 has no name"),
        (
            "<annotation><object><name>a</name><bndbox><xmin>1</xmin></bndbox></object></annotation>",
            r"object 1 \(a\) has no numbers as xmin",
        ),
        ("<annotation><size><width>x</width></size></annotation>", "its width is 'x'"),
        ("<annotation><size><width>1e99</width></size></annotation>", "its width is '1e99'"),
        (f"{ENTITIES}]><annotation><filename>&x8;</filename></annotation>", "not XML"),
        ('<?xml version="1.0" encoding="nope"?><annotation/>', "not XML"),
    ],
)
def test_files_that_are_not_vocs(tmp_path, text, message):
    path = tmp_path / "a.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        parse_xml(path)
    assert str(path) in str(error.value)


def test_an_object_without_a_box_is_counted(tmp_path, sets):
    parts = "<object><name>a</name></object><object><name>a</name><bndbox><xmin>1</xmin>"
    parts += "<ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
    for name in ("a", "b"):
        photograph(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.xml").write_text(f"<annotation>{parts}</annotation>")
    photograph(tmp_path / "c.jpg")  # nobody has annotated it
    index, counts = sets(".")["train"]
    assert counts.faults["not given"].count == 1
    assert counts.notes == (
        f"1 image of {tmp_path} without an XML file in {tmp_path}, left out: c.jpg",
    )
    assert counts.boxes == 2
    assert index.xywh.tolist() == [[1, 1, 8, 8]]


def test_an_entry_of_a_list_without_a_file_is_named(tmp_path, sets):
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "ImageSets").mkdir()
    (tmp_path / "ImageSets" / "train.txt").write_text("x\n")
    with pytest.raises(InputError, match=r"train\.txt, entry 1: 'x' has no XML file"):
        sets("ImageSets/train.txt")


def test_a_name_that_was_copied_with_the_file_is_not_believed(tmp_path, sets):
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    for name in "abcd":
        photograph(tmp_path / f"{name}.jpg")
        text = f"<annotation><filename>a.jpg</filename><object><name>x</name>{box}</object>"
        (tmp_path / f"{name}.xml").write_text(f"{text}</annotation>")
    found = sets(".")
    names = [index.path(i).name for index, _ in found.values() for i in range(len(index))]
    assert sorted(names) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]

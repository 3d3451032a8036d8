"""Label files are read again if one of them has changed, and only then."""

import os
from pathlib import Path

import numpy as np
import pytest

from tasks.detection.layouts import voc, yolo
from tests.tasks.detection.layouts.conftest import photograph

BOX = "<xmin>{0}</xmin><ymin>1</ymin><xmax>60</xmax><ymax>9</ymax>"
OBJECT = f"<object><name>cat</name><bndbox>{BOX}</bndbox></object>"


class Yolo:
    listing, module, reader, suffix = "data.yaml", yolo, "parse_labels", "txt"

    @staticmethod
    def write(path: Path, left: int) -> None:
        path.write_text(f"0 {(left + 60) / 200} .1 {(60 - left) / 100} .16\n")


class Voc:
    listing, module, reader, suffix = ".", voc, "parse_xml", "xml"

    @staticmethod
    def write(path: Path, left: int) -> None:
        path.write_text(f"<annotation>{OBJECT.format(left)}</annotation>")


@pytest.fixture(params=[Yolo, Voc])
def layout(request, tmp_path):
    for name in "abc":
        photograph(tmp_path / f"{name}.jpg")
        request.param.write(tmp_path / f"{name}.{request.param.suffix}", 20)
    if request.param is Yolo:
        (tmp_path / "data.yaml").write_text("names: [cat]\ntrain: .\nval: .\n")
    return request.param


@pytest.fixture
def load(layout, sets, monkeypatch):
    """Load the set; returns it, and how many label files were read for it."""
    read = getattr(layout.module, layout.reader)
    files = []

    def reading(path, *rest):
        files.append(path)
        return read(path, *rest)

    monkeypatch.setattr(layout.module, layout.reader, reading)

    def loaded():
        files.clear()
        index, _ = sets(layout.listing, layout.listing)["train"]
        return index, len(set(files))

    return loaded


def test_labels_are_read_once(load):
    first, read = load()
    assert read == 3
    again, read = load()
    assert read == 0
    assert np.array_equal(first.xywh, again.xywh)
    assert first.names == again.names
    assert [again.path(i) for i in range(3)] == [first.path(i) for i in range(3)]
    assert first.xywh[:, 0] == pytest.approx(20)


def test_a_label_changed_in_place_is_seen(load, layout, tmp_path):
    load()
    path = tmp_path / f"b.{layout.suffix}"
    before = path.stat()
    layout.write(path, 30)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    index, read = load()
    assert read == 3
    assert index.xywh[:, 0] == pytest.approx([20, 30, 20])


def test_an_image_that_has_come_or_gone_is_seen(load, layout, tmp_path):
    load()
    photograph(tmp_path / "d.jpg")
    layout.write(tmp_path / f"d.{layout.suffix}", 40)
    assert load()[0].xywh[:, 0] == pytest.approx([20, 20, 20, 40])
    for suffix in ("jpg", layout.suffix):
        (tmp_path / f"a.{suffix}").unlink()
    index, _ = load()
    assert index.xywh[:, 0] == pytest.approx([20, 20, 40])
    assert [index.path(i).name for i in range(3)] == ["b.jpg", "c.jpg", "d.jpg"]

"""What a detector's evaluation tells of categories and images, and how it is marked."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tasks.data.labels import Labels
from tasks.detection.coco.index import load_index
from tasks.detection.error_report import COLOURS, error_marks, error_pictures, findings
from tasks.detection.evaluation.arrays import Detections
from tasks.detection.evaluation.metric import evaluate

LABELS = Labels(4, [1, 2, 3], [1, 90, 3], ["person", "brush", "$car_{"])


@pytest.fixture
def data(coco_files, tmp_path):
    files = coco_files
    return SimpleNamespace(
        indices={"val": load_index(files.annotations, files.images, cache_dir=tmp_path)},
        reported="val",
    )


@pytest.fixture
def result(data):
    """Image 1: a person found, a brush missed. Image 2: the car taken for a brush, right below the
    person; a person in the crowd. Image 3: an invented car."""
    found = Detections(
        [1, 2, 2, 3],
        [1, 90, 1, 3],
        [[8, 8, 40, 32], [10, 20, 30, 40], [0, 0, 20, 20], [1, 1, 30, 30]],
        [0.5, 0.9, 0.8, 0.7],
    )
    return evaluate(data.indices["val"].ground_truth(), found)


def test_findings_by_category_and_image(result, data):
    found = findings(result, data, LABELS)
    json.dumps(found, allow_nan=False)
    rows = {row["name"]: row for row in found["per_category"]}
    assert [row["id"] for row in found["per_category"]] == [1, 3, 90]
    assert rows["person"]["boxes"] == 1, "a crowd is no object"
    assert rows["person"]["AP"] == rows["person"]["AP50"] == 1.0
    assert rows["person"]["threshold"] == 0.5
    assert rows["person"]["precision_at_recall"] == [1.0] * 11
    assert [rows["brush"][name] for name in ("AP", "f1", "threshold")] == [0.0, None, None]
    assert found["threshold"]["score"] == 0.5
    assert found["threshold"]["f1"] == pytest.approx(2 / 6, abs=1e-4)
    assert found["threshold"]["chosen_on"] == "val"
    assert "at score 0.500, chosen on the scored images: " in found["summary"][0]
    confusion = found["confusion"]
    assert confusion["names"] == ["person", "$car_{", "brush", "background"]
    assert confusion["matrix"] == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]]
    assert {"true": "$car_{", "found": "brush", "count": 1} in confusion["most_confused"]
    worst = {row["image_id"]: row for row in found["worst_images"]}
    counts = {"missed": 1, "invented": 0, "wrong": 0}
    assert worst[1] == {"image_id": 1, "file": f"{1:012}.jpg"} | counts
    assert (worst[2]["wrong"], worst[3]["invented"]) == (1, 1)
    assert "1 right, 1 of a wrong category, 1 missed; and 1 invented" in found["summary"][1]


def test_each_error_is_marked(result):
    captions = {mark.fill: mark.caption for mark in error_marks(result, 2, LABELS)}
    assert captions == {COLOURS["wrong"]: "brush 0.90, is $car_{"}
    right, missed = error_marks(result, 1, LABELS, scale=2)
    assert (right.caption, missed.caption) == ("", "missed brush")
    assert missed.dashed
    assert missed.box == [120, 8, 168, 104]


def test_pictures_are_drawn(result, data, tmp_path):
    for name, draw in error_pictures(result, data, LABELS).items():
        draw(tmp_path / name)
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 300, name
    with Image.open(tmp_path / "worst_images.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).reshape(-1, 3)
    for fate in ("wrong", "invented"):
        near = np.abs(pixels - np.array(COLOURS[fate])).sum(1) < 30
        assert near.sum() > 100, fate


def test_a_detector_that_finds_nothing_is_reported(data, tmp_path):
    result = evaluate(data.indices["val"].ground_truth(), Detections([], [], [], []))
    found = findings(result, data, LABELS)
    json.dumps(found, allow_nan=False)
    assert found["threshold"]["score"] is None
    assert "no detection is correct" in found["summary"][0]
    for name, draw in error_pictures(result, data, LABELS).items():
        draw(tmp_path / name)

import numpy as np
import pytest
from PIL import Image

from tasks.faces.attribute_index import AttributeIndex, named
from tasks.faces.attribute_metrics import AttributeResult, AttributeScore
from tasks.faces.attribute_plots import attribute_bars, caption, faces_sheet
from tests.tasks.faces.attribute_files import write_faces

NAN = float("nan")


def test_wrong_answers_come_first():
    lines = caption(
        ["Hat", "Male", "Bald", "Young", "Smiling"],
        np.array([0.9, 0.8, 0.3, 0.6, 0.1]),
        np.array([1, 0, 1, -1, 0]),
    )
    assert [text for text, _ in lines] == [
        "0.80  Male   WRONG",
        "0.30  Bald   MISSED",
        "0.90  Hat",
        "0.60  Young   (unknown)",
    ]
    assert [share for _, share in lines] == pytest.approx([0.8, 0.3, 0.9, 0.6])


@pytest.mark.slow
@pytest.mark.parametrize("teacher", [0.8, NAN])
def test_bars_grow_with_the_attributes(tmp_path, teacher):
    def draw(count):
        scores = [
            AttributeScore(f"a{k}", 10, 4, 0.5 + k / 100, 0.6, 0.6, 0.6, teacher)
            for k in range(count)
        ]
        scores.append(AttributeScore("none", 10, 0, NAN, 1.0, NAN, 1.0))
        attribute_bars(scores, tmp_path / "bars.png")
        with Image.open(tmp_path / "bars.png") as image:
            return image.size

    few, many = draw(3), draw(40)
    assert few[0] == many[0]
    assert many[1] - few[1] > 37 * 20  # legible rows
    assert many[1] > 1000


def test_a_sheet_of_faces(tmp_path):
    files = [f"{i}.jpg" for i in range(20)]
    write_faces(tmp_path / "faces", files)
    labels = np.zeros((20, 12), np.int8)
    index = AttributeIndex(
        str(tmp_path / "faces"), np.array([f.encode() for f in files]), labels,
        named([f"attribute_{k}" for k in range(12)]),
    )  # fmt: skip
    probabilities = np.random.default_rng(0).random((5, 12), np.float32)
    rows = np.array([2, 3, 5, 7, 19])
    result = AttributeResult({}, [], [], rows, labels[rows], probabilities)
    names = [f"attribute {k}" for k in range(12)]
    faces_sheet(result, names, index, tmp_path / "sheet.png", count=12)
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.array(sheet)
    assert pixels.shape[:2] == (2 * 588, 4 * 588)
    few = pixels[::8, ::8].astype(int)
    # each of the five pictures' own colour is there: 40 per file, and no other
    for number in range(20):
        colour = np.array([40 * number % 256, 100, 200])
        there = (np.abs(few - colour) <= 3).all(2).sum() > 100
        same = {40 * int(row) % 256 for row in rows}
        assert there == any(abs(40 * number % 256 - value) <= 3 for value in same)

"""The inference script of the README, word for word."""

import re

import numpy as np
import pytest
from PIL import Image

from tasks.export.description import PADDING
from tasks.images.loading import load_view
from tasks.images.view import View
from tests.conftest import ROOT

README = ROOT / "tasks" / "export" / "README.md"


def script() -> str:
    """The script; its last part, which reads files, begins with `folder`."""
    return re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.fixture(scope="module")
def functions():
    pytest.importorskip("onnxruntime")
    names = {}
    exec(script().partition("\nfolder, ")[0], names)
    return names


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(crop_fraction=0.875),
        View(crop_fraction=0.6, box=(0.1, 0.2, 0.7, 1.0)),
        View(keep_aspect=True),
    ],
)
def test_the_script_sees_what_the_suite_sees(functions, tmp_path, view):
    size, path = (50, 70), tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 256, (121, 93, 3), np.uint8)
    Image.fromarray(noise).save(path)
    view_words = {
        "crop_fraction": view.crop_fraction,
        "box": view.box,
        "keep_aspect": view.keep_aspect,
        "padding": PADDING,
    }
    described = {"input": {"shape": ["N", *size, 3], "view": view_words}}
    pixels, filled = functions["read"](Image.open(path), described)
    extent = view.extent(93, 121, size)
    expected = load_view(path, size, view.region(93, 121, size), extent=extent)
    assert filled == extent[::-1]
    assert np.abs(pixels[0].astype(int) - expected).max() <= 1


def test_the_script_names_what_is_found(functions):
    labels = {"ids": [3, 7], "names": ["cat", "dog"]}
    found = {
        "boxes": np.array([[0, 0, 10, 20], [5, 5, 40, 40], [1, 1, 2, 2]], np.float32),
        "scores": np.array([0.9, 0.4, 0.0], np.float32),
        "labels": np.array([7, 3, 0]),
        "count": np.array(2),
    }
    detector = {"kind": "detection", "labels": labels, "chosen": {"threshold": 0.5}}
    said = functions["answer"](detector, found, (20, 20), (200, 100))
    assert said == [("dog", 0.9, 0.0, 0.0, 100.0, 100.0)]
    classifier = {"kind": "classification", "labels": labels, "chosen": {}}
    probabilities = {"probabilities": np.array([0.25, 0.75])}
    said = functions["answer"](classifier, probabilities, (20, 20), (200, 100))
    assert said == [("dog", 0.75), ("cat", 0.25)]

"""The libraries that the loading benchmark times do the same work."""

import numpy as np
import pytest
from PIL import Image

from tasks.benchmarks import pipeline


@pytest.fixture
def photo(tmp_path):
    y, x = np.mgrid[0:120, 0:200]
    path = tmp_path / "photo.jpg"
    pixels = np.stack([x, y * 2, 255 - x], axis=2).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=95)
    return path


def test_every_library_sees_the_same_pixels(photo):
    made = {
        name: run() for name, run in pipeline.views([photo], [(8, 10, 168, 110)], (80, 96)).items()
    }
    assert {"Pillow", "torchvision", "this suite"} <= made.keys()
    (expected,) = made["Pillow"]
    for name, (got,) in made.items():
        array = np.asarray(got)
        array = array.transpose(1, 2, 0) if array.shape[0] == 3 else array
        assert array.shape == (80, 96, 3)
        assert np.abs(array.astype(int) - expected).mean() < 1, name


def test_a_library_that_is_absent_is_named(photo, monkeypatch, capsys):
    monkeypatch.setattr(pipeline, "find_spec", lambda name: None)
    assert "simplejpeg and torchvision" not in pipeline.views([photo], [(0, 0, 9, 9)], (8, 8))
    assert "simplejpeg is not timed" in capsys.readouterr().out

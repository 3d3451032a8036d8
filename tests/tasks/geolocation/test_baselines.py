import numpy as np
import pytest
import torch
from PIL import Image

from tasks.geolocation.baselines import baselines, histograms, nearest
from tests.tasks.geolocation.conftest import COLORS, TOWNS


def test_histograms_by_hand():
    image = torch.zeros(2, 3, 2, 2, dtype=torch.uint8)
    image[0, :, 0, 0] = torch.tensor([255, 64, 0])  # box 3, 1, 0
    image[0, :, 0, 1] = torch.tensor([192, 127, 63])  # the same
    image[1] = 255
    found = histograms(image)
    expected = torch.zeros(2, 64)
    expected[0, 3 * 16 + 1 * 4] = expected[0, 0] = 0.5
    expected[1, 63] = 1
    assert torch.equal(found, expected)


def test_the_nearest_by_absolute_differences():
    gallery = torch.tensor([[0.0, 1.0], [0.6, 0.4], [0.5, 0.5], [0.5, 0.5]])
    queries = torch.tensor([[0.55, 0.5], [0.0, 0.8], [0.5, 0.5]])
    # to the second 0.05 + 0.1, to the third 0.05
    assert nearest(queries, gallery).tolist() == [2, 0, 2]
    many = torch.rand(1300, 8)
    assert nearest(many, many).tolist() == list(range(1300))


def test_scores_of_both_answers(place_data):
    """Training photographs: 8 in the first town and 4 in each other; colours tell the town."""
    data = place_data({"train": 20, "val": 10}, t_max=8, t_min=1)
    root = data.source.root
    lines = (root / "train.csv").read_text().splitlines()
    more = []
    for i in range(4):
        Image.new("RGB", (20, 20), COLORS[0]).save(root / "images" / f"more{i}.jpg")
        more.append(f"more{i}.jpg,{TOWNS[0][0]},{TOWNS[0][1]}")
    (root / "train.csv").write_text("\n".join(lines + more) + "\n")
    data.setup("fit")
    scores = baselines(data, (750.0,), photographs=1000)
    assert list(scores) == ["most frequent cell", "nearest colours"]
    assert scores["most frequent cell"]["within_750_km"] == pytest.approx(0.2)
    assert scores["nearest colours"]["within_750_km"] == 1
    assert scores["nearest colours"]["cell_accuracy"] == 1
    few = baselines(data, (750.0,), photographs=1)
    assert few["nearest colours"]["within_750_km"] == pytest.approx(0.2)


def test_without_training_photographs_there_is_one(place_data, tmp_path):
    first = place_data({"train": 20, "val": 10}, t_max=8, t_min=1)
    first.setup("fit")
    first.partition.save(tmp_path / "cells")
    data = place_data({"val": 10}, partition=tmp_path / "cells")
    data.setup("fit")
    assert list(baselines(data, (750.0,), 100)) == ["most frequent cell"]
    assert np.isfinite(baselines(data, (750.0,), 100)["most frequent cell"]["median_km"])

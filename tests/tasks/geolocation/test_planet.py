import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tasks.geolocation.cells import build_partition
from tasks.geolocation.hierarchy import Level, hierarchy_levels
from tasks.geolocation.planet import Cells, distances_km, soft_targets
from tasks.geolocation.sphere import great_circle_km, unit_vectors
from tests.tasks.geolocation.conftest import chunks

CENTRES = np.array([(0.0, 0.0), (0.0, 1.0), (50.0, 20.0)])


def level(*ancestor):
    count = max(ancestor) + 1
    first = [ancestor.index(k) for k in range(count)]
    return Level(np.arange(count, dtype=np.uint64), np.array(ancestor), CENTRES[first])


def logits(*probabilities):
    return torch.tensor([probabilities]).log()


def test_the_product_of_levels_by_hand():
    """Two coarse cells over three fine ones; the fine level alone would answer the third."""
    cells = Cells([level(0, 0, 1), level(0, 1, 2)])
    outputs = torch.cat([logits(0.3, 0.2, 0.5), logits(0.9, 0.1)], dim=1)
    product = torch.tensor([[0.3 * 0.9, 0.2 * 0.9, 0.5 * 0.1]])
    assert torch.allclose(cells.probabilities(outputs), product / product.sum())
    answer = cells.answer(outputs)
    assert answer["cell"].tolist() == [0]
    assert answer["position"].tolist() == [[0, 0]]
    alone = Cells([level(0, 1, 2)]).answer(outputs[:, :3])
    assert alone["cell"].tolist() == [2]
    assert alone["position"].tolist() == [[50, 20]]


def test_probabilities_sum_to_one(places):
    partition = build_partition(chunks(places), 60, 5)
    cells = Cells(hierarchy_levels(partition, [10, 3]))
    outputs = torch.randn(7, sum(cells.sizes)) * 20
    found = cells.probabilities(outputs)
    assert found.shape == (7, len(partition))
    assert torch.allclose(found.sum(1), torch.ones(7))
    # a shift of one level's outputs changes nothing
    outputs[:, len(partition) :] += 5
    assert torch.allclose(cells.probabilities(outputs), found, atol=1e-5)


def test_the_loss_is_one_cross_entropy_a_level():
    cells = Cells([level(0, 0, 1), level(0, 1, 2)])
    outputs = torch.cat([logits(0.3, 0.2, 0.5), logits(0.9, 0.1)], dim=1)
    terms = cells.loss(outputs, torch.tensor([1]), torch.zeros(1, 2))
    assert {k: v.item() for k, v in terms.items()} == {
        "cells": pytest.approx(-math.log(0.2)),
        "coarser_1": pytest.approx(-math.log(0.9)),
    }


def test_smooth_targets_by_hand():
    """tau 100 km: the cells are 0, 111.195 and 5,791 km off."""
    off = great_circle_km(0.0, 0.0, *CENTRES.T)
    assert off[1] == pytest.approx(111.195, abs=1e-3)
    weights = [1.0, math.exp(-1.11195), 0.0]
    expected = torch.tensor([weights]) / sum(weights)
    distances = distances_km(torch.zeros(1, 2), torch.tensor(unit_vectors(*CENTRES.T)).float())
    assert torch.allclose(soft_targets(distances, 100.0), expected, atol=1e-6)
    outputs = torch.randn(1, 3, requires_grad=True)
    cells = Cells([level(0, 1, 2)], smoothing_km=100.0)
    (loss,) = cells.loss(outputs, torch.tensor([2]), torch.zeros(1, 2)).values()
    assert loss.item() == pytest.approx(F.cross_entropy(outputs, expected).item(), rel=1e-5)
    loss.backward()
    # the gradient of a cross-entropy: what is said less what is wanted
    assert torch.allclose(outputs.grad, outputs.softmax(1) - expected, atol=1e-6)


def test_little_smoothing_is_none(places):
    partition = build_partition(chunks(places), 400, 5, 3)
    at_centres = torch.tensor(partition.centres).float()
    outputs, own = torch.randn(len(partition), len(partition)), torch.arange(len(partition))
    hard, soft = (Cells(hierarchy_levels(partition, []), tau) for tau in (0.0, 1.0))
    expected = hard.loss(outputs, own, at_centres)["cells"]
    assert torch.allclose(soft.loss(outputs, own, at_centres)["cells"], expected)


def test_distances_are_the_great_circles(places):
    positions, centres = places[:300], places[-250:]
    points = torch.from_numpy(unit_vectors(*centres.T)).float()
    found = distances_km(torch.from_numpy(positions), points).numpy()
    exact = great_circle_km(*positions.T[:, :, None], *centres.T[:, None, :])
    near = exact < 15_000
    assert np.abs(found - exact)[near].max() < 0.01
    assert np.abs(found - exact).max() < 10  # at the opposite point a chord loses its digits

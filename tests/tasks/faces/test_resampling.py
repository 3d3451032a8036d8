"""Scores of counted images and pairs, beside those of repeated ones."""

import numpy as np
import pytest

from tasks.faces.attribute_resampling import attribute_scorer
from tasks.faces.pair_resampling import pair_scorer
from tasks.faces.verification import FALSE_ACCEPT_RATES, score_pairs
from tests.tasks.faces.test_attribute_metrics import scored


def resamples(number: int, units: int) -> np.ndarray:
    draws = np.random.default_rng(1).integers(0, units, (number, units))
    return np.stack([np.bincount(row, minlength=units) for row in draws]).astype(np.int32)


@pytest.mark.parametrize("folds", [1, 4])
@pytest.mark.parametrize("decimals", [1, 9])  # most distances are equal, or none
def test_counted_pairs_are_repeated_pairs(folds, decimals):
    random, number = np.random.default_rng(0), 120
    same, fold = np.arange(number) % 2 == 0, np.arange(number) % folds
    distance = np.round(random.random(number) + 0.5 * ~same, decimals)
    counts = resamples(15, number)
    found = pair_scorer(distance, same, fold, FALSE_ACCEPT_RATES)(counts)
    for k, row in enumerate(counts):
        pairs = np.repeat(np.arange(number), row)
        expected = score_pairs(distance[pairs], same[pairs], fold[pairs]).metrics
        expected.pop("accuracy_stderr", None)
        assert {name: values[k] for name, values in found.items()} == pytest.approx(expected)


def test_pairs_of_one_kind_alone_have_no_score():
    same = np.arange(8) % 2 == 0
    scorer = pair_scorer(np.arange(8.0), same, np.zeros(8, int), FALSE_ACCEPT_RATES)
    assert np.isnan([values[0] for values in scorer(same[None].astype(np.int32)).values()]).all()


@pytest.mark.parametrize("decimals", [1, 7])
def test_counted_images_are_repeated_images(decimals):
    random = np.random.default_rng(0)
    labels = random.integers(-1, 2, (60, 3)).astype(np.int8)
    own, teacher = random.random((2, 60, 3)).round(decimals).astype(np.float32)
    counts = resamples(15, 60)
    found = attribute_scorer(labels, own, teacher)(counts)
    for k, row in enumerate(counts):
        images = np.repeat(np.arange(60), row)
        rows = [range(60)]
        metric = scored(labels[images], own[images], teacher[images], rows)
        expected = metric.compute().metrics
        drawn = {name: values[k] for name, values in found.items()}
        assert drawn == pytest.approx(expected, abs=1e-6)


def test_an_attribute_that_all_or_no_images_have_is_left_out():
    labels = np.array([[1, 1], [0, 1], [1, 0], [1, 0]], np.int8)
    own = np.array([[0.9, 0.1], [0.2, 0.2], [0.3, 0.3], [0.1, 0.4]], np.float32)
    counts = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], np.int32)
    found = attribute_scorer(labels, own, None)(counts)["mean_ap"]
    assert found[0] == 1
    assert np.isnan(found[1])


def test_the_metric_hands_out_its_resampling():
    labels = np.random.default_rng(0).integers(0, 2, (30, 2)).astype(np.int8)
    own = np.random.default_rng(1).random((30, 2)).astype(np.float32)
    # the second process's images first
    result = scored(labels, own, parts=[range(15, 30), range(15)]).compute()
    alone = scored(labels, own, parts=[range(30)]).compute()
    (resampling,) = result.resamplings
    drawn = resampling.draw()
    assert {name: values[0] for name, values in drawn.items()} == pytest.approx(result.metrics)
    (other,) = alone.resamplings
    assert all((drawn[name] == values).all() for name, values in other.draw().items())

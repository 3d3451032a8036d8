"""Intervals over other draws of the images, and how often they hold the true score."""

import numpy as np
import pytest

from tasks.classification.metrics import accuracy_scorer
from tasks.faces.attribute_resampling import attribute_scorer
from tasks.runs.bootstrap import RESAMPLES, Resampling, digest, interval


def accuracies(correct: np.ndarray) -> Resampling:
    true = np.arange(len(correct)) % 3
    return Resampling(
        "images", np.arange(len(correct)), [true], lambda: accuracy_scorer(true, correct, None)
    )


def test_the_resamples_are_the_same_in_every_run_and_differ_among_each_other():
    correct = np.arange(50) % 4 > 0
    first, second = accuracies(correct).draw(), accuracies(correct).draw()
    assert len(first["top1"]) == 1 + RESAMPLES
    assert first["top1"][0] == correct.mean()
    assert all((first[name] == second[name]).all() for name in first)
    assert len(set(first["top1"].tolist())) > 10
    # the numbers that numpy's frozen generator gives, on every machine
    _, counts, *_ = accuracies(correct).counts()
    assert counts[0, :8].tolist() == [0, 1, 2, 1, 2, 1, 1, 0]


def test_the_interval_of_an_accuracy_is_the_binomial_one():
    correct = np.arange(400) < 300
    low, high = interval(accuracies(correct).draw()["top1"])
    half = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    np.testing.assert_allclose([low, high], [0.75 - half, 0.75 + half], atol=0.006)


def test_undefined_resamples_are_left_out_and_too_many_give_no_interval():
    values = np.linspace(0, 1, 100)
    assert interval(np.append(0.5, np.where(np.arange(100) < 40, np.nan, values)))
    assert interval(np.append(0.5, np.where(np.arange(100) < 60, np.nan, values))) is None
    assert interval(np.append(np.nan, values)) is None
    assert interval(np.ones(20)) is None


def test_an_interval_is_around_the_score_and_a_share_stays_one():
    drawn = np.linspace(0.6, 1.0, 101)  # higher than the score, as AP is on fewer images
    low, high = interval(np.append(0.6, drawn))
    np.testing.assert_allclose([low, high], [0.41, 0.79], atol=0.001)
    assert interval(np.append(0.95, drawn))[1] == 1
    assert interval(np.append(195, drawn + 194))[1] > 195.1


def test_a_score_lies_within_its_interval_where_few_resamples_differ():
    """As a mean over classes does, whose answers never change, but for draws that lack a class."""
    values = np.full(1001, 0.5)
    values[1:5] = 0.0
    assert interval(values) == (0.5, 0.5)


def test_digests_tell_content_and_shape_but_not_number_types():
    rows = np.arange(6)
    assert digest([rows]) == digest([rows.astype(np.int32)])
    assert digest([rows]) != digest([rows.reshape(2, 3)])
    assert digest([rows]) != digest([rows[::-1]])
    assert digest([rows, rows]) != digest([rows])


@pytest.mark.slow
def test_intervals_hold_what_such_sets_score_on_average_as_often_as_they_say():
    """150 test sets of 200 images: accuracy, and mean average precision of 2 attributes."""
    random, drawn = np.random.default_rng(0), {"top1": [], "mean_ap": []}
    for _ in range(150):
        labels = (random.random((200, 2)) < [0.5, 0.2]).astype(np.int8)
        scores = (random.normal(size=(200, 2)) + 1.2 * labels).astype(np.float32)
        scorers = {
            "top1": accuracy_scorer(np.zeros(200, np.int64), random.random(200) < 0.7, None),
            "mean_ap": attribute_scorer(labels, scores, None),
        }
        for name, scorer in scorers.items():
            resampling = Resampling("", np.arange(200), [], lambda of=scorer: of, resamples=200)
            drawn[name].append(resampling.draw()[name])
    for name, sets in drawn.items():
        expected = np.mean([values[0] for values in sets])
        held = sum(low <= expected <= high for low, high in map(interval, sets))
        assert 137 <= held <= 148, (name, held)  # 95% of 150 is 142.5, give or take 2.7

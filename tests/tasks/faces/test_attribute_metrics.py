import csv

import numpy as np
import pytest
import torch

from backbone.errors import InputError
from tasks.faces.attribute_metrics import (
    AttributeScores,
    average_precision,
    majority_baseline,
)

LABELS = np.array(
    [[1, 1, 0, -1], [0, 1, 0, 1], [1, -1, 0, 0], [0, 0, 0, -1], [1, 0, 0, -1]], np.int8
)
PROBABILITIES = np.array(
    [[0.9, 0.8, 0.1, 0.5], [0.8, 0.3, 0.2, 0.9], [0.7, 0.9, 0.6, 0.4], [0.2, 0.6, 0.3, 0.9],
     [0.1, 0.1, 0.4, 0.1]], np.float32,
)  # fmt: skip
NAMES = ["Male", "Young", "Bald", "Hat"]


def scored(labels=LABELS, probabilities=PROBABILITIES, teacher=None, parts=((0, 1), (2, 3, 4)),
           train=None):  # fmt: skip
    metric = AttributeScores(labels, NAMES[: labels.shape[1]], train)
    for rows in parts:
        rows = torch.tensor(rows)
        prediction = {"probabilities": torch.from_numpy(probabilities)[rows]}
        if teacher is not None:
            prediction["teacher"] = torch.from_numpy(teacher)[rows]
        metric.update(prediction, rows)
    return metric


def test_a_hand_case():
    result = scored().compute()
    male, young, bald, hat = result.per_attribute
    # ranked 1 0 1 0 1: precision at each hit 1, 2/3, 3/5, each a third of the recall
    assert male.ap == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert (male.count, male.positives) == (5, 3)
    assert male.accuracy == pytest.approx(3 / 5)
    assert male.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    # without the unknown third image: 1 0 1 0
    assert young.ap == pytest.approx((1 + 2 / 3) / 2)
    assert (young.count, young.positives) == (4, 2)
    assert young.accuracy == pytest.approx(2 / 4)
    assert (hat.count, hat.ap, hat.accuracy, hat.balanced_accuracy) == (2, 1, 1, 1)
    # nobody is bald: no average precision, but an accuracy (0.6 is a yes)
    assert np.isnan([bald.ap, bald.balanced_accuracy]).all()
    assert bald.accuracy == pytest.approx(4 / 5)
    assert result.undefined == ["Bald"]
    assert result.metrics == {
        "mean_ap": pytest.approx((male.ap + young.ap + hat.ap) / 3),
        "accuracy": pytest.approx((3 / 5 + 2 / 4 + 4 / 5 + 1) / 4),
        "balanced_accuracy": pytest.approx((7 / 12 + 1 / 2 + 1) / 3),
    }


def test_equal_scores_are_one_threshold():
    assert average_precision(np.array([0.5, 0.5, 0.5, 0.5]), np.array([0, 1, 0, 1]) == 1) == 0.5
    # 0.9: one hit of one; 0.5: two hits of four
    value = average_precision(np.array([0.5, 0.9, 0.5, 0.5]), np.array([1, 1, 0, 0]) == 1)
    assert value == pytest.approx(0.5 * 1 + 0.5 * 2 / 4)
    order = [2, 0, 3, 1]
    assert value == average_precision(
        np.array([0.5, 0.9, 0.5, 0.5])[order], (np.array([1, 1, 0, 0]) == 1)[order]
    )


def test_agrees_with_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([-1, 0, 1], np.int8), (400, 12), p=[0.2, 0.5, 0.3])
    probabilities = rng.random((400, 12)).astype(np.float32)
    probabilities[:, 6:] = probabilities[:, 6:].round(1)  # many are equal
    metric = AttributeScores(labels, [str(k) for k in range(12)])
    for rows in torch.randperm(400).split(64):
        metric.update({"probabilities": torch.from_numpy(probabilities)[rows]}, rows)
    result = metric.compute()
    for k, row in enumerate(result.per_attribute):
        known = labels[:, k] >= 0
        true, scores = labels[known, k], probabilities[known, k]
        assert row.ap == pytest.approx(sklearn.average_precision_score(true, scores), abs=1e-12)
        assert row.accuracy == pytest.approx(sklearn.accuracy_score(true, scores >= 0.5))
        balanced = sklearn.balanced_accuracy_score(true, scores >= 0.5)
        assert row.balanced_accuracy == pytest.approx(balanced)
    assert result.metrics["mean_ap"] == pytest.approx(np.mean([r.ap for r in result.per_attribute]))


def test_several_processes_score_like_one():
    teacher = PROBABILITIES[:, ::-1].copy()
    whole = scored(teacher=teacher).compute()
    shares = [scored(teacher=teacher, parts=[rows]) for rows in ((4, 1), (0, 2, 3))]
    shares.append(scored(parts=[]))  # has seen nothing
    merged = scored(parts=[])
    merged.merge([share.state for share in reversed(shares)])
    result = merged.compute()
    assert result.metrics == whole.metrics
    np.testing.assert_equal(result.per_attribute, whole.per_attribute)
    for name in ("images", "labels", "probabilities", "teacher"):
        assert np.array_equal(getattr(result, name), getattr(whole, name))


def test_agreement_with_a_teacher():
    teacher = PROBABILITIES.copy()
    teacher[0] = [0.1, 0.8, 0.1, 0.4]  # two of twenty answers differ, by 0.8 and by 0.1
    result = scored(teacher=teacher).compute()
    assert result.metrics["teacher_agreement"] == pytest.approx(18 / 20)
    assert result.metrics["teacher_difference"] == pytest.approx(0.9 / 20)
    male, young, *_ = result.per_attribute
    assert male.teacher_agreement == pytest.approx(4 / 5)
    # 0.8 0.7 0.2 of images 1, 2, 3, then 0.1 of 0 and 4 at once: labels 0 1 0 (1 1)
    assert male.teacher_ap == pytest.approx((1 / 2) / 3 + (3 / 5) * 2 / 3)
    assert young.teacher_ap == young.ap
    plain = scored().compute()
    assert plain.teacher is None
    assert np.isnan(plain.per_attribute[0].teacher_ap)
    assert "teacher_agreement" not in plain.metrics


def test_only_scored_images_count():
    result = scored(parts=[(0, 1)]).compute()
    assert result.images.tolist() == [0, 1]
    assert [row.count for row in result.per_attribute] == [2, 2, 2, 1]
    assert result.undefined == ["Young", "Bald", "Hat"]
    assert result.metrics["mean_ap"] == result.per_attribute[0].ap == 1


def test_nothing_to_rank_is_an_error():
    with pytest.raises(InputError, match="undefined for all"):
        scored(labels=LABELS[:, 2:3], probabilities=PROBABILITIES[:, 2:3]).compute()
    with pytest.raises(InputError, match="among the 1 scored images"):
        scored(parts=[(3,)]).compute()


def test_the_majority_is_that_of_the_training_images():
    train = np.array([[1, 0, 0, -1], [1, 0, 0, -1], [0, -1, 1, -1]], np.int8)
    rows = scored(train=train).compute().per_attribute
    # nobody knows in training whether there is a hat: then half of those scored have one
    assert [row.majority for row in rows] == [3 / 5, 2 / 4, 1, 1 / 2]
    assert [row.majority for row in scored().compute().per_attribute] == [3 / 5, 2 / 4, 1, 1 / 2]
    opposite = scored(train=1 - train.clip(0)).compute().per_attribute
    assert [row.majority for row in opposite] == [2 / 5, 2 / 4, 0, 1 / 2]
    baseline = majority_baseline(train, LABELS)
    assert baseline["accuracy"] == pytest.approx(np.mean([row.majority for row in rows]))
    assert baseline["mean_ap"] == pytest.approx((3 / 5 + 2 / 4 + 1 / 2) / 3)


def test_the_baseline_is_the_score_of_a_constant_answer():
    result = scored(probabilities=np.full_like(PROBABILITIES, 0.5)).compute()
    baseline = majority_baseline(None, LABELS)
    assert result.metrics["mean_ap"] == pytest.approx(baseline["mean_ap"])
    assert result.metrics["balanced_accuracy"] == baseline["balanced_accuracy"] == 0.5


def test_the_table_as_a_file(tmp_path):
    scored().compute().write_table(tmp_path / "plots" / "per_attribute.csv")
    with (tmp_path / "plots" / "per_attribute.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == NAMES
    assert float(rows[0]["ap"]) == pytest.approx(0.7556, abs=1e-4)
    assert (rows[2]["ap"], rows[2]["positives"], rows[2]["teacher_ap"]) == ("", "0", "")
    assert [p.name for p in (tmp_path / "plots").iterdir()] == ["per_attribute.csv"]

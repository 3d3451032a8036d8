"""Reliability and temperature, against direct computation on all logits."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from tasks.classification.calibration import Calibration, log_sums
from tasks.classification.metrics import Accuracy
from tasks.classification.presenter import ClassPresenter
from tasks.classification.task import most_probable
from tasks.data.labels import Labels


@pytest.fixture(scope="module", params=[3, 200], ids=["3 classes", "200 classes"])
def case(request):
    """Logits that are right as often as probabilities at temperature 2.5 say, and the labels."""
    generator = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(4000, request.param, generator=generator)
    labels = (logits / 2.5).softmax(1).multinomial(1, generator=generator)[:, 0]
    return logits, labels


@pytest.fixture(scope="module")
def calibration(case) -> Calibration:
    logits, labels = case
    metric = Accuracy(labels.numpy(), logits.shape[1])
    for rows in torch.arange(len(labels)).split(300):
        true = logits[rows, labels[rows]] - logits[rows].amax(1)
        extra = {"true_logit": true, "log_sums": log_sums(logits[rows])}
        metric.update(most_probable(logits[rows]) | extra, rows)
    merged = Accuracy(labels.numpy(), logits.shape[1])
    merged.merge([metric.state, Accuracy(labels.numpy(), 3).state])
    return merged.compute().calibration


@pytest.mark.parametrize("temperature", [0.11, 0.7, 1.0, 2.345, 9.7])
def test_confidences_at_any_temperature(case, calibration, temperature):
    logits, _ = case
    direct = (logits.double() / temperature).softmax(1).amax(1).numpy()
    np.testing.assert_allclose(calibration.confidence(temperature), direct, atol=1e-3)


def test_the_temperature_is_the_likeliest(case, calibration):
    logits, labels = case

    def loss(temperature: float) -> float:
        return torch.nn.functional.cross_entropy(logits.double() / temperature, labels).item()

    direct = minimize_scalar(loss, bounds=(0.1, 10), method="bounded").x
    assert calibration.temperature() == pytest.approx(direct, rel=2e-3)
    assert direct == pytest.approx(2.5, rel=0.1)


def test_the_error_falls_at_it(case, calibration):
    logits, labels = case
    before, after = calibration.reliability(), calibration.reliability(calibration.temperature())
    assert before.error > 0.1 > 3 * after.error
    confidence, answer = logits.softmax(1).max(1)
    error = 0.0
    for low in np.arange(15) / 15:  # as the paper defines it
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            accuracy = (answer == labels)[inside].float().mean()
            error += (accuracy - confidence[inside].mean()).abs() * inside.sum() / len(labels)
    assert before.error == pytest.approx(float(error), abs=1e-3)
    assert before.images.sum() == after.images.sum() == len(labels)


def test_without_logits_there_is_no_calibration():
    metric = Accuracy(np.array([1]), 5)
    metric.update(most_probable(torch.eye(5)[:1]), torch.tensor([0]))
    assert metric.compute().calibration is None


@pytest.mark.parametrize("reported", ["val", "test"])
def test_the_report_says_where_the_temperature_is_from(case, calibration, reported):
    logits, labels = case
    count = logits.shape[1]
    metric = Accuracy(labels.numpy(), count)
    metric.update(most_probable(logits), torch.arange(len(labels)))
    result = replace(metric.compute(), calibration=calibration)
    ids = list(range(count))
    presenter = ClassPresenter(Labels(count, ids, ids, [f"class {i}" for i in ids]))
    presenter.chosen = {"temperature": 2.0}
    found = presenter.findings(result, SimpleNamespace(reported=reported))
    assert found["calibration"]["temperature"] == 2.0
    assert found["calibration"]["fitted_on"] == "val"
    said = "these images" if reported == "val" else "val"
    assert found["summary"][0].endswith(f"at temperature 2.00, fitted on {said}")
    confusion = found["confusion"]
    assert ("matrix" in confusion) == (count <= 100)
    if count > 100:
        assert len(confusion["pairs"]) <= 1000
        row, column, number = confusion["pairs"][0]
        assert number == result.confusion[row, column] == confusion["most_confused"][0]["count"]
    presenter.chosen = {}
    own = presenter.findings(result, SimpleNamespace(reported=reported))["calibration"]
    assert own["fitted_on"] == reported
    assert own["temperature"] == pytest.approx(calibration.temperature(), abs=1e-4)

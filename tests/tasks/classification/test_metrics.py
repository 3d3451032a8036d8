import numpy as np
import pytest
import torch

from tasks.classification.metrics import Accuracy, Mistake


def prediction(rows, probabilities):
    """Best classes of each image, and the probability of the first."""
    probability = torch.zeros(len(rows), len(rows[0]))
    probability[:, 0] = torch.tensor(probabilities)
    return {"labels": torch.tensor(rows), "probabilities": probability}


@pytest.fixture
def scored():
    """Seven images of six classes; class 3 has none, and class 0 has three."""
    metric = Accuracy(np.array([0, 0, 0, 1, 2, 4, 5]), num_classes=6)
    metric.update(
        prediction([[0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [1, 0, 2, 3, 4]], [0.9, 0.6, 0.7]),
        torch.tensor([0, 1, 2]),
    )
    metric.update(
        prediction(
            [[4, 5, 0, 2, 3], [2, 0, 1, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 5]], [0.95] * 4
        ),
        torch.tensor([5, 4, 3, 6]),
    )
    return metric


def test_a_hand_case(scored):
    result = scored.compute()
    # right at once: images 0, 1, 4, 5; among the five best: all seven
    assert result.metrics["top1"] == pytest.approx(4 / 7)
    assert result.metrics["top5"] == pytest.approx(1.0)
    # class by class: 2/3, 0, 1, (none), 1, 0
    assert result.metrics["mean_class_accuracy"] == pytest.approx((2 / 3 + 0 + 1 + 1 + 0) / 5)
    expected = np.zeros((6, 6), int)
    for true, answer in ((0, 0), (0, 0), (0, 1), (4, 4), (2, 2), (1, 0), (5, 0)):
        expected[true, answer] += 1
    assert np.array_equal(result.confusion, expected)
    assert result.mistakes[:2] == [
        Mistake(3, 1, 0, pytest.approx(0.95)),
        Mistake(6, 5, 0, pytest.approx(0.95)),
    ]
    assert result.mistakes[2] == Mistake(2, 0, 1, pytest.approx(0.7))
    assert len(result.mistakes) == 3


def test_the_sixth_best_is_not_in_the_top5():
    metric = Accuracy(np.array([5, 0]), num_classes=6)
    metric.update(prediction([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]], [0.5, 0.5]), torch.arange(2))
    assert metric.compute().metrics["top5"] == pytest.approx(0.5)


def test_top5_of_five_classes_is_not_reported():
    metric = Accuracy(np.array([1]), num_classes=5)
    metric.update(prediction([[1, 0, 2, 3, 4]], [0.5]), torch.tensor([0]))
    assert set(metric.compute().metrics) == {"top1", "mean_class_accuracy"}


def test_several_processes_score_like_one(scored):
    parts = [Accuracy(scored.labels, 6) for _ in range(3)]  # the third has seen nothing
    for part, seen in zip(parts, scored.seen, strict=False):
        part.seen.append(seen)
    merged = Accuracy(scored.labels, 6)
    merged.merge([part.state for part in reversed(parts)])
    whole, result = scored.compute(), merged.compute()
    assert result.metrics == whole.metrics
    assert np.array_equal(result.confusion, whole.confusion)
    assert result.mistakes == whole.mistakes


def test_agrees_with_torch_on_random_scores():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(300, 20, generator=generator)
    labels = torch.randint(0, 20, (300,), generator=generator)
    best = logits.softmax(1).topk(5)
    metric = Accuracy(labels.numpy(), 20)
    for rows in torch.randperm(300, generator=generator).split(32):
        metric.update({"labels": best.indices[rows], "probabilities": best.values[rows]}, rows)
    metrics = metric.compute().metrics
    assert metrics["top1"] == pytest.approx((logits.argmax(1) == labels).float().mean().item())
    rank = (logits > logits.gather(1, labels[:, None])).sum(1)
    assert metrics["top5"] == pytest.approx((rank < 5).float().mean().item())


def test_counted_images_are_repeated_images(scored):
    result = scored.compute()
    (resampling,) = result.resamplings
    assert resampling.units.tolist() == list(range(7))
    counts = np.array([[1] * 7, [0, 2, 1, 0, 3, 1, 0]], np.int32)
    whole, drawn = zip(*resampling.prepare()(counts).values(), strict=True)
    assert dict(zip(result.metrics, whole, strict=True)) == pytest.approx(result.metrics)
    # of seven images: class 0 right twice of three times, class 2 three times, class 4 once
    assert drawn == pytest.approx((6 / 7, 1.0, (2 / 3 + 1 + 1) / 3))

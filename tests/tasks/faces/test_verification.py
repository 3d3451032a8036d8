import numpy as np
import pytest
import torch
import torch.nn.functional as F

from backbone.errors import InputError
from tasks.faces.lfw import load_lfw
from tasks.faces.pairs import Pairs
from tasks.faces.verification import (
    Verification,
    allowed_accepts,
    area_under_roc,
    best_threshold,
    equal_error_rate,
    fold_accuracies,
    roc,
    score_pairs,
    tar_at_far,
)
from tasks.faces.verify import embeddings_of_file

# nearest first: m m x m m x x x, m a matched and x a mismatched pair
DISTANCE = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
SAME = np.array([True, True, False, True, True, False, False, False])


def test_roc_by_hand():
    far, tar = roc(DISTANCE[::-1], SAME[::-1])
    assert far.tolist() == [0, 0, 0, 0.25, 0.25, 0.25, 0.5, 0.75, 1]
    assert tar.tolist() == [0, 0.25, 0.5, 0.5, 0.75, 1, 1, 1, 1]
    assert area_under_roc(DISTANCE, SAME) == 14 / 16  # of 16 times a matched pair is farther twice
    assert equal_error_rate(DISTANCE, SAME) == 0.25  # FAR 1/4 where 1/4 are rejected


def test_true_accepts_by_hand():
    assert tar_at_far(DISTANCE, SAME, 0.0) == 0.5
    assert tar_at_far(DISTANCE, SAME, 0.24) == 0.5, "a quarter of a pair is none"
    assert tar_at_far(DISTANCE, SAME, 0.25) == 1.0
    # a matched pair as far as the first mismatched one is accepted with it, or not at all
    assert tar_at_far(np.array([0.1, 0.3, 0.3, 0.9]), np.array([1, 1, 0, 0], bool), 0.4) == 0.5


def test_the_resolution_of_a_rate():
    assert [allowed_accepts(3000, rate) for rate in (1e-2, 1e-3, 1e-4)] == [30, 3, 0]
    rng = np.random.default_rng(0)
    distance, same = rng.random(600), np.arange(600) < 300
    scores = score_pairs(distance, same, np.repeat(np.arange(10), 60))
    assert scores.metrics["tar_at_far_1e-4"] == (distance[:300] < distance[300:].min()).mean()
    assert "of 300 mismatched pairs: FAR 1e-2 is 3, 1e-3 is 0, 1e-4 is 0" in scores.note


@pytest.mark.parametrize(
    ("distance", "same", "threshold"),
    [
        ([0.1, 0.3, 0.5, 0.7], [1, 1, 0, 0], 0.4),
        ([0.1, 0.3, 0.5, 0.7], [1, 0, 1, 0], 0.2),  # 3 right at 0.2 and at 0.6: the least
        ([0.7, 0.5, 0.3, 0.1], [0, 1, 0, 1], 0.2),  # in any order
        ([0.1, 0.3], [0, 1], 0.1),  # none accepted is as good as both
        ([0.2, 0.2, 0.2, 0.6], [1, 1, 0, 0], 0.4),  # equal ones cannot be parted
    ],
)
def test_the_best_threshold_by_hand(distance, same, threshold):
    found = best_threshold(np.array(distance), np.array(same, bool))
    assert found == pytest.approx(threshold)


def test_the_best_threshold_is_the_best_of_all():
    rng = np.random.default_rng(1)
    for _ in range(40):
        same = rng.random(30) < 0.5
        distance = (rng.integers(0, 12, 30) - 2 * same) / 10
        found = ((distance < best_threshold(distance, same)) == same).sum()
        tried = [((distance < t) == same).sum() for t in np.append(np.unique(distance), 9)]
        assert found == max(tried)
    everybody = np.ones(8, bool)
    assert (best_threshold(DISTANCE, everybody) > DISTANCE).all()
    assert not (best_threshold(DISTANCE, ~everybody) > DISTANCE).any()


def test_each_fold_is_scored_at_the_threshold_of_the_others():
    """Fold 0's own best is 0.25, and fold 1's 0.65; each is scored at the other's."""
    distance = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    same = np.array([True, True, False, False, True, True, False, False])
    fold = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    accuracies, thresholds = fold_accuracies(distance, same, fold)
    assert thresholds == pytest.approx([0.65, 0.25])
    assert accuracies.tolist() == [0.5, 0.5]
    metrics = score_pairs(distance, same, fold).metrics
    assert metrics["accuracy"] == 0.5
    assert metrics["accuracy_stderr"] == 0
    alone = score_pairs(distance, same, np.zeros(8, int))
    assert alone.metrics["accuracy"] == 0.75
    assert "accuracy_stderr" not in alone.metrics
    assert "optimistic" in alone.note


def test_the_standard_error_is_of_the_mean_over_folds():
    rng = np.random.default_rng(2)
    same = np.tile([True, False], 100)
    distance = rng.normal(1 - 0.4 * same, 0.3)
    fold = np.repeat(np.arange(10), 20)
    scores = score_pairs(distance, same, fold)
    accuracies, thresholds = fold_accuracies(distance, same, fold)
    assert scores.metrics["accuracy_stderr"] == pytest.approx(accuracies.std(ddof=1) / 10**0.5)
    assert scores.metrics["accuracy_stderr"] > 0
    assert (scores.threshold == np.repeat(thresholds, 20)).all()


@pytest.mark.parametrize("ties", [False, True])
def test_scikit_learn_agrees(ties):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    same = rng.random(800) < 0.5
    distance = rng.gamma(4, 0.2, 800) + 0.7 * ~same
    distance = distance.round(1 if ties else 12)
    fpr, tpr, _ = metrics.roc_curve(same, -distance, drop_intermediate=False)
    far, tar = roc(distance, same)
    assert np.allclose(far, fpr)
    assert np.allclose(tar, tpr)
    assert area_under_roc(distance, same) == pytest.approx(metrics.roc_auc_score(same, -distance))
    for rate in (1e-4, 1e-3, 1e-2, 0.1, 0.5):
        assert tar_at_far(distance, same, rate) == tpr[fpr <= rate].max()
    nearest = np.abs(fpr - (1 - tpr)).argmin()
    between = (fpr + 1 - tpr)[nearest] / 2
    assert equal_error_rate(distance, same) == pytest.approx(between, abs=0.02 if ties else 2e-3)


PAIRS = Pairs(
    first=np.array([0, 2, 4, 6]),
    second=np.array([1, 3, 5, 7]),
    same=np.array([True, False, True, False]),
    fold=np.array([0, 0, 1, 1]),
    title="four pairs",
)


def embeddings(seed=0, count=8):
    values = torch.randn(count, 4, generator=torch.Generator().manual_seed(seed))
    return F.normalize(values, dim=1)


def feed(metric, embedding, rows, teacher=None):
    for batch in np.array_split(np.array(rows), 3):
        prediction = {"embedding": embedding[batch]}
        if teacher is not None:
            prediction["teacher"] = teacher[batch]
        metric.update(prediction, torch.from_numpy(batch))
    return metric


def test_images_come_in_any_order_and_in_any_share():
    embedding = embeddings()
    apart = (embedding[PAIRS.first] - embedding[PAIRS.second]).square().sum(1).numpy()
    one = feed(Verification(PAIRS), embedding, [5, 0, 7, 2, 1, 6, 3, 4])
    scores = one.compute()
    assert np.allclose(scores.pairs.distance, apart)
    assert scores.metrics == scores.pairs.metrics
    shares = [feed(Verification(PAIRS), embedding, rows) for rows in ([1, 4, 6, 7], [0, 2, 3, 5])]
    merged = Verification(PAIRS)
    merged.merge([share.state for share in shares] + [Verification(PAIRS).state])
    assert merged.compute().metrics == scores.metrics


def test_only_pairs_with_both_images_are_scored():
    embedding = embeddings()
    scores = feed(Verification(PAIRS), embedding, [0, 1, 2, 3, 4]).compute()
    assert scores.scored.tolist() == [0, 1]
    with pytest.raises(InputError, match=r"1 matched and 0 mismatched pairs.*limit_val_batches"):
        feed(Verification(PAIRS), embedding, [0, 1, 2, 4]).compute()


def test_agreement_with_a_teacher():
    embedding, teacher = embeddings(0), embeddings(1)
    scores = feed(Verification(PAIRS), embedding, range(8), 3 * teacher).compute()
    cosine = (embedding * teacher).sum(1).mean().item()
    assert scores.metrics["teacher_cosine"] == pytest.approx(cosine)
    own = feed(Verification(PAIRS), teacher, range(8)).compute()
    assert scores.teacher == pytest.approx(own.metrics | {"teacher_cosine": 1.0})
    assert scores.teacher.keys() == scores.metrics.keys(), "one column beside the other"
    alone = feed(Verification(None), embedding, range(8), teacher).compute()
    assert alone.metrics == {"teacher_cosine": pytest.approx(cosine)}
    assert alone.pairs is None
    assert alone.teacher is None
    assert feed(Verification(None), embedding, range(8)).compute().metrics == {}


def test_the_shared_teacher_embeddings_have_their_known_scores(shared):
    """98.3% by ten folds, 97.7% accepted at FAR 1e-2, 95.4% at 1e-3."""
    index, pairs = load_lfw(shared / "lfw", shared / "lfw/pairs.txt")
    embedding = embeddings_of_file(shared / "lfw/teacher_embeddings.npz", index)
    metric = Verification(pairs)
    metric.update({"embedding": torch.from_numpy(embedding)}, torch.arange(len(index)))
    metrics = metric.compute().metrics
    assert metrics["accuracy"] == pytest.approx(0.983, abs=1e-3)
    assert metrics["tar_at_far_1e-2"] == pytest.approx(0.977, abs=5e-4)
    assert metrics["tar_at_far_1e-3"] == pytest.approx(0.954, abs=5e-4)

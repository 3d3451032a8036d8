"""COCO's scores with counted images, beside an evaluation of repeated images."""

import time

import numpy as np
import pytest

from tasks.detection.evaluation.arrays import Detections, GroundTruth
from tasks.detection.evaluation.metric import evaluate
from tasks.detection.evaluation.resampling import WeightedAP
from tasks.runs.bootstrap import interval
from tests.tasks.detection.evaluation.synthetic import synthetic
from tests.tasks.detection.evaluation.test_evaluation import hard_case


def repeated(
    truth: GroundTruth, found: Detections, counts: np.ndarray
) -> tuple[GroundTruth, Detections]:
    """The data set in which image i, by ascending id, occurs counts[i] times."""
    images = np.repeat(np.unique(truth.image_ids), counts)

    def rows(of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept = [np.flatnonzero(of == image) for image in images]
        return np.concatenate(kept), np.repeat(np.arange(len(images)), [len(k) for k in kept])

    (boxes, of_boxes), (answers, of_answers) = rows(truth.box_image), rows(found.image)
    return GroundTruth(
        np.arange(len(images)),
        truth.category_ids,
        of_boxes,
        truth.box_category[boxes],
        truth.boxes[boxes],
        truth.area[boxes],
        truth.crowd[boxes],
    ), Detections(of_answers, found.category[answers], found.boxes[answers], found.scores[answers])


@pytest.mark.parametrize("seed", range(4))
def test_images_that_count_once_give_the_scores_themselves(seed):
    truth, found = hard_case(seed)
    scores = WeightedAP(truth, found)(np.ones((1, len(truth.image_ids)), np.int32))
    assert {k: v[0] for k, v in scores.items()} == pytest.approx(evaluate(truth, found).metrics)


def test_counted_images_are_repeated_images():
    truth, found = synthetic(60, 40)
    weighted, random = WeightedAP(truth, found), np.random.default_rng(0)
    for _ in range(6):
        counts = np.bincount(random.integers(0, 60, 60), minlength=60).astype(np.int32)
        expected = evaluate(*repeated(truth, found, counts)).metrics
        assert weighted.score(counts) == pytest.approx(expected, abs=1e-12)


def test_without_any_box_that_counts_the_scores_are_undefined():
    truth, found = synthetic(60, 40)
    empty = ~np.isin(np.unique(truth.image_ids), truth.box_image)
    scores = WeightedAP(truth, found).score(empty.astype(np.int32))
    assert np.isnan(list(scores.values())).all()
    nothing = Detections(*(np.zeros((0, *shape)) for shape in ((), (), (4,), ())))
    assert WeightedAP(truth, nothing).score(np.ones(60, np.int32))["AP"] == 0


def frequent(images: int, seed: int, categories: int = 3) -> tuple[GroundTruth, Detections]:
    """Synthetic images with their most frequent categories alone."""
    truth, found = synthetic(images, 30, seed)
    boxes, answers = truth.box_category <= categories, found.category <= categories
    return GroundTruth(
        truth.image_ids,
        np.arange(1, categories + 1),
        truth.box_image[boxes],
        truth.box_category[boxes],
        truth.boxes[boxes],
        truth.area[boxes],
        truth.crowd[boxes],
    ), Detections(
        found.image[answers], found.category[answers], found.boxes[answers], found.scores[answers]
    )


@pytest.mark.slow
def test_the_interval_of_ap_holds_what_such_sets_score_on_average():
    sets = [frequent(100, seed) for seed in range(60)]
    scores = [WeightedAP(*of).score(np.ones(100, np.int32)) for of in sets]
    draws = np.random.RandomState(0).randint(0, 100, (150, 100))
    counts = np.stack([np.bincount(row, minlength=100) for row in draws]).astype(np.int32)
    drawn = [WeightedAP(*of)(counts) for of in sets]
    for name in ("AP", "AP50", "AR100"):
        expected = np.mean([of[name] for of in scores])
        ends = [interval(np.append(s[name], d[name])) for s, d in zip(scores, drawn, strict=True)]
        held = sum(low <= expected <= high for low, high in ends)
        assert 52 <= held <= 60, (name, held)  # 95% of 60 is 57, give or take 1.7


@pytest.mark.slow
def test_coco_sized_resamples_take_a_fraction_of_an_evaluation():
    """5,000 images and 500,000 detections: 1,000 resamples in seconds, not in an hour."""
    truth, found = synthetic()
    start = time.process_time()
    weighted = WeightedAP(truth, found)
    prepared = time.process_time()
    counts = np.random.RandomState(0).poisson(1, (8, 5000)).astype(np.int32)
    scores = weighted(counts)["AP"]
    each = (time.process_time() - prepared) / len(counts)
    assert 0 < scores.std() < 0.01
    assert each < 0.05 * (prepared - start)

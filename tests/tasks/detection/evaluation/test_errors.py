"""What a detector gets wrong, against cases worked by hand and a plain loop."""

import numpy as np
import pytest

from tasks.detection.evaluation.arrays import Detections, GroundTruth
from tasks.detection.evaluation.errors import find_errors
from tests.tasks.detection.evaluation.synthetic import synthetic
from tests.tasks.detection.evaluation.test_evaluation import hard_case

CAT, DOG = 17, 18


def overlap(a, b) -> float:
    sides = np.minimum(a[:2] + a[2:], b[:2] + b[2:]) - np.maximum(a[:2], b[:2])
    inter = sides.clip(0).prod()
    return inter / (a[2:].prod() + b[2:].prod() - inter) if inter else 0.0


@pytest.fixture
def scene():
    """Image 4: a found cat, a dog taken for a cat, a missed cat, a box in a crowd of dogs.
    Image 7: a cat, twice. Image 9: nothing there, and nothing found."""
    truth = GroundTruth(
        [9, 4, 7],
        [DOG, CAT],
        [4, 4, 4, 4, 7],
        [CAT, DOG, CAT, DOG, CAT],
        [[0, 0, 10, 10], [20, 0, 10, 10], [40, 0, 10, 10], [60, 0, 30, 30], [0, 0, 10, 10]],
        [100, 100, 100, 900, 100],
        [0, 0, 0, 1, 0],
    )
    found = Detections(
        [4, 4, 4, 4, 7, 7, 7],
        [CAT, CAT, DOG, DOG, CAT, CAT, 99],
        [
            *([0, 0, 10, 10], [20, 0, 10, 11], [65, 5, 10, 10], [90, 90, 9, 9]),
            *([0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 10]),
        ],
        [0.9, 0.8, 0.7, 0.1, 0.6, 0.95, 0.99],
    )
    return truth, found


def test_a_hand_case(scene):
    errors = find_errors(*scene)
    # kept: right 0.95 (image 7), right 0.9, wrong 0.8; a lower threshold adds only false ones
    assert errors.overall.threshold[0] == pytest.approx(0.85)
    assert errors.overall.precision[0] == 1
    assert errors.overall.recall[0] == pytest.approx(2 / 4)
    assert errors.overall.f1[0] == pytest.approx(2 / 3)
    dog, cat = 1, 0  # ascending ids
    assert errors.categories.tolist() == [CAT, DOG]
    assert errors.points.threshold[cat] == pytest.approx(0.85)
    assert np.isnan(errors.points.threshold[dog])
    assert errors.images.tolist() == [4, 7, 9]
    assert errors.confusion[cat].tolist() == [2, 0, 1]
    assert errors.confusion[dog].tolist() == [0, 0, 1]
    assert errors.missed.tolist() == [2, 0, 0]
    assert errors.box_fate.tolist() == ["right", "missed", "missed", "ignored", "right"]


def test_a_lower_threshold_shows_the_wrong_and_the_invented(scene, monkeypatch):
    from tasks.detection.evaluation import errors as module

    def low(ranking, expected):
        points = np.full((4, expected.size), 0.05)
        return module.OperatingPoints(*points)

    monkeypatch.setattr(module, "best_points", low)
    errors = find_errors(*scene)
    cat, dog, background = range(3)
    expected = np.zeros((3, 3), int)
    expected[cat, cat], expected[dog, cat], expected[cat, background] = 2, 1, 1
    expected[background, cat], expected[background, dog] = 1, 1  # the cat's second box; nothing
    assert np.array_equal(errors.confusion, expected)
    fates = ["right", "wrong", "ignored", "invented", "invented", "right", "ignored"]
    assert errors.found_fate.tolist() == fates
    assert errors.found_box.tolist() == [0, 1, -1, -1, -1, 4, -1]
    assert (errors.missed.tolist(), errors.wrong.tolist()) == ([1, 0, 0], [1, 0, 0])
    assert errors.invented.tolist() == [1, 1, 0]
    assert errors.worst.tolist() == [0, 1, 2]


def plain(truth, found, threshold):
    """The same by loops over images; no crowds, and never more than 100 detections."""
    ids = np.unique(truth.category_ids).tolist()
    confusion = np.zeros((len(ids) + 1, len(ids) + 1), int)
    for image in truth.image_ids:
        boxes = list(np.flatnonzero(truth.box_image == image))
        rows = np.flatnonzero((found.image == image) & (found.scores >= threshold))
        rows = rows[np.argsort(-found.scores[rows], kind="stable")].tolist()
        for same in (True, False):
            for row in list(rows):
                best, most = None, 0.5
                for box in boxes:
                    value = overlap(found.boxes[row], truth.boxes[box])
                    if (truth.box_category[box] == found.category[row]) == same and value >= most:
                        best, most = box, value
                if best is not None:
                    true, answer = truth.box_category[best], found.category[row]
                    confusion[ids.index(true), ids.index(answer)] += 1
                    boxes.remove(best)
                    rows.remove(row)
        for box in boxes:
            confusion[ids.index(truth.box_category[box]), -1] += 1
        for row in rows:
            confusion[-1, ids.index(found.category[row])] += 1
    return confusion


def test_agrees_with_a_plain_loop():
    truth, found = synthetic(images=30, boxes_per_image=30, seed=3)
    single = ~truth.crowd
    truth = GroundTruth(
        truth.image_ids,
        truth.category_ids,
        *(getattr(truth, n)[single] for n in ("box_image", "box_category", "boxes", "area")),
        np.zeros(single.sum(), bool),
    )
    errors = find_errors(truth, found)
    assert errors.confusion[:-1, :-1].sum() > errors.confusion.diagonal().sum() > 20
    assert np.array_equal(errors.confusion, plain(truth, found, errors.threshold))
    assert errors.confusion[:-1].sum() == len(truth.area)
    assert errors.missed.sum() == errors.confusion[:-1, -1].sum()
    assert errors.invented.sum() == errors.confusion[-1].sum()
    assert errors.wrong.sum() == (errors.found_fate == "wrong").sum()


@pytest.mark.parametrize("seed", range(4))
def test_the_best_threshold_is_the_best_of_all(seed):
    truth, found = hard_case(seed)
    errors = find_errors(truth, found)
    assert errors.threshold not in found.scores, "between two scores, whatever rounding does"
    number = {fate: (errors.found_fate == fate).sum() for fate in ("right", "wrong", "invented")}
    expected = (errors.box_fate != "ignored").sum()
    f1 = 2 * number["right"] / (sum(number.values()) + expected)
    assert errors.overall.f1[0] == pytest.approx(f1)
    assert errors.curves[2].max() == pytest.approx(f1), "the scores are eighths: all are tried"
    at = round(errors.threshold * 200)
    assert errors.curves[:, at] == pytest.approx(
        [errors.overall.precision[0], errors.overall.recall[0], f1]
    )


def test_nothing_found_and_nothing_there():
    truth, _ = synthetic(images=5, seed=1)
    errors = find_errors(truth, Detections([], [], [], []))
    assert np.isnan(errors.threshold)
    assert errors.missed.sum() == (~truth.crowd).sum()
    empty = GroundTruth([4, 2], [1, 3], [], [], [], [], [])
    errors = find_errors(empty, Detections([4], [1], [[0, 0, 9, 9]], [0.5]))
    assert np.isnan(errors.threshold)
    assert not errors.confusion.any()
    nothing = GroundTruth([], [], [], [], [], [], [])
    assert find_errors(nothing, Detections([], [], [], [])).confusion.tolist() == [[0]]

import contextlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from backbone.errors import InputError
from tasks.detection.evaluation import matching
from tasks.detection.evaluation.arrays import Detections, GroundTruth
from tasks.detection.evaluation.metric import CocoAP, evaluate
from tasks.detection.evaluation.precision_recall import precision_and_recall
from tests.conftest import ROOT
from tests.tasks.detection.evaluation.synthetic import synthetic

NAMES = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"]
NAMES += ["AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large"]
VAL = ROOT / "../shared/data/coco/annotations/instances_val2017.json"


def pycocotools(truth: COCO, found: Detections) -> COCOeval:
    """The published way to the twelve numbers."""
    results = np.c_[found.image, found.boxes, found.scores, found.category]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return evaluator


def as_coco(truth: GroundTruth) -> COCO:
    coco = COCO()
    annotations = [
        {
            "id": n + 1,
            "image_id": int(truth.box_image[n]),
            "category_id": int(truth.box_category[n]),
            "bbox": truth.boxes[n].tolist(),
            "area": float(truth.area[n]),
            "iscrowd": int(truth.crowd[n]),
        }
        for n in range(len(truth.area))
    ]
    coco.dataset = {
        "images": [{"id": int(i)} for i in truth.image_ids],
        "categories": [{"id": int(c)} for c in truth.category_ids],
        "annotations": annotations,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco


def hard_case(seed: int) -> tuple[GroundTruth, Detections]:
    """A small set where every rule decides something: coarse scores and boxes tie everywhere."""
    rng = np.random.default_rng(seed)
    images = rng.permutation(1000)[:25] + 1
    categories = np.array([90, 1, 44, 7, 3])  # 3 has no ground truth
    n = 220
    image = rng.choice(images[5:], n)  # five images have no ground truth
    category = rng.choice(categories[:4], n, p=[0.6, 0.2, 0.15, 0.05])
    scale = rng.choice([1.0, 8.0, 32.0], (n, 1))
    boxes = scale * np.c_[rng.integers(0, 4, (n, 2)), rng.integers(1, 5, (n, 2))]
    area = np.where(
        rng.random(n) < 0.2,
        rng.choice([0.0, 32.0**2, 96.0**2, 2e10], n),
        boxes[:, 2] * boxes[:, 3] * rng.choice([0.5, 1.0], n),
    )
    truth = GroundTruth(images, categories, image, category, boxes, area, rng.random(n) < 0.15)

    copy = rng.integers(0, n, 900)
    shift = scale[copy] / 2 * rng.integers(-1, 2, (900, 4)) * (rng.random((900, 1)) < 0.7)
    somewhere = np.c_[rng.integers(0, 64, (300, 2)), rng.integers(-1, 64, (300, 2))]
    crowded = np.flatnonzero(image == image[0])[0]  # more than 100 in one image and category
    found = np.concatenate([boxes[copy] + shift, somewhere, boxes[[crowded] * 130]])
    rest = rng.choice(images[:-3], 300)
    of_image = np.concatenate([image[copy], rest, [image[crowded]] * 130])
    label = np.concatenate([category[copy], rng.choice([*categories, 40, 99], 300)])
    label = np.concatenate([label, [category[crowded]] * 130])
    found[-130:, 0] += rng.integers(0, 3, 130)
    scores = rng.integers(0, 8, of_image.size) / 8
    keep = np.flatnonzero(~np.isin(of_image, images[8:10]))  # ground truth without a prediction
    keep = rng.permutation(keep)
    return truth, Detections(of_image[keep], label[keep], found[keep], scores[keep])


@pytest.mark.parametrize("seed", range(8))
def test_equals_pycocotools_where_everything_ties(seed):
    truth, found = hard_case(seed)
    expected = pycocotools(as_coco(truth), found)
    assert -1 not in expected.stats
    result = evaluate(truth, found)
    assert list(result.metrics) == NAMES
    assert list(result.metrics.values()) == pytest.approx(expected.stats, abs=1e-12)
    precision, recall = precision_and_recall(truth, found)
    np.testing.assert_allclose(precision, expected.eval["precision"][..., -1], atol=1e-12)
    np.testing.assert_allclose(recall, expected.eval["recall"], atol=1e-12)


def test_curves_and_categories_average_to_the_scores():
    truth, found = hard_case(0)
    result = evaluate(truth, found)
    assert result.per_category[3] == -1
    defined = [ap for ap in result.per_category.values() if ap >= 0]
    assert np.mean(defined) == pytest.approx(result.metrics["AP"])
    for name in ("AP", "AP50", "AP75"):
        assert result.precision[name].shape == (101,)
        assert result.precision[name].mean() == pytest.approx(result.metrics[name])
    curves = [curve for curve in result.per_category_precision.values() if -1 not in curve]
    np.testing.assert_allclose(np.mean(curves, axis=0), result.precision["AP50"], atol=1e-12)


def test_pieces_of_bounded_size_change_nothing(monkeypatch):
    truth, found = hard_case(3)
    whole = evaluate(truth, found).metrics
    monkeypatch.setattr(matching, "MAX_PAIRS", 50)
    assert evaluate(truth, found).metrics == whole


def test_equals_pycocotools_on_a_set_of_cocos_proportions():
    truth, found = synthetic(images=60, boxes_per_image=60, seed=5)
    expected = pycocotools(as_coco(truth), found).stats
    assert 0.1 < expected[0] < 0.9
    assert list(evaluate(truth, found).metrics.values()) == pytest.approx(expected, abs=1e-12)


@pytest.mark.skipif(not VAL.exists(), reason="no COCO annotations beside the repository")
def test_equals_pycocotools_on_real_annotations():
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(VAL)
    file = json.loads(VAL.read_text())
    boxes = file["annotations"]
    truth = GroundTruth(
        image_ids=[image["id"] for image in file["images"]],
        category_ids=[category["id"] for category in file["categories"]],
        box_image=[box["image_id"] for box in boxes],
        box_category=[box["category_id"] for box in boxes],
        boxes=[box["bbox"] for box in boxes],
        area=[box["area"] for box in boxes],
        crowd=[box["iscrowd"] for box in boxes],
    )
    rng = np.random.default_rng(0)
    copy = rng.integers(0, len(boxes), 3000)
    size = np.tile(truth.boxes[copy, 2:], 2)
    found = Detections(
        image=truth.box_image[copy],
        category=truth.box_category[copy],
        boxes=truth.boxes[copy] + 0.1 * size * rng.normal(size=size.shape),
        scores=rng.random(3000).round(2),
    )
    expected = pycocotools(coco, found).stats
    assert 0.1 < expected[0] < 0.9
    assert list(evaluate(truth, found).metrics.values()) == pytest.approx(expected, abs=1e-12)


def test_ground_truth_fed_back_is_perfect():
    truth, _ = synthetic(images=40, seed=1)
    found = Detections(truth.box_image, truth.box_category, truth.boxes, np.ones(len(truth.area)))
    result = evaluate(truth, found)
    for name in [*NAMES[:6], "AR100"]:
        assert result.metrics[name] == pytest.approx(1, abs=1e-12)


def test_no_predictions_score_zero():
    truth, _ = synthetic(images=20, seed=1)
    result = evaluate(truth, Detections([], [], [], []))
    assert result.metrics == dict.fromkeys(NAMES, 0.0)
    assert not result.precision["AP"].any()


@pytest.mark.parametrize("detections", [0, 2])
def test_no_ground_truth_is_undefined(detections):
    truth = GroundTruth([4, 2], [1, 3], [], [], [], [], [])
    found = Detections(
        [4] * detections, [1] * detections, [[0, 0, 9, 9]] * detections, [0.5] * detections
    )
    result = evaluate(truth, found)
    assert result.metrics == dict.fromkeys(NAMES, -1.0)
    assert result.per_category == {1: -1.0, 3: -1.0}
    assert (result.precision["AP"] == -1).all()


def test_a_data_set_of_nothing_is_undefined():
    truth = GroundTruth([], [], [], [], [], [], [])
    assert evaluate(truth, Detections([], [], [], [])).metrics["AP"] == -1


def test_small_case_worked_by_hand():
    # Two boxes, three detections: exact (0.9), a false one (0.8), and one of IoU 0.6 (0.7).
    truth = GroundTruth(
        [1], [1], [1, 1], [1, 1], [[0, 0, 10, 10], [50, 0, 10, 10]], [100, 100], [0, 0]
    )
    boxes = [[0, 0, 10, 10], [200, 0, 10, 10], [50, 0, 6, 10]]
    metrics = evaluate(truth, Detections([1] * 3, [1] * 3, boxes, [0.9, 0.8, 0.7])).metrics
    # Up to recall 0.5 (51 points) precision 1; beyond it 2/3 where IoU 0.6 is enough, else 0.
    assert metrics["AP50"] == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert metrics["AP75"] == pytest.approx(51 / 101)
    assert metrics["AR1"] == pytest.approx(0.5)
    assert metrics["AP_large"] == -1


def padded(found: Detections, image_ids: np.ndarray) -> dict[str, torch.Tensor]:
    """One batch as a detector returns it; rows beyond `count` hold rubbish."""
    rows = [np.flatnonzero(found.image == i) for i in image_ids]
    longest = max(len(r) for r in rows) + 2
    boxes = torch.full((len(rows), longest, 4), torch.nan)
    scores, labels = (
        torch.full((len(rows), longest), torch.inf),
        torch.ones(len(rows), longest).int(),
    )
    for b, r in enumerate(rows):
        corners = np.c_[found.boxes[r, :2], found.boxes[r, :2] + found.boxes[r, 2:]]
        boxes[b, : len(r)] = torch.tensor(corners)
        scores[b, : len(r)] = torch.tensor(found.scores[r])
        labels[b, : len(r)] = torch.tensor(found.category[r])
    count = torch.tensor([len(r) for r in rows])
    return {"boxes": boxes, "scores": scores, "labels": labels, "count": count}


@pytest.fixture
def case():
    # hard_case's boxes lie on halves and its scores on eighths, so float32 corners are exact
    return hard_case(7)


def collect(truth: GroundTruth, found: Detections, *batches: np.ndarray) -> CocoAP:
    metric = CocoAP(truth)
    for image_ids in batches:
        metric.update(padded(found, image_ids), torch.tensor(image_ids))
    return metric


def test_metric_over_batches_equals_one_evaluation(case):
    truth, found = case
    metric = collect(truth, found, *np.array_split(truth.image_ids, 6))
    assert metric.compute().metrics == evaluate(truth, found).metrics
    metric.reset()
    assert metric.compute().metrics["AP"] == 0


def test_merged_processes_equal_one_and_repeated_images_count_once(case):
    truth, found = case
    a, b = truth.image_ids[:14], truth.image_ids[12:]  # images 12 and 13 reach both processes
    spoilt = replace(found, scores=found.scores.copy())
    spoilt.scores[np.isin(found.image, a)] = 0.01  # so a second arrival would show
    first = collect(truth, found, a[:9], a[9:])
    second = collect(truth, spoilt, b, truth.image_ids[-2:])
    states = [first.state, second.state]
    for process in (first, second):
        process.merge(states)
        assert process.compute().metrics == evaluate(truth, found).metrics
        assert process.state["image_id"].size == 14 + 13 + 2


def test_state_is_plain_arrays_also_when_empty(case):
    truth, found = case
    empty = CocoAP(truth).state
    full = collect(truth, found, truth.image_ids).state
    assert {name: (a.dtype, a.ndim) for name, a in empty.items()} == {
        name: (a.dtype, a.ndim) for name, a in full.items()
    }
    assert full["count"].sum() == len(full["boxes"]) == len(full["scores"]) == found.scores.size


def test_corners_are_subtracted_in_double_precision():
    truth = GroundTruth([1], [1], [1], [1], [[0.1, 0, 1, 1]], [1], [0])
    metric = CocoAP(truth)
    corners = torch.tensor([[[0.1, 0.0, 0.1 + 2.0**20, 1.0]]])
    metric.update(
        {
            "boxes": corners,
            "scores": torch.ones(1, 1),
            "labels": torch.ones(1, 1).long(),
            "count": torch.ones(1).long(),
        },
        [1],
    )
    low, high = corners.double()[0, 0, [0, 2]].tolist()
    assert metric.state["boxes"][0, 2] == high - low


def test_errors_name_the_image(case):
    truth, found = case
    batch = padded(found, truth.image_ids[:2])
    with pytest.raises(InputError, match="image id 123456 is not among"):
        CocoAP(truth).update(batch, [int(truth.image_ids[0]), 123456])
    for name in ("boxes", "scores"):
        spoilt = {**batch, name: batch[name].clone()}
        spoilt[name][1, 0] = torch.nan
        with pytest.raises(InputError, match=f"image id {truth.image_ids[1]} is not finite"):
            CocoAP(truth).update(spoilt, truth.image_ids[:2])
    with pytest.raises(InputError, match="image id 123456 is not among"):
        evaluate(truth, Detections([123456], [1], [[0, 0, 1, 1]], [0.5]))
    with pytest.raises(InputError, match="image id 5 is not finite"):
        Detections([5], [1], [[0, 0, np.inf, 1]], [0.5])


def test_ground_truth_is_checked():
    fields = {"image_ids": [1], "category_ids": [2], "area": [1], "crowd": [0]}
    with pytest.raises(InputError, match="image id 9"):
        GroundTruth(box_image=[9], box_category=[2], boxes=[[0, 0, 1, 1]], **fields)
    with pytest.raises(InputError, match="category id 7"):
        GroundTruth(box_image=[1], box_category=[7], boxes=[[0, 0, 1, 1]], **fields)
    with pytest.raises(InputError, match="image id 1 is not finite"):
        GroundTruth(box_image=[1], box_category=[2], boxes=[[0, 0, np.nan, 1]], **fields)

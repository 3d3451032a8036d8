"""pycocotools on the same arrays: the reference for tests of the fast engine."""

import contextlib
import io
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tasks.detection.evaluation.arrays import Detections, GroundTruth


def pycocotools_evaluate(
    ground_truth: GroundTruth, detections: Detections
) -> tuple[np.ndarray, np.ndarray]:
    """Run COCOeval on boxes, silently.

    Returns:
        precision float64[T,R,K,A] at the largest limit on detections, and recall
        float64[T,K,A,M], categories in ascending order; -1 where a category has no ground truth.
        T: IoU thresholds, R: recall points, K: categories, A: area ranges, M: limits on the
        detections per image and category.
    """
    boxes, area, crowd = ground_truth.boxes, ground_truth.area, ground_truth.crowd
    truth = [
        {"image_id": i, "category_id": c, "bbox": b, "area": a, "iscrowd": w, "id": n}
        for n, (i, c, b, a, w) in enumerate(
            zip(
                ground_truth.box_image.tolist(),
                ground_truth.box_category.tolist(),
                boxes.tolist(),
                area.tolist(),
                crowd.astype(int).tolist(),
                strict=True,
            ),
            start=1,  # COCOeval uses id 0 for "not matched"
        )
    ]
    found = [
        {"image_id": i, "category_id": c, "bbox": b, "area": b[2] * b[3], "score": s, "id": n}
        for n, (i, c, b, s) in enumerate(
            zip(
                detections.image.tolist(),
                detections.category.tolist(),
                detections.boxes.tolist(),
                detections.scores.tolist(),
                strict=True,
            ),
            start=1,
        )
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # COCOeval prints its progress
        evaluator = COCOeval(_coco(ground_truth, truth), _coco(ground_truth, found), "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
    return evaluator.eval["precision"][..., -1], evaluator.eval["recall"]


def _coco(ground_truth: GroundTruth, annotations: list[dict[str, Any]]) -> COCO:
    # COCO.loadRes fails without detections, so ground truth and detections are built the same way
    coco = COCO()
    coco.dataset = {
        "images": [{"id": i} for i in ground_truth.image_ids.tolist()],
        "categories": [{"id": c} for c in ground_truth.category_ids.tolist()],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco

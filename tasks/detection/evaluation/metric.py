"""COCO's average precision and recall of boxes: twelve scores.

The metric of Lin et al., "Microsoft COCO" (arXiv 1405.0312), as in pycocotools' COCOeval: ten IoU
thresholds from 0.50 to 0.95, 101 recall points, the best 100 detections per image and category,
three area ranges, crowds ignored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from backbone.errors import InputError
from tasks.detection.evaluation.arrays import Detections, GroundTruth, check_finite
from tasks.detection.evaluation.errors import Errors, find_errors
from tasks.detection.evaluation.precision_recall import precision_and_recall
from tasks.detection.evaluation.resampling import WeightedAP
from tasks.runs.bootstrap import Resampling


@dataclass(frozen=True)
class CocoResult:
    """Scores as fractions 0..1; -1 if no ground truth counts, as in pycocotools."""

    # AP AP50 AP75 AP_small AP_medium AP_large AR1 AR10 AR100 AR_small AR_medium AR_large
    metrics: dict[str, float]
    # "AP50", "AP75" and "AP" (the mean over IoU thresholds) -> float64[101], the precision at
    # recall 0, 0.01 ... 1, mean over categories
    precision: dict[str, np.ndarray]
    per_category: dict[int, float]  # AP by category id
    # by category id, float64[101]: its precision at recall 0, 0.01 ... 1 at IoU 0.5
    per_category_precision: dict[int, np.ndarray]
    ground_truth: GroundTruth
    detections: Detections

    @property
    def resamplings(self) -> list[Resampling]:
        """The same scores for other draws of the images."""
        truth = self.ground_truth
        boxes = [truth.box_image, truth.box_category, truth.boxes, truth.area, truth.crowd]
        order = np.lexsort((*truth.boxes.T, truth.box_category, truth.box_image))
        return [
            Resampling(
                "images",
                np.unique(truth.image_ids),
                [np.unique(truth.category_ids), *(values[order] for values in boxes)],
                lambda: WeightedAP(truth, self.detections),
            )
        ]

    @cached_property
    def errors(self) -> Errors:
        """The best score threshold, and the errors of the detections above it."""
        return find_errors(self.ground_truth, self.detections)


def evaluate(ground_truth: GroundTruth, detections: Detections) -> CocoResult:
    """Score detections against the ground truth with COCO's metric for boxes.

    Args:
        ground_truth: all of its images count, including those without detections.
        detections: boxes in the same pixels as the ground truth.

    Raises:
        InputError: the ground truth does not list the image of a detection.
    """
    _check_images(detections.image, ground_truth)
    precision, recall = precision_and_recall(ground_truth, detections)

    any_area, small, medium, large = range(4)  # last axis of precision [T,R,K,A]
    metrics = {
        "AP": _mean(precision[..., any_area]),
        "AP50": _mean(precision[0, ..., any_area]),
        "AP75": _mean(precision[5, ..., any_area]),
        "AP_small": _mean(precision[..., small]),
        "AP_medium": _mean(precision[..., medium]),
        "AP_large": _mean(precision[..., large]),
        "AR1": _mean(recall[..., any_area, 0]),
        "AR10": _mean(recall[..., any_area, 1]),
        "AR100": _mean(recall[..., any_area, 2]),
        "AR_small": _mean(recall[..., small, 2]),
        "AR_medium": _mean(recall[..., medium, 2]),
        "AR_large": _mean(recall[..., large, 2]),
    }
    curves = {"AP50": precision[:1, ..., any_area], "AP75": precision[5:6, ..., any_area]}
    curves["AP"] = precision[..., any_area]
    categories = np.unique(ground_truth.category_ids).tolist()
    return CocoResult(
        metrics=metrics,
        precision={
            name: np.array([_mean(point) for point in curve.swapaxes(0, 1)])
            for name, curve in curves.items()
        },
        per_category={c: _mean(precision[:, :, i, any_area]) for i, c in enumerate(categories)},
        per_category_precision={c: precision[0, :, i, any_area] for i, c in enumerate(categories)},
        ground_truth=ground_truth,
        detections=detections,
    )


class CocoAP:
    """COCO AP of a whole data set, collected batch by batch on the CPU.

    Every image of the ground truth counts, with or without a prediction. If an image is predicted
    more than once (some samplers repeat images so that all processes have the same number), its
    first prediction counts.

    Args:
        ground_truth: the boxes that predictions are compared with.
    """

    def __init__(self, ground_truth: GroundTruth):
        self.ground_truth = ground_truth
        self.reset()

    def reset(self) -> None:
        """Forget every prediction."""
        none = np.zeros(0, np.int64)
        empty = {"image_id": none, "count": none, "labels": none}
        self._parts = [empty | {"boxes": np.zeros((0, 4)), "scores": np.zeros(0)}]

    def update(
        self, prediction: Mapping[str, torch.Tensor], target: torch.Tensor | Sequence[int]
    ) -> None:
        """Add the detections of a batch.

        Args:
            prediction: boxes float[B,N,4] xyxy in pixels of the original image, scores float[B,N],
                labels int[B,N] category ids, count int[B]: the first `count` rows are valid.
            target: int[B], the image ids.

        Raises:
            InputError: an image is not in the ground truth, or a valid box or score is not finite.
        """
        image = torch.as_tensor(target).cpu().numpy().astype(np.int64)
        _check_images(image, self.ground_truth)
        boxes, scores, labels, count = (
            prediction[name].detach().cpu() for name in ("boxes", "scores", "labels", "count")
        )
        valid = torch.arange(scores.shape[1]) < count[:, None]
        # float64 before the subtraction, so that the sides are not rounded
        low, high = boxes[valid].double().chunk(2, dim=1)
        part = {
            "image_id": image,
            "count": valid.sum(1).numpy(),
            "labels": labels[valid].numpy().astype(np.int64),
            "boxes": torch.cat([low, high - low], dim=1).numpy(),
            "scores": scores[valid].double().numpy(),
        }
        rows = np.c_[part["boxes"], part["scores"]]
        check_finite("detections", np.repeat(image, part["count"]), rows)
        self._parts.append(part)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """All that `update` collected, as plain arrays for `all_gather_object` and `merge`.

        image_id int64[n], count int64[n] and, ordered by image, labels int64[m], boxes float64[m,4]
        (xywh), scores float64[m].
        """
        return {name: np.concatenate([p[name] for p in self._parts]) for name in self._parts[0]}

    def merge(self, states: Sequence[dict[str, np.ndarray]]) -> None:
        """Replace what was collected by the states of all processes, including this one's."""
        self.reset()
        self._parts.extend(states)

    def compute(self) -> CocoResult:
        """Score everything collected so far."""
        state = self.state
        first = np.zeros(state["image_id"].size, bool)
        first[np.unique(state["image_id"], return_index=True)[1]] = True
        rows = np.repeat(first, state["count"])
        detections = Detections(
            image=np.repeat(state["image_id"], state["count"])[rows],
            category=state["labels"][rows],
            boxes=state["boxes"][rows],
            scores=state["scores"][rows],
        )
        return evaluate(self.ground_truth, detections)


def _mean(values: np.ndarray) -> float:
    """The mean of the defined entries, -1 if there are none."""
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else -1.0


def _check_images(ids: np.ndarray, ground_truth: GroundTruth) -> None:
    unknown = ids[~np.isin(ids, ground_truth.image_ids)]
    if unknown.size:
        raise InputError(
            f"detections: image id {unknown[0]} is not among the {ground_truth.image_ids.size} "
            "images of the ground truth; evaluate on the split that the ground truth was read from"
        )

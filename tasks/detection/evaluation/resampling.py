"""COCO's twelve scores if each image counts a given number of times.

The matches of detections and boxes are those of a single evaluation, since images do not influence
each other. Only sums depend on the counts, over the detections of a category in the order of their
scores. As in `precision_recall`, only correct detections are considered individually; for the
others, sums are enough.

Letters in shapes: as there, with P correct detections over all thresholds and area ranges.
"""

from typing import NamedTuple

import numpy as np

from tasks.detection.evaluation.arrays import Detections, GroundTruth
from tasks.detection.evaluation.matching import match_greedily
from tasks.detection.evaluation.precision_recall import (
    AREA_RANGES,
    IOU_THRESHOLDS,
    MAX_DETECTIONS,
    RECALL_POINTS,
    arranged,
    inside_ranges,
    running_sum,
)

AREAS, THRESHOLDS, POINTS = len(AREA_RANGES), IOU_THRESHOLDS.size, RECALL_POINTS.size
ANY = 0  # the area range of all boxes
# recall points that are a rounding error above j / 100, which a recall of exactly j / 100 misses
ABOVE = np.arange(POINTS) / (POINTS - 1) < RECALL_POINTS


class Sums(NamedTuple):
    """A list whose running sum is read at a first and a last place for each correct detection."""

    image: np.ndarray  # int32[L], the image whose count is added
    sign: np.ndarray | None  # int32[L]; None: all plus
    first: np.ndarray  # int32[C], for each cell the place where its correct detections begin
    last: np.ndarray  # int32[P]

    def up_to(self, counts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """int32[P], the sums from `first` to before `last`, for counts int32[N].

        Args:
            sizes: int64[C], number of correct detections in each cell.
        """
        values = counts.take(self.image)
        if self.sign is not None:
            values *= self.sign
        sums = running_sum(values)
        found = sums.take(self.last)
        found -= np.repeat(sums.take(self.first), sizes)
        return found


class Correct(NamedTuple):
    """The correct detections of an area range, by IoU threshold, category and falling score."""

    image: np.ndarray  # int32[P]
    start: np.ndarray  # int64[C + 1], where each threshold and category begins: C = T * K
    category: np.ndarray  # int32[P]
    apart: np.ndarray  # float64[P], falls by 1 from cell to cell
    first: np.ndarray  # int64[F] first correct detection of each cell that has any
    # for each limit on detections but the last: the images int32[Q] of correct detections within
    # it, and where each cell begins in them, int64[C + 1]
    among: list[tuple[np.ndarray, np.ndarray]]
    counted: Sums  # detections up to each one that count in this range, whatever they matched
    change: Sums  # and what their matches change of that


class WeightedAP:
    """The twelve scores of detections as a function of how often each image counts.

    They equal those of an evaluation in which images are repeated, except that detections with
    exactly the same score in different images are in the order of the images.

    Args:
        ground_truth, detections: as for `evaluate`.
    """

    def __init__(self, ground_truth: GroundTruth, detections: Detections):
        truth, found, images, self.categories = arranged(ground_truth, detections)
        matches = match_greedily(truth, found, IOU_THRESHOLDS)
        self.box_image = truth.group % images
        self.box_category, self.box_counts = truth.group // images, ~truth.ignored
        category = found.group // images
        order = np.lexsort((-found.scores, category))
        position = np.empty_like(order)
        position[order] = np.arange(order.size)
        by_position = np.argsort(position[matches.detection])
        index = matches.detection[by_position]
        place, image = position[index], found.group % images
        starts = np.searchsorted(category[order], np.arange(self.categories))
        counts = inside_ranges(found.boxes[:, 2] * found.boxes[:, 3])
        self.ranges = []
        for area in range(AREAS):
            correct = matches.correct[by_position, area]  # [C, T]
            ignored = matches.ignored[by_position, area]
            inside = counts[index, area, None]
            threshold, hit = np.nonzero(correct.T)
            kind = category[index[hit]]
            cell = threshold * self.categories + kind
            cells = np.arange(THRESHOLDS * self.categories + 1)
            listed = counts[order, area]
            before = np.append(0, np.cumsum(listed))
            counted = Sums(
                image[order][listed].astype(np.int32),
                None,
                np.tile(before[starts], THRESHOLDS).astype(np.int32),
                before[place[hit] + 1].astype(np.int32),
            )
            change = (correct & ~inside).astype(np.int32) - (inside & ignored)
            at, row = np.nonzero(change.T)
            size = order.size + 1
            key = at * size + place[row]
            beginning = (np.arange(THRESHOLDS)[:, None] * size + starts).ravel()
            changed = Sums(
                image[index[row]].astype(np.int32),
                change[row, at].astype(np.int32),
                np.searchsorted(key, beginning).astype(np.int32),
                np.searchsorted(key, threshold * size + place[hit], "right").astype(np.int32),
            )
            start, at_image = np.searchsorted(cell, cells), image[index[hit]].astype(np.int32)
            rank = found.rank[index[hit]]
            within = [rank < most for most in MAX_DETECTIONS[:-1]] if area == ANY else []
            self.ranges.append(
                Correct(
                    image=at_image,
                    start=start,
                    category=kind.astype(np.int32),
                    apart=(cells.size - cell).astype(np.float64),
                    first=start[:-1][np.diff(start) > 0],
                    among=[(at_image[few], np.searchsorted(cell[few], cells)) for few in within],
                    counted=counted,
                    change=changed,
                )
            )

    def __call__(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """name -> float64[B] of the twelve scores, for counts int32[B, N]; NaN where undefined.

        Images are in the ascending order of their ids.
        """
        rows = [self.score(row) for row in counts]
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def score(self, counts: np.ndarray) -> dict[str, float]:
        """The scores of one resample, counts int32[N]."""
        weight = counts[self.box_image]
        scores = {}
        for area, suffix in enumerate(("", "_small", "_medium", "_large")):
            valid = self.box_counts[:, area]
            expected = np.bincount(
                self.box_category[valid], weight[valid], minlength=self.categories
            ).astype(np.int32)
            average, recalls = self._range(self.ranges[area], counts, expected)
            with np.errstate(invalid="ignore"):  # NaN if no box counts
                means = average.sum(1) / np.count_nonzero(expected)  # by threshold
                found = [r.sum() / (THRESHOLDS * np.count_nonzero(expected)) for r in recalls]
            scores[f"AP{suffix}"] = means.mean()
            scores[f"AR{suffix or MAX_DETECTIONS[-1]}"] = found[-1]
            if area == ANY:
                scores |= {"AP50": means[0], "AP75": means[5]}
                scores |= {f"AR{m}": r for m, r in zip(MAX_DETECTIONS, found, strict=True)}
        return {name: float(value) for name, value in scores.items()}

    def _range(
        self, correct: Correct, counts: np.ndarray, expected: np.ndarray
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Average precision [T, K], and for each limit on detections recall [T, K]; both float64.

        They are 0 in categories in which no box counts.
        """
        shape, sizes = (THRESHOLDS, self.categories), np.diff(correct.start)
        sums = running_sum(counts.take(correct.image))
        true = sums[1:] - np.repeat(sums[correct.start[:-1]], sizes)
        total = correct.counted.up_to(counts, sizes)
        total += correct.change.up_to(counts, sizes)
        # the best precision from each one on within its cell; whole numbers keep the cells apart
        best = true / np.maximum(total, 1, out=total)
        best += correct.apart
        best = np.maximum.accumulate(best[::-1])[::-1]
        best -= correct.apart
        # the last recall point that each one reaches, a whole number of hundredths
        scaled, wanted = (POINTS - 1) * true, np.maximum(expected, 1).take(correct.category)
        point = scaled // wanted
        point -= ABOVE.take(point) & (point * wanted == scaled)
        steps = np.diff(point, prepend=0)
        steps[correct.first] = point[correct.first] + 1
        best *= steps
        area = np.append(0.0, np.cumsum(best))
        average = np.diff(area[correct.start]).reshape(shape) / POINTS
        most = np.maximum(expected, 1)
        found = [running_sum(counts.take(image))[start] for image, start in correct.among]
        found.append(sums[correct.start])
        recalls = [np.diff(ends).reshape(shape) / most for ends in found]
        defined = expected > 0
        return average * defined, [recall * defined for recall in recalls]

"""A detector's answers in words and pictures: boxes, and curves of precision over recall."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image

from backbone.errors import number_of
from tasks.data.batches import Batch
from tasks.detection.data import CocoData
from tasks.detection.drawing import draw_boxes, open_annotated
from tasks.detection.error_report import error_pictures, findings
from tasks.detection.evaluation.metric import CocoResult
from tasks.detection.plots import precision_recall
from tasks.images.sheets import contact_sheet
from tasks.training.metric import Prediction
from tasks.training.presenter import Answer, Picture, Presenter, spread

UNKNOWN_THRESHOLD = 0.3  # for checkpoints without a chosen threshold


class BoxPresenter(Presenter[CocoData]):
    """Describes and draws boxes with their categories and scores."""

    @property
    def threshold(self) -> float:
        """The lowest score of the boxes that are shown: that of best F1 in the validation."""
        return self.chosen.get("threshold", UNKNOWN_THRESHOLD)

    def keep_above(self, threshold: float) -> None:
        """From now on show boxes that score at least `threshold`."""
        self.chosen = self.chosen | {"threshold": threshold}

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """One image's boxes that score at least `threshold`, as plain values for JSON."""
        names = dict(zip(self.labels.ids, self.labels.names, strict=True))
        rows = _rows(prediction, index, self.threshold)
        return {
            "boxes": [
                {
                    "category_id": category,
                    "category": names.get(category, str(category)),
                    "score": round(score, 4),
                    "xyxy": [round(value, 1) for value in box],
                }
                for box, score, category in rows
            ]
        }

    def coco_results(self, prediction: Prediction, index: int, image_id: int | str) -> list[Answer]:
        """One image's boxes of any score as entries of COCO's list of results.

        Boxes are [x, y, width, height] in pixels of the image, to a hundredth.
        """
        return [
            {
                "image_id": image_id,
                "category_id": category,
                "bbox": [round(v, 2) for v in (x0, y0, x1 - x0, y1 - y0)],
                "score": round(score, 5),
            }
            for (x0, y0, x1, y1), score, category in _rows(prediction, index, 0.0)
        ]

    def tell(self, answer: Answer) -> str:
        """The number of boxes, and the best five of them, in one line."""
        found = answer["boxes"]
        best = ", ".join(f"{box['category']} {box['score']:.2f}" for box in found[:5])
        more = f" and {len(found) - 5:,} more" if len(found) > 5 else ""
        return number_of(len(found), "box") + (f": {best}{more}" if best else "")

    def draw(
        self, image: Image.Image, answer: Answer, truth: Sequence[Sequence[float]] = ()
    ) -> Image.Image:
        """The image with the boxes of an answer.

        Args:
            image: RGB.
            answer: from `describe`.
            truth: true boxes, which are drawn dashed, xyxy in pixels of the image.
        """
        found = answer["boxes"]
        return draw_boxes(
            image,
            [box["xyxy"] for box in found],
            [box["category_id"] for box in found],
            [f"{box['category']} {box['score']:.2f}" for box in found],
            truth,
        )

    def pictures(
        self,
        result: CocoResult,
        data: CocoData,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """Curves, confused categories, predictions, and the worst images."""
        return {
            "precision_recall.png": lambda path: precision_recall(result.precision, path),
            **error_pictures(result, data, self.labels),
            **super().pictures(result, data, predict, baselines),
        }

    def findings(self, result: CocoResult, data: CocoData) -> Answer:
        """Scores and thresholds by category, confused categories, and the worst images."""
        return findings(result, data, self.labels)

    def sheet(
        self,
        data: CocoData,
        predict: Callable[[Batch], Prediction],
        path: Path,
        split: str | None = None,
    ) -> None:
        """Write a sheet of validation images with predicted boxes, and the true ones dashed."""
        index = data.indices["val"]
        rows = spread(len(index), self.shown)
        prediction = predict(data.batch("val", rows))
        drawn = [
            self.draw(
                open_annotated(index, i),
                self.describe(prediction, k),
                index.boxes[index.offsets[i] : index.offsets[i + 1]].tolist(),
            )
            for k, i in enumerate(rows)
        ]
        contact_sheet(drawn, path)


def _rows(
    prediction: Prediction, index: int, threshold: float
) -> Iterator[tuple[list[float], float, int]]:
    """One image's boxes that score at least `threshold`, best first: (xyxy, score, category id)."""
    boxes, scores, labels = (prediction[k][index] for k in ("boxes", "scores", "labels"))
    scores = scores[: prediction["count"][index]].double()
    kept = scores >= threshold
    boxes, labels = boxes[: len(kept)][kept], labels[: len(kept)][kept]
    return zip(boxes.tolist(), scores[kept].tolist(), labels.tolist(), strict=True)

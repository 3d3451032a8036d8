"""Telling and drawing a detector's answers: boxes, and curves of precision over recall."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from tasks.data.module import Batch
from tasks.detection.data import CocoData
from tasks.detection.drawing import draw_boxes
from tasks.detection.evaluation.metric import CocoResult
from tasks.detection.plots import precision_recall
from tasks.images.files import open_image
from tasks.images.sheets import contact_sheet
from tasks.training.metric import Prediction
from tasks.training.presenter import Answer, Picture, Presenter, spread


class BoxPresenter(Presenter[CocoData]):
    """Tells and draws boxes with their categories and scores."""

    def describe(self, prediction: Prediction, index: int, min_score: float = 0.3) -> Answer:
        """One image's boxes that score at least `min_score`, as plain values for JSON."""
        boxes, scores, labels = (prediction[k][index] for k in ("boxes", "scores", "labels"))
        kept = scores[: prediction["count"][index]] >= min_score
        names = dict(zip(self.labels.ids, self.labels.names, strict=True))
        rows = zip(
            boxes[: len(kept)][kept].tolist(),
            scores[: len(kept)][kept].tolist(),
            labels[: len(kept)][kept].tolist(),
            strict=True,
        )
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

    def tell(self, answer: Answer) -> str:
        """The number of boxes, and the best five of them, in one line."""
        found = answer["boxes"]
        best = ", ".join(f"{box['category']} {box['score']:.2f}" for box in found[:5])
        return f"{len(found)} boxes" + (f": {best}" if best else "")

    def draw(
        self, image: Image.Image, answer: Answer, truth: Sequence[Sequence[float]] = ()
    ) -> Image.Image:
        """The image with the boxes of an answer.

        Args:
            image: RGB.
            answer: from `describe`.
            truth: true boxes to draw dashed, xyxy in pixels of the image.
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
        """Curves of precision over recall, and validation images with predicted and true boxes."""
        return {
            "precision_recall.png": lambda path: precision_recall(result.precision, path),
            **super().pictures(result, data, predict, baselines),
        }

    def sheet(self, data: CocoData, predict: Callable[[Batch], Prediction], path: Path) -> None:
        """Write a sheet of validation images with predicted boxes, and the true ones dashed."""
        index = data.indices["val"]
        rows = spread(len(index), self.shown)
        prediction = predict(data.batch("val", rows))
        drawn = [
            self.draw(
                open_image(index.path(i), exif=False),
                self.describe(prediction, k),
                index.boxes[index.offsets[i] : index.offsets[i + 1]].tolist(),
            )
            for k, i in enumerate(rows)
        ]
        contact_sheet(drawn, columns=4, path=path)

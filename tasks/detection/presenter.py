"""What a detector says and shows: boxes, and precision over recall."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from tasks.data.module import Batch, DataModule
from tasks.detection.coco.index import CocoIndex
from tasks.detection.drawing import draw_boxes
from tasks.detection.evaluation.metric import CocoResult
from tasks.detection.plots import precision_recall
from tasks.images.files import open_image
from tasks.images.sheets import contact_sheet
from tasks.training.metric import Prediction
from tasks.training.presenter import Picture, Presenter, spread


class BoxPresenter(Presenter):
    """Boxes with their categories and scores."""

    def describe(self, prediction: Prediction, index: int, least: float = 0.3) -> dict:
        """One image's boxes with a score of at least `least`, as plain values for JSON."""
        boxes, scores, labels = (prediction[k][index] for k in ("boxes", "scores", "labels"))
        kept = scores[: prediction["count"][index]] >= least
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

    def tell(self, answer: dict) -> str:
        """How many boxes, and the best of them."""
        found = answer["boxes"]
        best = ", ".join(f"{box['category']} {box['score']:.2f}" for box in found[:5])
        return f"{len(found)} boxes" + (f": {best}" if best else "")

    def draw(self, image: Image.Image, answer: dict, truth: Sequence = ()) -> Image.Image:
        """The image with the boxes of `describe`, and true boxes (xyxy) dashed."""
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
        data: DataModule,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """Precision over recall, and validation images with predicted and true boxes."""
        return {
            "precision_recall.png": lambda path: precision_recall(result.precision, path),
            **super().pictures(result, data, predict, baselines),
        }

    def sheet(self, data: DataModule, predict: Callable[[Batch], Prediction], path: Path) -> None:
        """Write a sheet of validation images with predicted boxes, and the true ones dashed."""
        index: CocoIndex = data.indices["val"]
        rows = spread(len(index), self.shown)
        prediction = predict(data.batch("val", rows))
        drawn = [
            self.draw(
                open_image(index.path(i), exif=False),
                self.describe(prediction, k),
                index.boxes[index.offsets[i] : index.offsets[i + 1]],
            )
            for k, i in enumerate(rows)
        ]
        contact_sheet(drawn, columns=4, path=path)

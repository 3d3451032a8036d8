"""A classifier's answers in words and pictures."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from tasks.classification.metrics import AccuracyResult
from tasks.data.module import Batch, DataModule
from tasks.images.files import open_image
from tasks.images.sheets import captioned, contact_sheet
from tasks.runs.confusion import confusion_matrix
from tasks.training.metric import Prediction
from tasks.training.presenter import Answer, Picture, Presenter


class ClassPresenter(Presenter):
    """The most probable classes of each image."""

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """One image's most probable classes, as plain values for JSON."""
        rows = zip(
            prediction["labels"][index].tolist(),
            prediction["probabilities"][index].tolist(),
            strict=True,
        )
        return {
            "classes": [
                {
                    "id": self.labels.ids[label],
                    "name": self.labels.names[label],
                    "probability": round(probability, 4),
                }
                for label, probability in rows
            ]
        }

    def tell(self, answer: Answer) -> str:
        """The most probable classes and their probabilities, in one line."""
        return ", ".join(f"{c['name']} {c['probability']:.3f}" for c in answer["classes"])

    def draw(self, image: Image.Image, answer: Answer) -> Image.Image:
        """The image above its most probable classes, each with a bar of its probability."""
        classes = answer["classes"]
        lines = [f"{c['probability']:.3f}  {c['name']}" for c in classes]
        return captioned(image, lines, [c["probability"] for c in classes])

    def pictures(
        self,
        result: AccuracyResult,
        data: DataModule,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """The confusion matrix and the most confident mistakes."""
        names = self.labels.names
        pictures: dict[str, Picture] = {
            "confusion_matrix.png": lambda path: confusion_matrix(result.confusion, names, path)
        }
        if result.mistakes:
            pictures["most_confident_mistakes.png"] = lambda path: self.mistakes(result, data, path)
        return pictures

    def mistakes(self, result: AccuracyResult, data: DataModule, path: Path) -> None:
        """Write a sheet of the most confident mistakes."""
        index, names = data.indices[data.reported], self.labels.names
        drawn = [
            captioned(
                open_image(index.path(mistake.image_id)),
                [
                    f"said {mistake.probability:.2f}  {names[mistake.predicted]}",
                    f"is  {names[mistake.true]}",
                ],
            )
            for mistake in result.mistakes[: self.shown]
        ]
        contact_sheet(drawn, columns=4, path=path)

"""A classifier's answers in words and pictures."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tasks.classification.calibration import Calibration, Reliability
from tasks.classification.metrics import AccuracyResult
from tasks.classification.plots import reliability_curves
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.images.files import open_image
from tasks.images.sheets import captioned, contact_sheet
from tasks.runs.confusion import confusion_matrix, confusion_values
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

    def caption(self, answer: Answer) -> tuple[list[str], list[float]]:
        """The most probable classes, each with a bar of its probability."""
        classes = answer["classes"]
        lines = [f"{c['probability']:.3f}  {c['name']}" for c in classes]
        return lines, [c["probability"] for c in classes]

    def pictures(
        self,
        result: AccuracyResult,
        data: DataModule,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """The confusion matrix, the reliability, and the most confident mistakes."""
        names = self.labels.names
        pictures: dict[str, Picture] = {
            "confusion_matrix.png": lambda path: confusion_matrix(result.confusion, names, path)
        }
        calibration = result.calibration
        if calibration is not None:
            temperature = self.temperature(calibration)
            curves = {
                "the network's": calibration.reliability(),
                f"at temperature {temperature:.2f}": calibration.reliability(temperature),
            }
            pictures["reliability.png"] = lambda path: reliability_curves(curves, path)
        if result.mistakes:
            pictures["most_confident_mistakes.png"] = lambda path: self.mistakes(result, data, path)
        return pictures

    def temperature(self, calibration: Calibration) -> float:
        """The temperature that validation chose, or else that of the scored images themselves."""
        return self.chosen.get("temperature") or calibration.temperature()

    def findings(self, result: AccuracyResult, data: DataModule) -> Answer:
        """Scores of each class, the confusion matrix, and the calibration.

        Returns:
            `per_category`, a row for each class; `confusion`, see `confusion_values`; and, if there
            are probabilities, `calibration`: the expected calibration error `ece`, and that at the
            `temperature` fitted on the split `fitted_on`, with their bins; `summary`, lines for the
            report.
        """
        found: Answer = {
            "per_category": per_class(result.confusion, self.labels),
            "confusion": confusion_values(result.confusion, self.labels.names),
        }
        if result.calibration is None:
            return found
        temperature = self.temperature(result.calibration)
        before, after = (result.calibration.reliability(t) for t in (1.0, temperature))
        # if these are the same images, the error after the fit is slightly too good
        same = self.chosen_on == data.reported or "temperature" not in self.chosen
        fitted_on = data.reported if same else self.chosen_on
        found["calibration"] = {
            "ece": round(before.error, 4),
            "temperature": round(temperature, 4),
            "ece_at_temperature": round(after.error, 4),
            "fitted_on": fitted_on,
            "bins": _bins(before),
            "bins_at_temperature": _bins(after),
        }
        found["summary"] = [
            f"calibration error (ECE) {100 * before.error:.1f}; {100 * after.error:.1f} at "
            f"temperature {temperature:.2f}, fitted on {'these images' if same else fitted_on}"
        ]
        return found

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
        contact_sheet(drawn, path)


def per_class(confusion: np.ndarray, labels: Labels) -> list[dict[str, Any]]:
    """Each class's images, accuracy (recall), precision and F1 from a matrix int64[C, C].

    A score is None if it is undefined, as the accuracy of a class without images is.
    """
    right, images, answers = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    scores = {
        "accuracy": (right, images),
        "precision": (right, answers),
        "f1": (2 * right, images + answers),
    }
    return [
        {"id": labels.ids[k], "name": labels.names[k], "images": int(images[k])}
        | {name: _share(part[k], whole[k]) for name, (part, whole) in scores.items()}
        for k in range(len(confusion))
    ]


def _share(part: int, whole: int) -> float | None:
    return round(float(part / whole), 4) if whole else None


def _bins(reliability: Reliability) -> dict[str, Any]:
    """The bins with images, as lists for JSON."""
    some = reliability.images > 0
    return {
        "confidence": reliability.confidence[some].round(4).tolist(),
        "accuracy": reliability.accuracy[some].round(4).tolist(),
        "images": reliability.images[some].tolist(),
    }

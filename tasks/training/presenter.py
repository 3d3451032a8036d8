"""What a person is told and shown of a task's answers. The defaults work for any task."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from PIL import Image
from torch import Tensor

from tasks.data.module import Batch, DataModule, Labels
from tasks.images.files import open_image
from tasks.images.sheets import captioned, contact_sheet
from tasks.training.metric import Prediction

Answer = dict[str, Any]  # plain values, as they are written to JSON
Picture = Callable[[Path], object]  # writes a picture to a path
Data = TypeVar("Data", bound=DataModule)


class Presenter(Generic[Data]):
    """Describes, tells and draws what a task answered.

    A task whose answers want words or pictures of their own names a subclass in `Task.presenter`.

    Args:
        labels: what the network's outputs mean.
    """

    shown: ClassVar[int] = 12  # images in the sheet of predictions

    def __init__(self, labels: Labels):
        self.labels = labels

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """One image's part of a prediction, as plain values for JSON."""
        return {name: _plain(values[index]) for name, values in prediction.items()}

    def compare(self, answer: Answer, path: Path) -> Answer:
        """What an image's own file says of an answer to it; mostly nothing."""
        return {}

    def tell(self, answer: Answer) -> str:
        """An answer in one line."""
        return "; ".join(f"{name} {_short(value)}" for name, value in answer.items())

    def draw(self, image: Image.Image, answer: Answer) -> Image.Image:
        """An image with its answer."""
        return captioned(image, [f"{name}  {_short(value)}" for name, value in answer.items()])

    def pictures(
        self,
        result: Any,
        data: Data,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """The pictures of an evaluation: file name in the run's `plots` -> what writes it.

        Each is drawn by itself, so that one that fails leaves the others and the result alone.

        Args:
            result: what the metric computed.
            data: with the split that is reported.
            predict: a batch of that split's data set -> the task's answer.
            baselines: scores of answers that need no network, by name.
        """
        return {"predictions.png": lambda path: self.sheet(data, predict, path)}

    def sheet(self, data: Data, predict: Callable[[Batch], Prediction], path: Path) -> None:
        """Write a sheet of images of the reported split, spread evenly over it, with answers."""
        index, rows = (
            data.indices[data.reported],
            spread(len(data.indices[data.reported]), self.shown),
        )
        prediction = predict(data.batch(data.reported, rows))
        drawn = [
            self.draw(open_image(index.path(row)), self.describe(prediction, k))
            for k, row in enumerate(rows)
        ]
        contact_sheet(drawn, columns=4, path=path)


def spread(count: int, most: int) -> list[int]:
    """At most `most` of the numbers 0..count-1, spread evenly."""
    return np.linspace(0, count - 1, min(most, count)).astype(int).tolist()


def _plain(value: Tensor) -> Any:
    if not value.is_floating_point():
        return value.tolist()
    return np.round(value.double().cpu().numpy(), 4).tolist()


def _short(value: Any, most: int = 6) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if not isinstance(value, list):
        return str(value)
    more = [] if len(value) <= most else [f"... {len(value)} values"]
    return " ".join([*(_short(item) for item in value[:most]), *more])

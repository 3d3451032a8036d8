"""How a task's answers are described and drawn. The defaults work for any task."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from PIL import Image
from torch import Tensor

from backbone.errors import InputError
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.data.module import DataModule
from tasks.images.files import open_image
from tasks.images.sheets import captioned, contact_sheet
from tasks.training.metric import Prediction

Answer = dict[str, Any]  # plain values, as they are written to JSON
Picture = Callable[[Path], object]  # writes a picture to a path
Data = TypeVar("Data", bound=DataModule)


class Presenter(Generic[Data]):
    """Describes a task's answers, in values, in words and in pictures.

    A task with words or pictures of its own names a subclass in `Task.presenter`.

    Args:
        labels: what the network's outputs mean.
    """

    shown: ClassVar[int] = 12  # images in the sheet of predictions

    def __init__(self, labels: Labels):
        self.labels = labels
        self.chosen: dict[str, float] = {}  # settings of the answer, see `Task.choose`
        self.chosen_on = "val"  # the split that they were chosen on

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """One image's part of a prediction, as plain values for JSON."""
        return {name: _plain(values[index]) for name, values in prediction.items()}

    def compare(self, answer: Answer, path: Path) -> Answer:
        """What else the image's file says about its answer; by default nothing."""
        return {}

    def tell(self, answer: Answer) -> str:
        """An answer in one line."""
        return "; ".join(f"{name} {_short(value)}" for name, value in answer.items())

    def caption(self, answer: Answer) -> tuple[list[str], list[float] | None]:
        """An answer as lines below the picture, and of each line a share 0..1 that is its bar."""
        return [f"{name}  {_short(value)}" for name, value in answer.items()], None

    def draw(self, image: Image.Image, answer: Answer) -> Image.Image:
        """An image with its answer: above its caption, unless a subclass draws more."""
        return captioned(image, *self.caption(answer))

    def panel(self, answer: Answer) -> Image.Image | None:
        """A picture of an answer by itself, such as a map, to be set beside others; None: none."""
        return None

    def keep_above(self, threshold: float) -> None:
        """Answer with what scores at least `threshold` from now on.

        Raises:
            InputError: these answers have no scores to keep a part of.
        """
        raise InputError("--threshold is for detectors: these answers are not boxes with scores")

    def coco_results(self, prediction: Prediction, index: int, image_id: int | str) -> list[Answer]:
        """One image's entries in COCO's list of results, whatever their scores.

        Raises:
            InputError: these answers are not boxes.
        """
        raise InputError("--format coco is for detectors: these answers are not boxes")

    def findings(self, result: Any, data: Data) -> Answer:
        """What else an evaluation found, as plain values for result.json, by name.

        The report at the end of a run shows two of them: `per_category`, a list of rows with
        `name` and scores, and `summary`, a list of lines.

        Args:
            result: what the metric computed on the split that is reported.
            data: has that split.
        """
        return {}

    def pictures(
        self,
        result: Any,
        data: Data,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """The pictures of an evaluation: file name in the run's `plots` -> function that draws it.

        Each is drawn separately, so that one that fails does not affect the others or the result.

        Args:
            result: what the metric computed.
            data: has the split that is reported.
            predict: batch -> the task's answer.
            baselines: scores of answers that need no network, by name.
        """
        return {"predictions.png": lambda path: self.sheet(data, predict, path)}

    def watched(self, data: Data, predict: Callable[[Batch], Prediction]) -> dict[str, Picture]:
        """The pictures that a training run shows of each validation: name -> what draws it."""
        return {"predictions": lambda path: self.sheet(data, predict, path, "val")}

    def sheet(
        self,
        data: Data,
        predict: Callable[[Batch], Prediction],
        path: Path,
        split: str | None = None,
    ) -> None:
        """Write a sheet of images with their answers.

        Args:
            split: over which they are spread evenly; None: the reported one.
        """
        split = split or data.reported
        index = data.indices[split]
        rows = spread(len(index), self.shown)
        prediction = predict(data.batch(split, rows))
        drawn = [
            self.draw(open_image(index.path(row)), self.describe(prediction, k))
            for k, row in enumerate(rows)
        ]
        contact_sheet(drawn, columns=4, path=path)


def spread(count: int, most: int) -> list[int]:
    """At most `most` of the numbers 0..count-1, spread evenly."""
    return [int(row) for row in np.linspace(0, count - 1, min(most, count))]


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

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

Answer = dict[str, Any]  # plain values, as written to JSON
Picture = Callable[[Path], object]  # writes a picture to a path
Data = TypeVar("Data", bound=DataModule)

NO_BOXES = "--format coco is for detectors: these answers are not boxes"


class Presenter(Generic[Data]):
    """Describes a task's answers in values, words and pictures.

    A task with its own words or pictures sets `Task.presenter` to a subclass.

    Args:
        labels: the meaning of the network's outputs.
    """

    shown: ClassVar[int] = 12  # images in the sheet of predictions

    def __init__(self, labels: Labels):
        self.labels = labels
        self.chosen: dict[str, float] = {}  # settings of the answer, see `Task.choose`
        self.chosen_on = "val"  # the split on which they were chosen

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """One image's part of a prediction, as plain values for JSON."""
        return {name: _plain(values[index]) for name, values in prediction.items()}

    def compare(self, answer: Answer, path: Path) -> Answer:
        """Further facts about an answer from the image's file; by default none."""
        return {}

    def tell(self, answer: Answer) -> str:
        """An answer as one line."""
        return "; ".join(f"{name} {_short(value)}" for name, value in answer.items())

    def caption(self, answer: Answer) -> tuple[list[str], list[float] | None]:
        """An answer as lines below the picture; and a share 0..1 for each line's bar, if any."""
        return [f"{name}  {_short(value)}" for name, value in answer.items()], None

    def draw(self, image: Image.Image, answer: Answer) -> Image.Image:
        """An image with its answer: above its caption, unless a subclass draws more."""
        return captioned(image, *self.caption(answer))

    def panel(self, answer: Answer) -> Image.Image | None:
        """A picture of an answer by itself, such as a map, to be set beside others; None: none."""
        return None

    def keep_above(self, threshold: float) -> None:
        """From now on answer only with what scores at least `threshold`.

        Raises:
            InputError: these answers have no scores to select by.
        """
        raise InputError("--threshold is for detectors: these answers are not boxes with scores")

    def require_boxes(self) -> None:
        """Check that COCO's list can hold these answers.

        Raises:
            InputError: they are not boxes.
        """
        if type(self).coco_results is Presenter.coco_results:
            raise InputError(NO_BOXES)

    def coco_results(self, prediction: Prediction, index: int, image_id: int | str) -> list[Answer]:
        """One image's entries in COCO's list of results, whatever their scores.

        Raises:
            InputError: these answers are not boxes.
        """
        raise InputError(NO_BOXES)

    def findings(self, result: Any, data: Data) -> Answer:
        """Further results of an evaluation, as plain values for result.json, by name.

        The report at the end of a run shows two of them: `per_category`, a list of rows with `name`
        and scores, and `summary`, a list of lines.

        Args:
            result: of the metric, on the reported split.
            data: contains that split.
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

        Each is drawn separately, so a failure does not affect the others or the result.

        Args:
            result: of the metric.
            data: contains the reported split.
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
            split: the images are spread evenly over it; None: the reported split.
        """
        split = split or data.reported
        index = data.indices[split]
        rows = spread(len(index), self.shown)
        prediction = predict(data.batch(split, rows))
        drawn = [
            self.draw(open_image(index.path(row)), self.describe(prediction, k))
            for k, row in enumerate(rows)
        ]
        contact_sheet(drawn, path)


def spread(count: int, most: int) -> list[int]:
    """At most `most` of the numbers 0..count-1, spread evenly."""
    return [int(row) for row in np.linspace(0, count - 1, min(most, count))]


def _plain(value: Tensor) -> Any:
    if not value.is_floating_point():
        return value.tolist()
    return np.round(value.double().cpu().numpy(), 4).tolist()


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if not isinstance(value, list):
        return str(value)
    more = [] if len(value) <= 6 else [f"... {len(value)} values"]
    return " ".join([*(_short(item) for item in value[:6]), *more])

"""The answers of all parts to one image: in one picture, one line, and one entry of JSON."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image

from backbone.errors import InputError
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.images.sheets import Section, with_lists
from tasks.runs.parts import of_part
from tasks.training.metric import Prediction
from tasks.training.presenter import Answer, Picture, Presenter

if TYPE_CHECKING:
    from tasks.training.task import Task


class JointPresenter(Presenter[Any]):
    """Tells and draws what each part answers.

    Args:
        labels: see Presenter.
        parts: name -> task.
    """

    def __init__(self, labels: Labels, parts: Mapping[str, "Task[Any]"]):
        super().__init__(labels)
        self.tasks = dict(parts)
        self.parts = {name: part.present() for name, part in parts.items()}

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """Each part's answer for one image, under the part's name."""
        return {
            name: part.describe(of_part(name, prediction), index)
            for name, part in self.parts.items()
        }

    def compare(self, answer: Answer, path: Path) -> Answer:
        """The answers of the parts that find more about themselves in the image's file."""
        found = {name: part.compare(answer[name], path) for name, part in self.parts.items()}
        return {name: answer[name] | more for name, more in found.items() if more}

    def tell(self, answer: Answer) -> str:
        """Each part's answer, in one line."""
        told = (f"{name}: {part.tell(answer[name])}" for name, part in self.parts.items())
        return " | ".join(told)

    def draw(self, image: Image.Image, answer: Answer) -> Image.Image:
        """One picture: boxes in the image, lists on its right, maps below."""
        sections, panels = [], []
        for name, part in self.parts.items():
            title, panel = name.replace("_", " "), part.panel(answer[name])
            if panel is not None:
                panels.append((title, panel))
            elif type(part).draw is Presenter.draw:
                sections.append(Section(title, *part.caption(answer[name])))
            else:
                image = part.draw(image, answer[name])
        return with_lists(image, sections, panels) if sections or panels else image

    def keep_above(self, threshold: float) -> None:
        """Answer with boxes that score at least `threshold` from now on."""
        self._of_detectors(lambda part: part.keep_above(threshold))

    def require_boxes(self) -> None:
        """Raise InputError unless the answers of a part are boxes."""
        self._of_detectors(lambda part: part.require_boxes())

    def coco_results(self, prediction: Prediction, index: int, image_id: int | str) -> list[Answer]:
        """One image's boxes as entries of COCO's list, of all parts that answer with boxes."""
        found: list[Answer] = []

        def collect(name: str, part: Presenter[Any]) -> None:
            found.extend(part.coco_results(of_part(name, prediction), index, image_id))

        names = {id(part): name for name, part in self.parts.items()}
        self._of_detectors(lambda part: collect(names[id(part)], part))
        return found

    def findings(self, result: Any, data: Any) -> Answer:
        """What each part's evaluation found besides its scores, under `parts` and its name.

        The report shows the summaries of all parts, and which data each was trained and scored on.
        """
        found = {
            name: {"data": data.parts[name].describe(), "size": list(data.parts[name].size)}
            | part.findings(result.parts[name], data.parts[name])
            for name, part in self.parts.items()
        }
        lines = [
            f"{name}: {line}" for name, own in found.items() for line in own.get("summary", [])
        ]
        return {"parts": found} | ({"summary": lines} if lines else {})

    def pictures(
        self,
        result: Any,
        data: Any,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """The pictures of every part, each file's name after the part's."""
        made: dict[str, Picture] = {}
        for name, part in self.parts.items():
            own = {baseline: of_part(name, scores) for baseline, scores in baselines.items()}
            own = {baseline: scores for baseline, scores in own.items() if scores}
            answer = partial(answered_by, self.tasks[name])
            pictures = part.pictures(result.parts[name], data.parts[name], answer, own)
            made |= {f"{name}-{file}": draw for file, draw in pictures.items()}
        return made

    def watched(self, data: Any, predict: Callable[[Batch], Prediction]) -> dict[str, Picture]:
        """The pictures of every part, each name after the part's."""
        return {
            f"{name}/{picture}": draw
            for name, part in self.parts.items()
            for picture, draw in part.watched(
                data.parts[name], partial(answered_by, self.tasks[name])
            ).items()
        }

    def _of_detectors(self, act: Callable[[Presenter[Any]], object]) -> None:
        """Do something with each part whose answers are boxes.

        Raises:
            InputError: there is no such part.
        """
        refused = []
        for part in self.parts.values():
            try:
                act(part)
            except InputError as error:
                refused.append(error)
        if len(refused) == len(self.parts):
            raise refused[0]


def answered_by(part: "Task[Any]", batch: Batch) -> Prediction:
    """A part's answer for a batch of its own size, in evaluation mode."""
    part.head.trunk.shared[0].eval()  # type: ignore[union-attr, index]
    part.head.eval()
    with torch.inference_mode():
        return part.predict({name: value.to(part.device) for name, value in batch.items()})

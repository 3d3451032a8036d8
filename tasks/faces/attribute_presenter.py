"""Attributes of faces in words and pictures."""

from collections.abc import Callable, Mapping

from tasks.data.batches import Batch
from tasks.data.module import DataModule
from tasks.faces.attribute_index import AttributeIndex
from tasks.faces.attribute_metrics import AttributeResult
from tasks.faces.attribute_plots import attribute_bars, faces_sheet
from tasks.faces.group_scores import by_group, in_words
from tasks.training.metric import Prediction
from tasks.training.presenter import Answer, Picture, Presenter


class AttributePresenter(Presenter):
    """The probability of each attribute."""

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """One image's probability of every attribute, as plain values for JSON."""
        probabilities = prediction["probabilities"][index].tolist()
        return {
            "attributes": {
                name: round(probability, 4)
                for name, probability in zip(self.labels.names, probabilities, strict=True)
            }
        }

    def tell(self, answer: Answer) -> str:
        """The attributes with a probability of at least 0.5, most probable first, in one line."""
        rows = sorted(answer["attributes"].items(), key=lambda row: -row[1])
        seen = [f"{name} {p:.2f}" for name, p in rows if p >= 0.5]
        return ", ".join(seen) or "none of the attributes"

    def caption(self, answer: Answer) -> tuple[list[str], list[float]]:
        """The most probable attributes, each with a bar of its probability."""
        rows = sorted(answer["attributes"].items(), key=lambda row: -row[1])[:8]
        return [f"{p:.2f}  {name.replace('_', ' ')}" for name, p in rows], [p for _, p in rows]

    def findings(self, result: AttributeResult, data: DataModule) -> Answer:
        """The scores by group, `groups`, if the data set has groups: kind -> groups."""
        index = data.indices[data.reported]
        assert isinstance(index, AttributeIndex)
        names = self.labels.names
        found = {
            one.kind: by_group(one.take(result.images), names, result.labels, result.probabilities)
            for one in index.groups
        }
        lines = [in_words(kind, rows) for kind, rows in found.items()]
        said = {"summary": [line for line in lines if line is not None]}
        return {"groups": found, **said} if found else {}

    def pictures(
        self,
        result: AttributeResult,
        data: DataModule,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """Faces with their answers, and the score of each attribute as bars and as a table."""
        index = data.indices[data.reported]
        return {
            "faces.png": lambda path: faces_sheet(result, self.labels.names, index, path),
            "attributes.png": lambda path: attribute_bars(result.per_attribute, path),
            "attributes.csv": result.write_table,
        }

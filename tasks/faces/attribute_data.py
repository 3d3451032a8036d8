"""The data of a network that says which attributes a face has."""

from pathlib import Path

from backbone.errors import InputError, listed_briefly
from tasks.data.image_data import ImageData
from tasks.faces.attribute_index import AttributeIndex


class AttributeData(ImageData):
    """Images with attributes, some of them unknown, whatever layout they come in."""

    indices: dict[str, AttributeIndex]

    def setup(self, stage: str) -> None:
        """List and check all splits, once, and say which attributes cannot be ranked.

        Raises: InputError where that is so for all of them: there would be nothing to score.
        """
        if self.indices:
            return
        super().setup(stage)
        for split in dict.fromkeys(["val", self.reported]):
            index = self.indices[split]
            if len(index.constant) == len(index.classes):
                raise InputError(
                    f"{split}: every attribute is true, false or unknown of all "
                    f"{len(index):,} images, so that there is nothing to rank and no average "
                    "precision; score images that have and lack them"
                )
            if index.constant:
                print(f"{split}: {_undefined(index.constant)}")

    def describe(self) -> str:
        """The data of a result, in words: how many images, what was seen of them, what was left."""
        scored = self.indices[self.reported]
        parts = [f"{len(self.labels.ids)} attributes"]
        if "train" in self.indices:
            train = self.indices["train"]
            parts.append(f"trained on {len(train):,} images")
            if train.unlabelled:
                parts[-1] += f" ({train.unlabelled:,} of them without labels)"
        same = "the same" if self.validate_on_train else f"{len(scored):,}"
        parts.append(f"scored on {same} images")
        fraction = self.view.crop_fraction
        part = "" if fraction in (None, 1) else f"{fraction:g} of "
        parts.append(f"each seen in {part}its largest central box")
        if scored.constant:
            parts.append(_undefined(scored.constant))
        if self.note:
            parts.append(self.note)
        return f"{Path(self.source.root).name}: {', '.join(parts)}"


def _undefined(names: list[str]) -> str:
    return (
        f"mean_ap leaves out {listed_briefly(names)} (true, false or unknown of all images: no "
        "average precision)"
    )

"""The data of a network that recognises the attributes of faces."""

from pathlib import Path

from backbone.errors import InputError, listed_briefly, number_of
from tasks.data.image_data import ImageData
from tasks.faces.attribute_index import AttributeIndex


class AttributeData(ImageData[AttributeIndex]):
    """Images with attributes, some of which may be unknown, in any layout."""

    fewest_classes = 1  # each attribute is learned by itself

    def setup(self, stage: str) -> None:
        """List and check all splits, once, and report the attributes that cannot be scored.

        Raises:
            InputError: no attribute can be scored.
        """
        if self.indices:
            return
        super().setup(stage)
        for split in dict.fromkeys(["val", self.reported]):
            index = self.indices[split]
            if len(index.constant) == len(index.classes):
                raise InputError(
                    f"{split}: every attribute is true, false or unknown for all "
                    f"{len(index):,} images, so average precision is undefined; score images of "
                    "which some have an attribute and others lack it"
                )
            if index.constant:
                print(f"{split}: {_undefined(index.constant)}")

    def describe(self) -> str:
        """The data of a result in words: images, the seen part of each, and what is left out."""
        scored = self.indices[self.reported]
        parts = [number_of(len(self.labels.ids), "attribute")]
        if self.learned_from:
            train = self.indices["train"]
            parts.append(f"trained on {number_of(len(train), 'image')}")
            if train.unlabelled:
                parts[-1] += f" ({train.unlabelled:,} of them without labels)"
        same = "the same images" if self.validate_on_train else number_of(len(scored), "image")
        parts.append(f"scored on {same}")
        fraction = self.view.crop_fraction
        part = "" if fraction in (None, 1) else f"{fraction:g} of "
        parts.append(f"each seen in {part}its largest central box")
        if scored.constant:
            parts.append(_undefined(scored.constant))
        parts += self.left_out_in_words()
        if self.note:
            parts.append(self.note)
        return f"{Path(self.source.root).name}: {', '.join(parts)}"


def _undefined(names: list[str]) -> str:
    return (
        f"mean_ap leaves out {listed_briefly(names)} (true, false or unknown for all images: no "
        "average precision)"
    )

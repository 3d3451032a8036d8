"""The data of a face embedding: faces to train on, and pairs of other faces to score."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from backbone.errors import number_of
from tasks.data.checking import check_readable
from tasks.data.image_data import ImageData
from tasks.data.image_source import ImageSource
from tasks.data.labelled_images import LabelledImages
from tasks.data.labels import Labels
from tasks.faces.face_index import FaceIndex
from tasks.faces.lfw import Lfw
from tasks.faces.pairs import Pairs, compact, make_pairs
from tasks.faces.verification import how_scored
from tasks.images.files import open_image
from tasks.images.view import View


class FaceData(ImageData[FaceIndex]):
    """Faces with or without identities, and pairs of faces.

    - `train`: all of the source's training images.
    - `val`: picks the best checkpoint. If `verification` names a list of pairs for it, the images
      of that list; otherwise pairs drawn from the people held out. If the held-out images have no
      identities, they are compared with a teacher.
    - `test`: the images of the reported pairs; without such a list the source's test images,
      treated like the held-out ones.

    People in pairs that are drawn are not trained on. Labels are numbers of people, or -1 if
    unknown; the names stay in the data and do not reach any checkpoint.

    Args:
        source: of the training data.
        verification: the pairs.
        alignment: how the training images were cropped and aligned, in words, for the result.
        crop_ratio: smallest and largest stretch of a random crop, width over height. It should be
            small, since a face's proportions show who it is.
        folds, pairs_per_fold: of the pairs that are drawn.
        options: see ImageData.
    """

    def __init__(
        self,
        source: ImageSource[FaceIndex],
        verification: Lfw,
        alignment: str,
        crop_ratio: Sequence[float],
        folds: int,
        pairs_per_fold: int,
        **options: Any,
    ):
        super().__init__(source, **options)
        self.verification, self.alignment = verification, alignment
        if self.crop is not None:
            self.crop = replace(self.crop, ratio=(crop_ratio[0], crop_ratio[1]))
        self.folds, self.pairs_per_fold = folds, pairs_per_fold
        self.pairs: dict[str, Pairs] = {}

    def setup(self, stage: str) -> None:
        """List the images and draw the pairs, once."""
        if self.indices:
            return
        loaded = self.source.load()
        self.note = loaded.note
        people = len(loaded.splits["train"].classes)
        splits = self.used({s: index.framed(self.view.box) for s, index in loaded.splits.items()})
        for split in ("val", "test"):
            if split in splits:
                splits[split] = self._in_pairs(splits[split], split)
        if not self.validate_on_train and self.verification.root is not None:
            names = {"val": self.verification.val_pairs, "test": self.verification.pairs}
            for split, name in names.items():
                if name is not None:
                    splits[split], self.pairs[split] = self.verification.load(name)
                    index = splits[split]
                    # with other pairs a score could not be compared, so none may be left out
                    check_readable(index.root, index.files, f"{split} ({name})", self.cache, False)
        self.indices = splits
        for split, index in splits.items():
            made = f", {self._pairs_in_words(split)}" if split in self.pairs else ""
            print(f"{split}: {index}{made}")
        # without the view's box: it is in the indices, and verification images have another one
        view = View(crop_fraction=self.view.crop_fraction)
        self.datasets = {
            split: LabelledImages(
                index, self.size, self.crop if split == "train" else None, view, self.seed
            )
            for split, index in splits.items()
        }
        self.labels = Labels(people, [], [], [])

    def _in_pairs(self, index: FaceIndex, split: str) -> FaceIndex:
        """The images that pairs are drawn from; all of them if no identity is known."""
        if not len(index.classes):
            return index
        pairs = make_pairs(index.labels, self.folds, self.pairs_per_fold, self.seed)
        index, self.pairs[split] = compact(index, pairs)
        return index

    def _pairs_in_words(self, split: str) -> str:
        """A split's pairs in words."""
        pairs = self.pairs[split]
        leaks = pairs.leaks(self.indices[split].labels)
        kept = "no person in two of them"
        if leaks:
            kept = f"{number_of(leaks, 'person is', 'people are')} in several folds"
        folds = f"{pairs.folds} folds, {kept}" if pairs.folds > 1 else "one fold"
        return f"{number_of(len(pairs), 'pair')} ({pairs.title}) in {folds}"

    def describe(self) -> str:
        """The data of a result in words: training and scored images, and the part that is seen."""
        split = self.reported
        train, scored = self.indices["train"], self.indices[split]
        parts = [f"trained on {train}"] if self.learned_from else []
        if split in self.pairs:
            pairs = self.pairs[split]
            parts.append(
                f"scored on {self._pairs_in_words(split)}, of {number_of(len(scored), 'image')}"
            )
            parts.append(how_scored(pairs.folds, int((~pairs.same).sum())))
        else:
            parts.append(f"scored on {scored}")
        elsewhere = scored.root != train.root
        if self.learned_from or not elsewhere:
            seen = "seen in training" if self.learned_from else "seen"
            parts.append(f"{seen}: {self._view_in_words(train, self.alignment)}")
        if elsewhere:
            parts.append(f"in scoring: {self._view_in_words(scored, self.verification.alignment)}")
        parts += self.left_out_in_words()
        if self.note:
            parts.append(self.note)
        return f"{Path(self.source.root).name}: {'; '.join(parts)}"

    def _view_in_words(self, index: FaceIndex, alignment: str) -> str:
        """The part of each image that is seen, taking the first as an example."""
        width, height = open_image(index.path(0)).size
        words = f"{alignment}, " if alignment else ""
        if index.boxes is None:
            fraction = self.view.crop_fraction
            part = "all" if fraction in (None, 1) else f"the central {fraction:.0%}"
        else:
            part = "the box " + " ".join(f"{edge:.3g}" for edge in index.boxes[0].tolist())
        return f"{words}{part} of {width} x {height} pixels"

"""The base of data whose images are cropped at random in training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from backbone.errors import InputError
from tasks.data.checking import Listed, check_readable, copies
from tasks.data.image_index import ImageIndex
from tasks.data.module import DataModule
from tasks.data.sampling import BalancedDraw
from tasks.images.crops import RandomResizedCrop
from tasks.images.files import image_size
from tasks.images.view import View

Indexed = TypeVar("Indexed", bound=ImageIndex)


class CroppedData(DataModule):
    """Images of one size: a random crop of each in training, and a fixed view in evaluation.

    Args:
        size: of the resized images in pixels: one number, or [height, width].
        batch_size, workers, seed, decode: see DataModule.
        crop: whether training takes a random crop of each image.
        crop_scale: smallest and largest area of that crop, as fractions of the image.
        view: the part of an image that the network sees in evaluation.
        limit: train on only this many images, taken from all classes in turn.
        validate_on_train: score the training images, uncropped, instead of the validation split.
        skip_unreadable: leave out images that cannot be read, rather than stop.
        cache: folder for facts about the files; None: they are not kept.
        balance: how evenly an epoch draws the classes, 0..1, see BalancedDraw; 0: each image once.

    Raises:
        InputError: the crop scale is out of range, the limit is below one, or the view pads.
    """

    indices: Mapping[str, ImageIndex]

    def __init__(
        self,
        size: int | list[int],
        batch_size: int,
        workers: int | None,
        seed: int,
        crop: bool,
        crop_scale: Sequence[float],
        view: View,
        limit: int | None,
        validate_on_train: bool,
        decode: str = "auto",
        skip_unreadable: bool = False,
        cache: str | Path | None = None,
        balance: float = 0.0,
    ):
        super().__init__(batch_size, workers, seed, limit, validate_on_train, decode)
        if not (len(crop_scale) == 2 and 0 < crop_scale[0] <= crop_scale[1] <= 1):
            raise InputError(
                f"data.crop_scale={list(crop_scale)}: give the smallest and largest share of the "
                "image's area, above 0 and up to 1, such as [0.08,1.0]"
            )
        if limit is not None and limit < 1:
            raise InputError(f"data.limit={limit}: train on one or more images, or null for all")
        if view.keep_aspect:
            raise InputError(
                "data.view.keep_aspect=true pads images, which only detectors are trained for: set "
                "data.view.crop_fraction=null to stretch whole images"
            )
        self.size, self.view = image_size(size), view
        self.skip_unreadable, self.cache = skip_unreadable, None if cache is None else Path(cache)
        self.crop = RandomResizedCrop((crop_scale[0], crop_scale[1])) if crop else None
        self.balance = balance

    def draw(self) -> BalancedDraw | None:
        """A draw that evens out the classes; None if `balance` is 0."""
        if not self.balance:
            return None
        train = self.indices["train"]
        return BalancedDraw(train.labels, len(train.classes), self.balance)

    def readable(self, splits: Mapping[str, Indexed]) -> dict[str, Indexed]:
        """The images of each split that can be read, checked before training.

        Counts the others in `left_out`, and prints which images occur twice.

        Raises:
            InputError: some images cannot be read, and are not to be left out.
        """
        found: dict[str, Indexed] = {}
        listed: dict[str, Listed] = {}
        for split, index in splits.items():
            checked = check_readable(
                index.root, index.files, split, self.cache, self.skip_unreadable
            )
            kinds = {f"{kind} files": count for kind, count in index.left_out.items()}
            self.left_out[split] = kinds | dict(checked.left_out)
            found[split] = index.take(checked.usable) if checked.left_out else index
            files, labels = found[split].files, found[split].labels
            listed[split] = Listed(index.root, files, labels, checked.digests)
        for line in copies(listed):
            print(line)
        return found

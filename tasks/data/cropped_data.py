"""The base of data whose images are cropped at random in training."""

from collections.abc import Sequence

from backbone.errors import InputError
from tasks.data.module import DataModule
from tasks.images.crops import RandomResizedCrop
from tasks.images.files import image_size
from tasks.images.view import View


class CroppedData(DataModule):
    """Images resized to one size: a random crop of each in training, a fixed view in evaluation.

    Args:
        size: one number, or [height, width]: pixels that images are resized to.
        batch_size, workers, seed: see DataModule.
        crop: random resized crop in training.
        crop_scale: least and greatest area of that crop, as fractions of the image.
        view: the part of an image that evaluation looks at.
        limit: train on so many images only, taken from all classes in turn.
        validate_on_train: score the training images, uncropped, in place of the others.

    Raises:
        InputError: a crop scale out of range, or a limit below one.
    """

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
    ):
        super().__init__(batch_size, workers, seed, limit, validate_on_train)
        if not (len(crop_scale) == 2 and 0 < crop_scale[0] <= crop_scale[1] <= 1):
            raise InputError(
                f"data.crop_scale={list(crop_scale)}: give the least and the greatest share of the "
                "image's area, above 0 and up to 1, such as [0.08,1.0]"
            )
        if limit is not None and limit < 1:
            raise InputError(f"data.limit={limit}: train on one image at least, or null for all")
        if view.keep_aspect:
            raise InputError(
                "data.view.keep_aspect=true pads images, which only detectors are trained for: set "
                "data.view.crop_fraction=null to stretch whole images"
            )
        self.size, self.view = image_size(size), view
        self.crop = RandomResizedCrop((crop_scale[0], crop_scale[1])) if crop else None

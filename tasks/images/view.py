"""The part of an image that a network sees in evaluation and prediction."""

from collections.abc import Sequence
from dataclasses import dataclass

from backbone.errors import InputError
from tasks.images.crops import central_box
from tasks.images.files import Box, fit


@dataclass(frozen=True)
class View:
    """The part of an image that the network sees, and how it fills the input.

    By default it is the whole image, stretched to the input's shape.

    Args:
        crop_fraction: size of a central crop in (0, 1], relative to the largest central box that
            has the input's shape; 0.875 is the usual 224 of 256 pixels. None: no crop.
        box: the part of the image to crop from, xyxy as fractions of its width and height; None:
            the whole image.
        keep_aspect: scale both sides by one factor and pad the rest, instead of stretching. Only
            without a crop and a box.

    Raises:
        InputError: a fraction or box out of range, or padding together with a crop.
    """

    crop_fraction: float | None = None
    box: Sequence[float] | None = None
    keep_aspect: bool = False

    def __post_init__(self) -> None:
        if self.crop_fraction is not None and not 0 < self.crop_fraction <= 1:
            raise InputError(
                f"data.view.crop_fraction={self.crop_fraction}: give a share above 0 and up to 1 "
                "(0.875 is usual), or null for no crop"
            )
        if self.box is not None:
            check_box(self.box, "data.view.box")
        if self.keep_aspect and (self.crop_fraction is not None or self.box is not None):
            raise InputError(
                "data.view.keep_aspect=true shows the whole image: leave out "
                "data.view.crop_fraction and data.view.box"
            )

    def region(
        self,
        width: float,
        height: float,
        size: tuple[int, int],
        box: Sequence[float] | None = None,
    ) -> Box:
        """The part of an image of `width` x `height` pixels that the network sees, xyxy in pixels.

        Args:
            size: (h, w) of the network's input.
            box: the image's own box, instead of the view's.
        """
        left, top, right, bottom = frame(width, height, self.box if box is None else box)
        if self.crop_fraction is None:
            return left, top, right, bottom
        inner = central_box(right - left, bottom - top, self.crop_fraction, size)
        return inside(left, top, inner, width, height)

    def extent(self, width: float, height: float, size: tuple[int, int]) -> tuple[int, int]:
        """(h, w) that the region fills at the top left of `size`; the rest is padding."""
        return fit(width, height, size) if self.keep_aspect else size


def frame(width: float, height: float, box: Sequence[float] | None) -> Box:
    """A box of fractions in pixels of an image; None: the whole image."""
    if box is None:
        return 0.0, 0.0, width, height
    left, top, right, bottom = box
    return left * width, top * height, right * width, bottom * height


def inside(left: float, top: float, box: Box, width: float, height: float) -> Box:
    """`box`, given relative to (left, top), in pixels of the image and clipped to it.

    Rounding may move an edge out of the image by a billionth, which Pillow's resampling refuses.
    """
    x0, y0, x1, y1 = box
    return (
        max(left + x0, 0.0),
        max(top + y0, 0.0),
        min(left + x1, width),
        min(top + y1, height),
    )


def check_box(box: Sequence[float], key: str = "box") -> None:
    """Raise InputError unless a box is xyxy in fractions of an image."""
    if not (len(box) == 4 and 0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise InputError(
            f"{key}={list(box)}: give left, top, right and bottom as fractions of the image's "
            "width and height, such as [0.12,0.2,0.88,0.96], or null for all of it"
        )

"""The part of an image that a network sees: a central one, or a random one in training."""

from dataclasses import dataclass

import numpy as np

from tasks.images.files import Box


def central_box(width: float, height: float, fraction: float, size: tuple[float, float]) -> Box:
    """The centre of an image of `width` x `height` pixels, in the shape of `size` (h, w).

    It is the largest box of that shape, scaled by `fraction`. With 0.875 it is the usual crop of
    224 out of 256 pixels, in one resampling instead of a resize and a crop.
    """
    scale = fraction * min(width / size[1], height / size[0])
    # without min, rounding could move the box out of the image by a billionth: Pillow refuses that
    x, y = min(scale * size[1], width) / 2, min(scale * size[0], height) / 2
    return width / 2 - x, height / 2 - y, width / 2 + x, height / 2 + y


@dataclass(frozen=True)
class RandomResizedCrop:
    """The random crop of Inception (arXiv 1409.4842, section 6).

    Area and aspect ratio are drawn until a box fits into the image. If none of the `attempts` does,
    the crop is the largest central box with an allowed ratio.
    """

    scale: tuple[float, float] = (0.08, 1.0)
    """Area of the box as a fraction of the image, drawn evenly."""
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """How far the resized box is stretched, width over height, drawn evenly on a log scale."""
    attempts: int = 10

    def __call__(
        self, width: float, height: float, size: tuple[int, int], rng: np.random.Generator
    ) -> Box:
        """A box in an image of `width` x `height` pixels, to be resized to `size` (h, w)."""
        area, log_ratio, x, y = rng.random((4, self.attempts))
        shape = size[1] / size[0]
        low, high = np.log(self.ratio)
        ratio = shape * np.exp(low + log_ratio * (high - low))
        area = width * height * (self.scale[0] + area * (self.scale[1] - self.scale[0]))
        w, h = np.sqrt(area * ratio), np.sqrt(area / ratio)
        fits = np.flatnonzero((w <= width) & (h <= height))
        if not len(fits):
            ratio = min(max(width / height, shape * self.ratio[0]), shape * self.ratio[1])
            return central_box(width, height, 1.0, (1.0, ratio))
        i = fits[0]
        left, top = x[i] * (width - w[i]), y[i] * (height - h[i])
        return float(left), float(top), float(left + w[i]), float(top + h[i])

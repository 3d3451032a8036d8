"""The photographs that an exported file is checked on, as the network sees them."""

from pathlib import Path

import numpy as np

from backbone.errors import InputError, number_of
from tasks.images.files import open_image
from tasks.images.inputs import named_images, require_file
from tasks.images.video import is_video
from tasks.training.model import Model
from tasks.training.presenter import spread

FEWEST, MOST, CALIBRATION = 20, 32, 64


def named_photographs(given: Path) -> list[Path]:
    """At least 20 image files below a folder or matched by a pattern, at most 32, spread evenly.

    Raises:
        InputError: there are fewer, or one is no file.
    """
    return _some_of(given, "photos", MOST, "the check takes")


def calibration_photographs(given: Path) -> list[Path]:
    """The same for the ranges of integers, at most 64.

    Raises:
        InputError: as above.
    """
    return _some_of(given, "int8", CALIBRATION, "ranges are measured on")


def _some_of(given: Path, option: str, most: int, use: str) -> list[Path]:
    paths = [path for path in named_images([given])[0] if not is_video(path)]
    if len(paths) < FEWEST:
        for path in paths:  # one that is not there counts as one
            require_file(path)
        raise InputError(
            f"{option}={given}: {number_of(len(paths), 'photograph')}, and {use} at least "
            f"{FEWEST}: name a folder with more of them"
        )
    chosen = [paths[row] for row in spread(len(paths), most)]
    for path in chosen:
        require_file(path)
    return chosen


def pixels_of_files(model: Model, paths: list[Path]) -> np.ndarray:
    """What a model's network sees of files: contiguous uint8[N, h, w, 3].

    Raises:
        InputError: one cannot be read as an image.
    """
    sizes = [open_image(path).size for path in paths]
    return np.stack([model.pixels(path, *size) for path, size in zip(paths, sizes, strict=True)])

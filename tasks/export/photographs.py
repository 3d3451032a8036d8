"""The photographs that an exported file is checked on, as the network sees them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from backbone.errors import InputError, number_of
from tasks.data.module import DataModule
from tasks.images.files import open_image
from tasks.images.inputs import named_images, require_file
from tasks.images.video import is_video
from tasks.runs.parts import PARTS
from tasks.training.checkpoints import Checkpoint
from tasks.training.model import Model
from tasks.training.presenter import spread

FEWEST, MOST, CALIBRATION = 20, 32, 64
ADVICE = "name photographs with photos=FOLDER"
LABELLED = "say where the data lie with data.root=FOLDER"


def named_photographs(given: Path) -> list[Path]:
    """At least 20 image files below a folder or matched by a pattern, at most 32, spread evenly.

    Raises:
        InputError: there are fewer, or one is no file.
    """
    return _some_of(given, "photos", MOST, _too_few)


def calibration_photographs(given: Path) -> list[Path]:
    """The same for the ranges of integers, at most 64.

    Raises:
        InputError: as above.
    """

    def too_few(count: int) -> str:
        return _too_few(count, "ranges are measured on", "name a folder with more of them")

    return _some_of(given, "int8", CALIBRATION, too_few)


def _some_of(given: Path, option: str, most: int, too_few: Callable[[int], str]) -> list[Path]:
    paths = [path for path in named_images([given])[0] if not is_video(path)]
    if len(paths) < FEWEST:
        for path in paths:  # one that is not there counts as one
            require_file(path)
        raise InputError(f"{option}={given}: {too_few(len(paths))}")
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


def validation_pixels(checkpoint: Checkpoint) -> tuple[np.ndarray, str]:
    """Images of the data that a checkpoint was scored on, as its network sees them.

    Returns:
        Contiguous uint8[N, h, w, 3], N from 20 to 32; and where they come from, in words.

    Raises:
        InputError: the run's config.yaml or its data are not there any more, there are too few
            images, or one cannot be read.
    """
    data = run_data(checkpoint)
    split = data.reported
    count = len(data.datasets[split])
    if count < FEWEST:
        raise InputError(f"{checkpoint.path}: its data: {_too_few(count)}")
    rows = spread(count, MOST)
    images = data.batch(split, rows)["image"].permute(0, 2, 3, 1)
    name = OmegaConf.select(run_config(checkpoint), "data.name")
    return np.ascontiguousarray(images.numpy()), f"{split} images of {name}"


def run_data(checkpoint: Checkpoint, root: Path | None = None, advice: str = ADVICE) -> DataModule:
    """The data of the run that wrote a checkpoint, set up.

    Args:
        root: folder where they lie now; None: where they lay then.
        advice: what to do where they are not there.

    Raises:
        InputError: as of `validation_pixels`.
    """
    config = run_config(checkpoint, advice)
    if PARTS in config:
        raise InputError(f"{checkpoint.path}: a joint network has no one data set: {advice}")
    module = OmegaConf.to_container(config.data.module, resolve=True)
    if root is not None:
        module = _moved(module, str(OmegaConf.select(config, "data.root")), str(root))
    try:
        data: DataModule = instantiate(module, batch_size=1, workers=0)
        data.setup("fit")
    except InputError as error:
        raise InputError(f"{error}. To check the file on other images, {advice}") from error
    except Exception as error:
        if isinstance(error.__cause__, InputError):
            raise InputError(f"{error.__cause__}. To check on other images, {advice}") from error
        raise
    return data


def run_config(checkpoint: Checkpoint, advice: str = ADVICE) -> DictConfig:
    """The configuration beside a checkpoint, of whose data only this suite's own are built.

    Raises:
        InputError: there is none, it is damaged, or its data are not of this suite.
    """
    path = checkpoint.path.parent / "config.yaml"
    if not path.is_file():
        raise InputError(f"{path}, which says what data the run had, is not there: {advice}")
    try:
        config = OmegaConf.load(path)
        assert isinstance(config, DictConfig)
        plain = OmegaConf.to_container(config.data.module, resolve=True)
    except (OmegaConfBaseException, yaml.YAMLError, AssertionError, ValueError, OSError) as error:
        raise InputError(f"{path} is damaged: {advice}") from error
    foreign = [target for target in _targets(plain) if not target.startswith("tasks.")]
    if foreign:
        raise InputError(
            f"{path}: its data are {foreign[0]}, which is not part of this suite: {advice}"
        )
    return config


def _moved(value: Any, old: str, new: str) -> Any:
    """Plain values with one text in place of another."""
    if isinstance(value, list):
        return [_moved(inner, old, new) for inner in value]
    if isinstance(value, dict):
        return {key: _moved(inner, old, new) for key, inner in value.items()}
    return new if value == old else value


def _targets(value: Any) -> list[str]:
    """What a configuration would build or call."""
    if isinstance(value, list):
        return [target for inner in value for target in _targets(inner)]
    if not isinstance(value, dict):
        return []
    own = [str(value["_target_"])] if "_target_" in value else []
    return own + [target for inner in value.values() for target in _targets(inner)]


def _too_few(count: int, what: str = "the check takes", advice: str = ADVICE) -> str:
    return f"{number_of(count, 'photograph')}, and {what} at least {FEWEST}: {advice}"

"""The photographs that an exported file is checked on, as the network sees them."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from backbone.errors import InputError
from tasks.data.module import DataModule
from tasks.images.files import open_image
from tasks.images.inputs import named_images, require_file
from tasks.images.video import is_video
from tasks.training.checkpoints import Checkpoint
from tasks.training.model import Model
from tasks.training.presenter import spread

FEWEST, MOST = 20, 32
ADVICE = "name photographs with photos=FOLDER"


def named_photographs(given: Path) -> list[Path]:
    """At least 20 image files below a folder or matched by a pattern, at most 32, spread evenly.

    Raises:
        InputError: there are fewer, or one is no file.
    """
    paths = [path for path in named_images([given])[0] if not is_video(path)]
    if len(paths) < FEWEST:
        raise InputError(f"photos={given}: {_too_few(len(paths))}")
    chosen = [paths[row] for row in spread(len(paths), MOST)]
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


def run_data(checkpoint: Checkpoint) -> DataModule:
    """The data of the run that wrote a checkpoint, set up.

    Raises:
        InputError: as of `validation_pixels`.
    """
    config = run_config(checkpoint)
    try:
        data: DataModule = instantiate(config.data.module, batch_size=1, workers=0)
        data.setup("fit")
    except InputError as error:
        raise InputError(f"{error}. To check the file on other images, {ADVICE}") from error
    except Exception as error:
        if isinstance(error.__cause__, InputError):
            raise InputError(f"{error.__cause__}. To check on other images, {ADVICE}") from error
        raise
    return data


def run_config(checkpoint: Checkpoint) -> DictConfig:
    """The configuration beside a checkpoint, of whose data only this suite's own are built.

    Raises:
        InputError: there is none, it is damaged, or its data are not of this suite.
    """
    path = checkpoint.path.parent / "config.yaml"
    if not path.is_file():
        raise InputError(f"{path}, which says what data the run had, is not there: {ADVICE}")
    try:
        config = OmegaConf.load(path)
        assert isinstance(config, DictConfig)
        plain = OmegaConf.to_container(config.data.module, resolve=True)
    except (OmegaConfBaseException, yaml.YAMLError, AssertionError, ValueError, OSError) as error:
        raise InputError(f"{path} is damaged: {ADVICE}") from error
    foreign = [target for target in _targets(plain) if not target.startswith("tasks.")]
    if foreign:
        raise InputError(
            f"{path}: its data are {foreign[0]}, which is not part of this suite: {ADVICE}"
        )
    return config


def _targets(value: Any) -> list[str]:
    """What a configuration would build or call."""
    if isinstance(value, list):
        return [target for inner in value for target in _targets(inner)]
    if not isinstance(value, dict):
        return []
    own = [str(value["_target_"])] if "_target_" in value else []
    return own + [target for inner in value.values() for target in _targets(inner)]


def _too_few(count: int) -> str:
    return f"{count} photographs, and the check takes at least {FEWEST}: {ADVICE}"

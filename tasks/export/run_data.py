"""The labelled data of the run that wrote a checkpoint, which its exported files are checked on."""

from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from backbone.errors import InputError, number_of
from tasks.data.module import DataModule
from tasks.export.photographs import FEWEST, MOST
from tasks.runs.parts import PARTS
from tasks.runs.plain_files import yaml_in
from tasks.training.checkpoints import Checkpoint
from tasks.training.presenter import spread

MOVED = "; if the data have moved, name their folder with data.root=FOLDER"
INSTEAD = ", or name photographs with photos=FOLDER"


def validation_pixels(checkpoint: Checkpoint, root: Path | None = None) -> tuple[np.ndarray, str]:
    """Images of the data that a checkpoint was scored on, as its network sees them.

    Args:
        root: see `run_data`.

    Returns:
        Contiguous uint8[N, h, w, 3], N from 20 to 32; and where they come from, in words.

    Raises:
        InputError: the run's config.yaml or its data are not there any more, there are too few
            images, or one cannot be read.
    """
    data = run_data(checkpoint, root, INSTEAD)
    split = data.reported
    count = len(data.datasets[split])
    if count < FEWEST:
        raise InputError(
            f"{checkpoint.path}: its run was scored on {number_of(count, 'image')}, and the check "
            f"takes at least {FEWEST}: name photographs with photos=FOLDER"
        )
    rows = spread(count, MOST)
    images = data.batch(split, rows)["image"].permute(0, 2, 3, 1)
    name = OmegaConf.select(run_config(checkpoint), "data.name")
    return np.ascontiguousarray(images.numpy()), f"{split} images of {name}"


def run_data(checkpoint: Checkpoint, root: Path | None = None, instead: str = "") -> DataModule:
    """The data of the run that wrote a checkpoint, set up.

    Args:
        root: folder where they are now; None: where they were then.
        instead: what else a user can do if they cannot be used; it ends the messages.

    Raises:
        InputError: as of `validation_pixels`.
    """
    config = run_config(checkpoint, instead)
    if PARTS in config:
        raise InputError(
            f"{checkpoint.path}: a joint network was trained on several data sets: use the "
            f"checkpoint of one of its parts{instead}"
        )
    module = OmegaConf.to_container(config.data.module, resolve=True)
    if root is not None:
        old = str(OmegaConf.select(config, "data.root"))
        module, was = _moved(module, old, str(root)), module
        if module == was:
            raise InputError(f"data.root={root}: the run's data do not lie below its data.root")
    try:
        data: DataModule = instantiate(module, batch_size=1, workers=0)
        data.setup("fit")
    except Exception as error:
        cause = error if isinstance(error, InputError) else error.__cause__
        if isinstance(cause, InputError):
            raise InputError(f"{cause}{MOVED if root is None else ''}{instead}") from error
        raise
    return data


def run_config(checkpoint: Checkpoint, instead: str = "") -> DictConfig:
    """The configuration beside a checkpoint, of whose data only this suite's own are built.

    Args:
        instead: as of `run_data`.

    Raises:
        InputError: there is none, it is damaged, or its data are not of this suite.
    """
    path = checkpoint.path.parent / "config.yaml"
    if not path.is_file():
        raise InputError(
            f"{path} is missing; it says what data the run had: copy it from the folder of the "
            f"run{instead}"
        )
    try:
        config = OmegaConf.create(yaml_in(path))
        assert isinstance(config, DictConfig)
        plain = OmegaConf.to_container(config.data.module, resolve=True)
    except (OmegaConfBaseException, AssertionError, ValueError, OSError) as error:
        raise InputError(
            f"{path} is damaged: copy it from the folder of the run{instead}"
        ) from error
    foreign = [target for target in _targets(plain) if not target.startswith("tasks.")]
    if foreign:
        raise InputError(
            f"{path}: its data are {foreign[0]}, which is not part of this suite, so they are not "
            f"loaded{instead}"
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

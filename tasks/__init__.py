"""Applications of one MobileNet trunk, from Python:

    import tasks

    model = tasks.load("runs/ssd_coco/.../best.ckpt")
    answer = model.answer("photo.jpg")
    model.draw("photo.jpg", answer).save("photo-answered.png")

    result = tasks.train("task=ssd_coco", "mode=sample", "backbone.alpha=0.75")

Nothing here imports torch before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.training.model import Model

__all__ = ["load", "train"]


def load(checkpoint: str | Path, trust: Sequence[str] = (), device: str = "cpu") -> Model:
    """The trained model of a run, rebuilt from its checkpoint alone.

    Args:
        checkpoint: a run's best.ckpt.
        trust: your own modules that define its task; they are imported.
        device: the device that computes, as torch names it.

    Raises:
        backbone.errors.InputError: the file is damaged or not a checkpoint of this suite, or names
            code that is neither the suite's nor trusted.
    """
    from tasks.training.model import Model

    return Model.load(checkpoint, trust, device)


def train(*overrides: str) -> dict[str, Any]:
    """Train and score the configuration of these overrides of `python -m tasks.run`.

    An interrupted run is continued; for a finished run only the result is returned. In contrast to
    the command, errors are raised, and nothing ends the process.

    Returns:
        The content of the run's result.json, and its folder as `directory`.

    Raises:
        backbone.errors.InputError: options, files or weights cannot be used.
    """
    from tasks.cli.configuration import check_config, compose_config
    from tasks.run import run
    from tasks.runs.directory import RunDirectory

    given = list(overrides)
    config = check_config(compose_config(given), given)
    run(config)
    directory = RunDirectory(config)
    return {**(directory.result() or {}), "directory": str(directory.path)}

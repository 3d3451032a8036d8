"""Fill in a trunk's form if the user left it open: the form that the weights were trained with."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from backbone.errors import InputError, number_of
from backbone.folded import batch_statistics
from backbone.forms import FORM, KERAS_OPTIONS, NO_WEIGHTS, PYTORCH_OPTIONS
from backbone.trunk import Trunk
from backbone.weight_files import read_file
from backbone.weights import load_weights
from tasks.images.preprocessing import Preprocess
from tasks.runs.options import with_options

# A form is accepted if the running statistics are similar to those of the images (see `mismatch`),
# and clearly less similar with the next best form. On photographs, the right form of Keras's and
# torchvision's weights has 0.06 to 0.21, and the next one at least 1.36 times that. On aligned
# faces, which such networks have never seen, no form is below 0.78.
LARGEST, MARGIN = 0.4, 1.2


def open_form(config: DictConfig) -> list[str]:
    """The options of the trunk's form that are set neither by the user nor by a publisher."""
    return [k for k in FORM if k in config.backbone and config.backbone[k] is None]


def with_form(config: DictConfig, images: Callable[[], Tensor] | None) -> DictConfig:
    """The configuration with the form that its weights were trained with.

    Args:
        config: resolved; options of the form that the user set are kept.
        images: returns uint8[B, 3, H, W] images, to measure the form of a file of unknown origin;
            None if there are none.

    Raises:
        InputError: the file cannot be read, or nothing shows its form.
    """
    names = open_form(config)
    if not names:
        return config
    whole = OmegaConf.select(config, "task.head.weights")
    source = str(config.backbone.weights if whole in NO_WEIGHTS else whole)
    file = read_file(Path(source))
    form = {name: file.options[name] for name in names if name in file.options}
    if len(form) < len(names):
        form = _measured(config, source, names, images)
    return with_options(config, {f"backbone.{name}": value for name, value in form.items()})


def _measured(
    config: DictConfig,
    source: str,
    names: list[str],
    images: Callable[[], Tensor] | None,
) -> dict[str, Any]:
    """The form for which a file's running statistics are those of the images.

    Raises:
        InputError: no form fits, or two fit equally well.
    """
    by_hand = (
        f"{source} does not say with which form its weights were trained, and a wrong form gives "
        "meaningless scores. Set "
        + ", ".join(
            f"backbone.{name}={KERAS_OPTIONS[name]} or {PYTORCH_OPTIONS[name]}" for name in names
        )
    )
    if images is None:
        raise InputError(by_hand)
    options: dict[str, Any] = dict(OmegaConf.to_container(config.backbone))  # type: ignore[arg-type]
    del options["weights"]
    pixels = images()
    found: list[tuple[float, dict[str, Any]]] = []
    for values in product(*((KERAS_OPTIONS[name], PYTORCH_OPTIONS[name]) for name in names)):
        form = dict(zip(names, values, strict=True))
        trunk: Trunk = instantiate(options | form)
        load_weights(trunk, source)
        found.append((mismatch(trunk, pixels), form))
    found.sort(key=lambda pair: pair[0])
    (best, form), (second, other) = found[:2]
    if not (best <= LARGEST and second >= MARGIN * best):  # also refuses nan
        raise InputError(
            f"{by_hand}. Measured on {number_of(len(pixels), 'image')}, its running statistics "
            f"fit none well enough: best {_words(form)} ({best:.2f}), then {_words(other)} "
            f"({second:.2f})"
        )
    print(
        f"{source} does not say its form; on {number_of(len(pixels), 'image')} its running "
        f"statistics fit {_words(form)} ({best:.2f}; next {_words(other)}, {second:.2f})"
    )
    return form


def _words(form: dict[str, Any]) -> str:
    return " ".join(f"backbone.{name}={value}" for name, value in form.items())


def mismatch(trunk: Trunk, pixels: Tensor) -> float:
    """The distance of a trunk's running statistics from those of images; 0 if they are equal.

    It is the mean over layers and channels of the squared difference of the means, in units of the
    running variance, plus the squared logarithm of the ratio of the variances.

    Args:
        pixels: uint8[B, 3, H, W].
    """
    preprocess = Preprocess(trunk.normalization)
    found = []
    for norm, (mean, variance) in batch_statistics(trunk, [preprocess(pixels)]).items():
        assert norm.running_mean is not None
        assert norm.running_var is not None
        spread = norm.running_var + norm.eps
        shift = (mean - norm.running_mean).square() / spread
        found.append((shift + ((variance + norm.eps) / spread).log().square()).mean())
    return float(torch.stack(found).mean())

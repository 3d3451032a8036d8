"""Weights that others publish, trained on ImageNet's 1,000 classes, by a word: `keras`, `timm`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from torch import nn

from backbone.download import fetch
from backbone.errors import InputError
from backbone.keras_h5 import MAGIC
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.trunk import Trunk
from backbone.weight_files import WeightsFile, read_file
from backbone.weight_names import KERAS_OPTIONS, TIMM_V1, TIMM_V2, NamingScheme


@dataclass(frozen=True)
class KerasFiles:
    """The official files of one network.

    Args:
        url: with `{alpha}` and `{size}`.
        alphas: width multiplier -> how the file's name writes it, and the resolutions in pixels
            that networks of this width were trained at.
    """

    url: str
    alphas: Mapping[float, tuple[str, tuple[int, ...]]]


KERAS_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications"
V1_SIZES = (224, 192, 160, 128)
V2_SIZES = (*V1_SIZES, 96)
KERAS_FILES: dict[type[Trunk], KerasFiles] = {
    MobileNetV1: KerasFiles(
        f"{KERAS_ADDRESS}/mobilenet/mobilenet_{{alpha}}_{{size}}_tf.h5",
        {
            0.25: ("2_5", V1_SIZES),
            0.5: ("5_0", V1_SIZES),
            0.75: ("7_5", V1_SIZES),
            1.0: ("1_0", V1_SIZES),
        },
    ),
    MobileNetV2: KerasFiles(
        f"{KERAS_ADDRESS}/mobilenet_v2/"
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{size}.h5",
        {
            0.35: ("0.35", V2_SIZES),
            0.5: ("0.5", V2_SIZES),
            0.75: ("0.75", V2_SIZES),
            1.0: ("1.0", V2_SIZES),
            1.3: ("1.3", (224,)),
            1.4: ("1.4", (224,)),
        },
    ),
}
TIMM_MODELS = {
    MobileNetV1: (TIMM_V1, {1.0: "mobilenetv1_100", 1.25: "mobilenetv1_125"}),
    MobileNetV2: (
        TIMM_V2,
        {0.5: "mobilenetv2_050", 1.0: "mobilenetv2_100", 1.4: "mobilenetv2_140"},
    ),
}


def read_keras(
    trunk: Trunk, size: tuple[int, int] | None, cache: Path | None
) -> tuple[str, WeightsFile]:
    """Keras's official weights for a trunk: (a line on where they came from, what they hold).

    Args:
        trunk: the network to fill.
        size: (height, width) of the images in pixels; of the published resolutions the nearest is
            taken. None: the largest.
        cache: folder for the downloaded file; None for PyTorch's own.

    Raises:
        InputError: a network, width or option that Keras does not publish; see `fetch`.
    """
    if type(trunk) not in KERAS_FILES:
        raise InputError(
            f"Keras publishes weights of MobileNetV1 and MobileNetV2, not of a "
            f"{type(trunk).__name__}: take backbone.weights=timm"
        )
    files = KERAS_FILES[type(trunk)]
    written, sizes = _of_alpha("Keras", trunk, files.alphas)
    _expect_options("Keras", trunk, KERAS_OPTIONS)
    side = sizes[0] if size is None else (size[0] * size[1]) ** 0.5
    nearest = min(sizes, key=lambda published: abs(published - side))
    url = files.url.format(alpha=written, size=nearest)
    folder = Path(torch.hub.get_dir(), "checkpoints") if cache is None else cache
    path = fetch(url, folder / url.rpartition("/")[2], begins=MAGIC)
    origin = f"{path}, Keras's for {nearest}x{nearest}"
    if size is not None and size != (nearest, nearest):
        origin += f", the nearest to {size[0]}x{size[1]}"
    return origin, read_file(path)


def read_timm(trunk: Trunk) -> tuple[str, WeightsFile]:
    """timm's weights for a trunk, through timm's own hub code, cache and mirrors.

    Returns:
        As `read_keras`.

    Raises:
        InputError: a network, width or option that timm does not publish, or no way to its hub.
    """
    import timm  # seconds, which only those pay who use it

    if type(trunk) in TIMM_MODELS:
        scheme, names = TIMM_MODELS[type(trunk)]
        name, arguments = _of_alpha("timm", trunk, names), {}
        _expect_options("timm", trunk, scheme.options)
    elif hasattr(trunk, "timm_names"):
        scheme, arguments = None, dict(trunk.options)
        name = arguments.pop("name")
    else:
        raise InputError(f"timm publishes no weights of a {type(trunk).__name__}")
    config = timm.get_pretrained_cfg(name)
    if config is None or not (config.hf_hub_id or config.url):
        similar = get_close_matches(name, timm.list_pretrained(), n=5, cutoff=0)
        raise InputError(f"timm has no weights of {name}; it has some of {', '.join(similar)}")
    try:
        complete = timm.create_model(name, pretrained=True, **arguments)
    except OSError as error:  # also what urllib and Hugging Face's hub raise
        address = f"https://huggingface.co/{config.hf_hub_id}" if config.hf_hub_id else config.url
        raise InputError(
            f"timm's weights of {name} cannot be fetched ({error}): try again, or fetch the file "
            f"at {address} by hand and give its path as backbone.weights"
        ) from error
    scheme = scheme or _timm_scheme(trunk, complete)
    config = complete.pretrained_cfg
    origin = f"timm's {config['architecture']}.{config['tag']}"
    return origin, WeightsFile(complete.state_dict(), scheme, None, scheme.options)


def as_timm(trunk: Trunk, file: WeightsFile) -> WeightsFile:
    """A file of timm's or torchvision's complete network as a TimmTrunk of that network sees it."""
    import timm

    arguments = dict(trunk.options)
    complete = timm.create_model(arguments.pop("name"), **arguments)
    return replace(file, scheme=_timm_scheme(trunk, complete), network=None, options={})


def _timm_scheme(trunk: Trunk, complete: nn.Module) -> NamingScheme:
    """timm's names of a complete network, to those of the TimmTrunk that is its beginning.

    What the network has beyond the trunk is its classifier. Its linear layer becomes `fc`, and
    others in front of it `fc.<timm's name>`; so do all of them in a network that is no chain, such
    as a vision transformer: most of those classify one token, and not the mean of the last map.
    """
    modules = {_module(theirs): _module(ours) for ours, theirs in trunk.timm_names.items()}
    head = {_module(key) for key in complete.state_dict()} - modules.keys()
    linear = complete.pretrained_cfg["classifier"] if _is_chain(trunk) else None
    modules |= {module: "fc" if module == linear else f"fc.{module}" for module in sorted(head)}
    return NamingScheme("timm", None, modules, {})


def _is_chain(trunk: Trunk) -> bool:
    try:
        trunk.split(trunk.taps[0])
    except InputError:
        return False
    return True


def _module(key: str) -> str:
    return key.rpartition(".")[0]


def imagenet_classes() -> list[str]:
    """WordNet ids of the 1,000 classes, in the published classifiers' order. Imports timm."""
    from timm.data import ImageNetInfo

    return ImageNetInfo("imagenet-1k").label_names()


def _of_alpha(publisher: str, trunk: Trunk, published: Mapping[float, Any]) -> Any:
    alpha = trunk.options["alpha"]
    if alpha not in published:
        raise InputError(
            f"{publisher} publishes weights of {type(trunk).__name__} for alpha "
            f"{', '.join(map(str, published))}, not {alpha}: set backbone.alpha"
        )
    return published[alpha]


def _expect_options(publisher: str, trunk: Trunk, trained: Mapping[str, object]) -> None:
    differing = {k: v for k, v in trained.items() if trunk.options[k] != v}
    if differing:
        raise InputError(
            f"{publisher}'s weights of {type(trunk).__name__} were trained with other options than "
            f"this trunk's and would compute nonsense: add "
            + " ".join(f"backbone.{name}={value}" for name, value in differing.items())
        )

"""Weights published by Keras and timm, trained on ImageNet's 1,000 classes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import torch

from backbone.download import fetch
from backbone.errors import InputError
from backbone.forms import KERAS_OPTIONS
from backbone.keras_h5 import MAGIC
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.trunk import Trunk
from backbone.weight_files import WeightsFile, read_file
from backbone.weight_names import TIMM_V1, TIMM_V2, NamingScheme

Published = TypeVar("Published")


@dataclass(frozen=True)
class KerasFiles:
    """The official files of one network.

    Args:
        url: with `{alpha}` and `{size}`.
        alphas: width multiplier -> its spelling in file names, and the resolutions in pixels at
            which networks of this width were trained.
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
# ImageNet top-1 in percent that Keras states for its files (the docstrings of keras-applications'
# mobilenet.py and mobilenet_v2.py): network -> width multiplier -> resolution -> score. It states
# none for the smaller sizes of the narrow MobileNetV1s.
KERAS_TOP1: dict[type[Trunk], Mapping[float, Mapping[int, float]]] = {
    MobileNetV1: {
        1.0: {224: 70.6, 192: 69.1, 160: 67.2, 128: 64.4},
        0.75: {224: 68.4},
        0.5: {224: 63.7},
        0.25: {224: 50.6},
    },
    MobileNetV2: {
        1.4: {224: 75.0},
        1.3: {224: 74.4},
        1.0: {224: 71.8, 192: 70.7, 160: 68.8, 128: 65.3, 96: 60.3},
        0.75: {224: 69.8, 192: 68.7, 160: 66.4, 128: 63.2, 96: 58.8},
        0.5: {224: 65.4, 192: 63.9, 160: 61.0, 128: 57.7, 96: 51.2},
        0.35: {224: 60.3, 192: 58.2, 160: 55.7, 128: 50.8, 96: 45.5},
    },
}
# ImageNet top-1 in percent at 224x224 that timm states: for MobileNetV1 in its README (July and
# August 2024), for MobileNetV2 in its results/results-imagenet.csv.
TIMM_TOP1 = {
    "mobilenetv1_100.ra4_e3600_r224_in1k": 75.382,
    "mobilenetv1_125.ra4_e3600_r224_in1k": 76.924,
    "mobilenetv2_050.lamb_in1k": 65.950,
    "mobilenetv2_100.ra_in1k": 72.976,
    "mobilenetv2_140.ra_in1k": 76.520,
}
# network -> timm's names of its tensors, and width multiplier -> timm's name of the model
TIMM_MODELS: dict[type[Trunk], tuple[NamingScheme, dict[float, str]]] = {
    MobileNetV1: (TIMM_V1, {1.0: "mobilenetv1_100", 1.25: "mobilenetv1_125"}),
    MobileNetV2: (
        TIMM_V2,
        {0.5: "mobilenetv2_050", 1.0: "mobilenetv2_100", 1.4: "mobilenetv2_140"},
    ),
}


def read_keras(
    trunk: Trunk, size: tuple[int, int] | None, cache: Path | None
) -> tuple[str, WeightsFile]:
    """Keras's official weights for a trunk: (a description of their origin, their content).

    Args:
        trunk: the network to fill.
        size: (height, width) of the images in pixels, to choose the nearest of the published
            resolutions; None for the largest.
        cache: folder for the downloaded file; None for PyTorch's own.

    Raises:
        InputError: Keras publishes nothing for this network, width or options, or the file cannot
            be fetched (see `fetch`).
    """
    if type(trunk) not in KERAS_FILES:
        raise InputError(
            f"Keras publishes weights of MobileNetV1 and MobileNetV2, but not of "
            f"{type(trunk).__name__}: set backbone.weights=timm"
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
    score = KERAS_TOP1[type(trunk)][trunk.options["alpha"]].get(nearest)
    if score is not None:
        origin += f"; Keras states top-1 {score} on ImageNet"
    return origin, read_file(path)


def read_timm(trunk: Trunk) -> tuple[str, WeightsFile]:
    """timm's weights for a trunk, through timm's own hub code, cache and mirrors.

    Returns:
        As `read_keras`.

    Raises:
        InputError: timm publishes nothing for this network, width or options, or its hub cannot be
            reached.
    """
    import timm  # takes seconds, so it is only imported when it is needed

    scheme: NamingScheme | None = None
    arguments: dict[str, Any] = {}
    if type(trunk) in TIMM_MODELS:
        scheme, models = TIMM_MODELS[type(trunk)]
        name = _of_alpha("timm", trunk, models)
        _expect_options("timm", trunk, scheme.options)
    elif trunk.timm_names is not None:
        name, arguments = trunk.timm_name, dict(trunk.timm_arguments)
    else:
        raise InputError(f"timm publishes no weights of a {type(trunk).__name__}")
    config = timm.get_pretrained_cfg(name)
    if config is None or not (config.hf_hub_id or config.url):
        similar = get_close_matches(name, timm.list_pretrained(), n=5, cutoff=0)
        raise InputError(f"timm has no weights of {name}; it has those of {', '.join(similar)}")
    try:
        complete: Any = timm.create_model(name, pretrained=True, **arguments)
    except OSError as error:  # the errors of urllib and of Hugging Face's hub are OSErrors
        address = f"https://huggingface.co/{config.hf_hub_id}" if config.hf_hub_id else config.url
        raise InputError(
            f"timm's weights of {name} cannot be fetched ({error}): try again, or download the "
            f"file at {address} by hand and give its path as backbone.weights"
        ) from error
    scheme = scheme or _timm_scheme(trunk, complete)
    published = "{architecture}.{tag}".format_map(complete.pretrained_cfg)
    origin = f"timm's {published}"
    if published in TIMM_TOP1:
        origin += f"; timm states top-1 {TIMM_TOP1[published]} on ImageNet at 224x224"
    return origin, WeightsFile(complete.state_dict(), scheme, None, scheme.options)


def as_timm(trunk: Trunk, file: WeightsFile) -> WeightsFile:
    """A file of timm's or torchvision's complete network, with the names of a TimmTrunk.

    Args:
        trunk: a TimmTrunk of the same network.
        file: its content, under any publisher's names.
    """
    import timm

    complete = timm.create_model(trunk.timm_name, **trunk.timm_arguments)
    return replace(file, scheme=_timm_scheme(trunk, complete), network=None, options={})


def _timm_scheme(trunk: Trunk, complete: Any) -> NamingScheme:
    """timm's names of a complete network -> those of the TimmTrunk that is its first part.

    The rest of the network is its classifier. The linear layer becomes `fc`, and any layer before
    it `fc.<timm's name>`. In a network that is not a chain, such as a vision transformer, every
    layer of the classifier becomes `fc.<timm's name>`: most of these networks classify one token,
    not the mean of the last map.
    """
    modules = {_module(theirs): _module(ours) for ours, theirs in (trunk.timm_names or {}).items()}
    head = {_module(key) for key in complete.state_dict()} - modules.keys()
    linear = complete.pretrained_cfg["classifier"] if trunk.is_chain else None
    modules |= {module: "fc" if module == linear else f"fc.{module}" for module in sorted(head)}
    return NamingScheme("timm", None, modules, {})


def _module(key: str) -> str:
    return key.rpartition(".")[0]


def imagenet_classes() -> list[str]:
    """WordNet ids of the 1,000 classes, in the published classifiers' order. Imports timm."""
    from timm.data import ImageNetInfo

    # timm leaves this one untyped
    names: list[str] = ImageNetInfo("imagenet-1k").label_names()  # type: ignore[no-untyped-call]
    return names


def _of_alpha(publisher: str, trunk: Trunk, published: Mapping[float, Published]) -> Published:
    """The published weights for the trunk's width.

    Raises:
        InputError: there are none.
    """
    alpha = trunk.options["alpha"]
    if alpha not in published:
        raise InputError(
            f"{publisher} publishes weights of {type(trunk).__name__} for alpha "
            f"{', '.join(map(str, published))}, not {alpha}: set backbone.alpha"
        )
    return published[alpha]


def _expect_options(publisher: str, trunk: Trunk, trained: Mapping[str, Any]) -> None:
    """Raise an InputError if weights trained with these options would not work in the trunk."""
    differing = {k: v for k, v in trained.items() if trunk.options[k] != v}
    if differing:
        raise InputError(
            f"{publisher}'s weights of {type(trunk).__name__} were trained with other options than "
            "this trunk's and would give meaningless outputs: add "
            + " ".join(f"backbone.{name}={value}" for name, value in differing.items())
        )

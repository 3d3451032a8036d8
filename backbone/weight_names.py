"""The names of tensors in released weights, and this project's names for them.

The project's names are `<layer>.<conv|bn>.<tensor>`, and `fc.<tensor>` for the classifier.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backbone.forms import KERAS_OPTIONS, PYTORCH_OPTIONS, TIMM_V1_OPTIONS
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import ROWS, MobileNetV2
from backbone.trunk import Trunk


@dataclass(frozen=True)
class NamingScheme:
    """A publisher's names for a network's tensors, and options that no tensor shows.

    Args:
        name: the publisher, for reports.
        network: the class whose tensors these are; None if the names do not tell.
        modules: publisher's module path -> ours, in the order in which the network runs.
        options: constructor arguments that the weights were trained with.
        background: whether output 0 of the classifier is the background, for which no classifier
            here has an output.
        beyond: prefixes of the modules that a detector has besides its trunk.
    """

    name: str
    network: type[Trunk] | None
    modules: Mapping[str, str]
    options: Mapping[str, Any]
    background: bool = False
    beyond: tuple[str, ...] = ()

    def native(self, key: str) -> str:
        """Our name for a tensor; a key that the scheme does not know is returned unchanged."""
        module, _, tensor = key.rpartition(".")
        return f"{self.modules[module]}.{tensor}" if module in self.modules else key


def _paths(begin: str, block: str, blocks: Iterable[int | str], end: str) -> list[str]:
    """Module paths in running order; `{0}` in `block` is replaced by each of `blocks` in turn."""
    inside = (path.format(name) for name in blocks for path in block.split())
    return [*begin.split(), *inside, *end.split()]


def _pairs(
    ours: Sequence[str], begin: str, block: str, blocks: Iterable[int | str], end: str
) -> dict[str, str]:
    """Publisher's module path -> ours; the publisher's are given as to `_paths`."""
    return dict(zip(_paths(begin, block, blocks, end), ours, strict=True))


def _stages(counts: Iterable[int]) -> list[str]:
    """Paths of timm's blocks, which are counted within stages of one width."""
    return [f"blocks.{stage}.{n}" for stage, count in enumerate(counts) for n in range(count)]


V1_ROWS = range(1, 14)
V1 = _paths(
    "conv0.conv conv0.bn",
    "conv{0}.depthwise.conv conv{0}.depthwise.bn conv{0}.pointwise.conv conv{0}.pointwise.bn",
    V1_ROWS,
    "fc",
)
# The first block of MobileNetV2 does not expand, so it is listed before the others.
V2_BLOCKS = range(2, 18)
V2 = _paths(
    "conv0.conv conv0.bn "
    "block1.depthwise.conv block1.depthwise.bn block1.project.conv block1.project.bn",
    "block{0}.expand.conv block{0}.expand.bn block{0}.depthwise.conv block{0}.depthwise.bn "
    "block{0}.project.conv block{0}.project.bn",
    V2_BLOCKS,
    "conv18.conv conv18.bn fc",
)
V2 = [path.replace("block14.expand", "block14_expand") for path in V2]  # a stage of its own

NATIVE = NamingScheme("native", None, {}, {})
KERAS_V1 = NamingScheme(
    "keras",
    MobileNetV1,
    _pairs(
        V1,
        "conv1 conv1_bn",
        "conv_dw_{0} conv_dw_{0}_bn conv_pw_{0} conv_pw_{0}_bn",
        V1_ROWS,
        "conv_preds",
    ),
    KERAS_OPTIONS,
)
KERAS_V2 = NamingScheme(
    "keras",
    MobileNetV2,
    _pairs(
        V2,
        "Conv1 bn_Conv1 expanded_conv_depthwise expanded_conv_depthwise_BN "
        "expanded_conv_project expanded_conv_project_BN",
        "block_{0}_expand block_{0}_expand_BN block_{0}_depthwise block_{0}_depthwise_BN "
        "block_{0}_project block_{0}_project_BN",
        range(1, 17),
        "Conv_1 Conv_1_bn predictions",
    )
    | {"Logits": "fc"},  # the classifier's name in the first releases
    KERAS_OPTIONS,
)
TIMM_V1 = NamingScheme(
    "timm",
    MobileNetV1,
    _pairs(
        V1,
        "conv_stem bn1",
        "{0}.conv_dw {0}.bn1 {0}.conv_pw {0}.bn2",
        _stages((1, 2, 2, 6, 2)),
        "classifier",
    ),
    TIMM_V1_OPTIONS,
)
TIMM_V2 = NamingScheme(
    "timm",
    MobileNetV2,
    _pairs(
        V2,
        "conv_stem bn1 blocks.0.0.conv_dw blocks.0.0.bn1 blocks.0.0.conv_pw blocks.0.0.bn2",
        "{0}.conv_pw {0}.bn1 {0}.conv_dw {0}.bn2 {0}.conv_pwl {0}.bn3",
        _stages(count for _, count, _ in ROWS)[1:],
        "conv_head bn2 classifier",
    ),
    PYTORCH_OPTIONS,
)
TORCHVISION_V2 = NamingScheme(
    "torchvision",
    MobileNetV2,
    _pairs(
        V2,
        "features.0.0 features.0.1 "
        "features.1.conv.0.0 features.1.conv.0.1 features.1.conv.1 features.1.conv.2",
        "features.{0}.conv.0.0 features.{0}.conv.0.1 features.{0}.conv.1.0 "
        "features.{0}.conv.1.1 features.{0}.conv.2 features.{0}.conv.3",
        V2_BLOCKS,
        "features.18.0 features.18.1 classifier.1",
    ),
    PYTORCH_OPTIONS,
)
# Keras's MobileNetV1 as converted to PyTorch by others
SHORT_KERAS_V1 = NamingScheme(
    "keras",
    MobileNetV1,
    _pairs(V1, "conv0 bn0", "dw{0} dwbn{0} pw{0} pwbn{0}", V1_ROWS, "fc"),
    KERAS_OPTIONS,
)
# TF-Slim's names, and those of the TensorFlow detection models, as `tensorflow_names` returns them
TENSORFLOW_V1 = NamingScheme(
    "tensorflow",
    MobileNetV1,
    _pairs(
        V1,
        "MobilenetV1/Conv2d_0 MobilenetV1/Conv2d_0/BatchNorm",
        "MobilenetV1/Conv2d_{0}_depthwise MobilenetV1/Conv2d_{0}_depthwise/BatchNorm "
        "MobilenetV1/Conv2d_{0}_pointwise MobilenetV1/Conv2d_{0}_pointwise/BatchNorm",
        V1_ROWS,
        "MobilenetV1/Logits/Conv2d_1c_1x1",
    ),
    KERAS_OPTIONS,
    background=True,
    beyond=("BoxPredictor_", "MobilenetV1/Conv2d_13_pointwise_"),
)
TENSORFLOW_V2 = NamingScheme(
    "tensorflow",
    MobileNetV2,
    _pairs(
        V2,
        "MobilenetV2/Conv MobilenetV2/Conv/BatchNorm "
        "MobilenetV2/expanded_conv/depthwise MobilenetV2/expanded_conv/depthwise/BatchNorm "
        "MobilenetV2/expanded_conv/project MobilenetV2/expanded_conv/project/BatchNorm",
        " ".join(
            f"MobilenetV2/expanded_conv_{{0}}/{layer} "
            f"MobilenetV2/expanded_conv_{{0}}/{layer}/BatchNorm"
            for layer in ("expand", "depthwise", "project")
        ),
        range(1, 17),
        "MobilenetV2/Conv_1 MobilenetV2/Conv_1/BatchNorm MobilenetV2/Logits/Conv2d_1c_1x1",
    ),
    KERAS_OPTIONS,
    background=True,
    beyond=("BoxPredictor_", "MobilenetV2/layer_19_"),
)
SCHEMES = (
    KERAS_V1,
    SHORT_KERAS_V1,
    KERAS_V2,
    TIMM_V1,
    TIMM_V2,
    TORCHVISION_V2,
    TENSORFLOW_V1,
    TENSORFLOW_V2,
)
KERAS_LAYERS = KERAS_V1.modules.keys() | KERAS_V2.modules.keys()


def naming_scheme(keys: Iterable[str]) -> NamingScheme:
    """The scheme that knows most modules of a file; `NATIVE` if none knows half of them."""
    modules = {key.rpartition(".")[0] for key in keys}
    best = max(SCHEMES, key=lambda scheme: len(modules & scheme.modules.keys()))
    return best if 2 * len(modules & best.modules.keys()) >= len(modules) > 0 else NATIVE


def keras_scheme(keys: Iterable[str]) -> NamingScheme:
    """The scheme of a Keras file, by its layers' names or else, as in Keras itself, by their order.

    Files of the first releases of MobileNetV2 have other layer names than today's.

    Args:
        keys: `<layer>.<tensor>`, in the network's order.
    """
    by_name = naming_scheme(keys)
    layers = list(dict.fromkeys(key.rpartition(".")[0] for key in keys))
    for scheme in (KERAS_V1, KERAS_V2):
        ours = list(dict.fromkeys(scheme.modules.values()))
        if by_name is NATIVE and len(layers) in (len(ours), len(ours) - 1):  # without classifier
            return replace(scheme, modules=dict(zip(layers, ours, strict=False)))
    return by_name

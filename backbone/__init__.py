"""The trunk: MobileNets as chains of named feature maps, their weights and their cost.

It does not know about tasks. From Python:

    from backbone import MobileNetV1, load_weights

    trunk = MobileNetV1(alpha=0.75)
    print(load_weights(trunk, "keras", size=(224, 224)))
    maps = trunk.features(images, ["conv11", "conv13"])
"""

import importlib
from typing import Any

_OFFERED = {
    "Classifier": "backbone.classifier",
    "Head": "backbone.head",
    "MobileNetV1": "backbone.mobilenet_v1",
    "MobileNetV2": "backbone.mobilenet_v2",
    "MobileNetV3": "backbone.timm_mobilenet",
    "MobileNetV4": "backbone.timm_mobilenet",
    "TimmTrunk": "backbone.timm_trunk",
    "Trunk": "backbone.trunk",
    "load_weights": "backbone.weights",
    "save_weights": "backbone.weights",
}

__all__ = list(_OFFERED)


def __getattr__(name: str) -> Any:
    """Import a name, and torch with it, only when it is asked for."""
    if name not in _OFFERED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_OFFERED[name]), name)
